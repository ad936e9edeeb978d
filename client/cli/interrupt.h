// Ctrl-C as a flag that a long command looks at from time to time. So an import can wait for the
// batches in flight and say where to continue.
#ifndef TQDB_CLIENT_CLI_INTERRUPT_H_
#define TQDB_CLIENT_CLI_INTERRUPT_H_

#include <csignal>

namespace tqdb::client {

// While a guard lives, the first SIGINT or SIGTERM only sets interrupted(). The second one ends the
// process as usual. Requires: at most one guard lives at a time, because signal handlers are shared
// by the whole process.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool interrupted();

 private:
  struct sigaction old_interrupt_ = {};
  struct sigaction old_terminate_ = {};
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INTERRUPT_H_
