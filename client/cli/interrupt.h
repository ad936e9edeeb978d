// Ctrl-C as a question that a long command asks now and then.
#ifndef TQDB_CLIENT_CLI_INTERRUPT_H_
#define TQDB_CLIENT_CLI_INTERRUPT_H_

#include <csignal>

namespace tqdb::client {

// While one lives, the first SIGINT or SIGTERM only sets interrupted(); the next one ends the
// process as usual. At most one at a time.
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
