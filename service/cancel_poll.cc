#include "service/cancel_poll.h"

#include <limits>
#include <utility>

namespace tqdb::service {

CancelPoll::CancelPoll(std::function<bool()> ask, Options options)
    : ask_(std::move(ask)),
      options_(std::move(options)),
      ask_at_((options_.now() + options_.interval).time_since_epoch().count()) {}

bool CancelPoll::Cancelled() {
  if (gone_.load(std::memory_order_relaxed)) return true;
  const Clock::time_point now = options_.now();
  if (now >= options_.deadline) return true;
  Clock::rep due = ask_at_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return false;
  // Many threads may find the question due; the one that moves the time on asks it. The thread that
  // asks next sees all that this one wrote, hence acquire and release.
  constexpr Clock::rep kNever = std::numeric_limits<Clock::rep>::max();
  if (!ask_at_.compare_exchange_strong(due, kNever, std::memory_order_acquire)) return false;
  if (ask_()) gone_.store(true, std::memory_order_relaxed);
  ask_at_.store((now + options_.interval).time_since_epoch().count(), std::memory_order_release);
  return gone_.load(std::memory_order_relaxed);
}

}  // namespace tqdb::service
