#include "bench/measure/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace tqdb::bench {
namespace {

constexpr absl::Duration kRedrawEvery = absl::Milliseconds(200);
constexpr char kWipeLine[] = "\r\033[K";

}  // namespace

Progress::Progress(std::string label, uint64_t total)
    : label_(std::move(label)),
      total_(total),
      enabled_(isatty(STDERR_FILENO) == 1),
      start_(absl::Now()),
      last_drawn_(absl::InfinitePast()) {
  if (!enabled_) return;
  absl::MutexLock lock(&mutex_);
  Draw(0);
}

Progress::~Progress() {
  if (enabled_) std::fputs(kWipeLine, stderr);
}

void Progress::Add(uint64_t done) {
  const uint64_t now_done = done_.fetch_add(done, std::memory_order_relaxed) + done;
  // Whoever measures must not wait for a terminal.
  if (!enabled_ || !mutex_.TryLock()) return;
  if (absl::Now() - last_drawn_ >= kRedrawEvery) Draw(now_done);
  mutex_.Unlock();
}

void Progress::Draw(uint64_t done) {
  last_drawn_ = absl::Now();
  const double seconds = absl::ToDoubleSeconds(last_drawn_ - start_);
  std::string line = absl::StrFormat("%s%s  %d", kWipeLine, label_, done);
  if (total_ > 0) {
    line += absl::StrFormat(" of %d  %.0f%%", total_,
                            100.0 * static_cast<double>(done) / static_cast<double>(total_));
  }
  if (done > 0 && seconds > 0) {
    line += absl::StrFormat("  %.0f/s", static_cast<double>(done) / seconds);
    if (total_ > done) {
      line += absl::StrFormat("  %.0f s left", seconds * static_cast<double>(total_ - done) /
                                                   static_cast<double>(done));
    }
  }
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace tqdb::bench
