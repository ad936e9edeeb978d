#include "client/cli/interrupt.h"

#include <atomic>

namespace tqdb::client {
namespace {

std::atomic<bool> interrupted_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

void SetInterrupted(int) { interrupted_flag.store(true, std::memory_order_relaxed); }

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted_flag.store(false, std::memory_order_relaxed);
  struct sigaction action = {};
  action.sa_handler = SetInterrupted;
  // The handler serves one signal only. A second Ctrl-C must end the process even if the command
  // hangs and never looks at the flag.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_interrupt_);
  sigaction(SIGTERM, &action, &old_terminate_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
}

bool InterruptGuard::interrupted() { return interrupted_flag.load(std::memory_order_relaxed); }

}  // namespace tqdb::client
