// Child processes that never outlive their parent.
#ifndef TQDB_BASE_PROCESS_H_
#define TQDB_BASE_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tqdb {

// One child. It is killed when this is destroyed, and by the kernel should the thread that started
// it end first: start a child on the main thread. Not thread-safe.
class Process {
 public:
  // Starts the program `command[0]`, a path, with the other elements as its arguments. Its standard
  // input is empty. Its output goes to the end of the two files, which may be the same one. Signals
  // that this process blocks are not blocked in the child.
  static absl::StatusOr<Process> Start(const std::vector<std::string>& command,
                                       const std::string& out_path, const std::string& err_path);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  // Returns the resident memory; zero once the process has been waited for.
  uint64_t ResidentBytes() const;
  // Sends a signal, unless the process has been waited for.
  void Signal(int signal);
  // Returns the exit code, or 128 + signal as shells report it. DeadlineExceeded when the process
  // is still running.
  absl::StatusOr<int> Wait(absl::Duration timeout);
  // Sends SIGKILL and waits.
  void Kill();

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::optional<int> code_;  // once waited for
};

// Returns the resident memory of a process; zero when there is none.
uint64_t ResidentBytesOf(pid_t pid);

struct CommandResult {
  int code = -1;
  std::string out;
  std::string err;
};

// Runs a command to its end, at most a minute. Its output passes through files in `directory`.
absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& command,
                                         const std::string& directory);

}  // namespace tqdb

#endif  // TQDB_BASE_PROCESS_H_
