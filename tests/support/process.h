// Child processes of tests.
#ifndef TQDB_TESTS_SUPPORT_PROCESS_H_
#define TQDB_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tqdb::testing {

// One child; killed when this is destroyed, and by the kernel should the test itself die. Not
// thread-safe.
class Process {
 public:
  // `command[0]` is a path. Output goes to the end of the two files, which may be the same one.
  static absl::StatusOr<Process> Start(const std::vector<std::string>& command,
                                       const std::string& out_path, const std::string& err_path);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  // Nothing when it was reaped already.
  void Signal(int signal);
  // Exit code, or 128 + signal as shells report it; DeadlineExceeded when it is still running.
  absl::StatusOr<int> Wait(absl::Duration timeout);
  // SIGKILL and wait.
  void Kill();

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::optional<int> code_;  // once reaped
};

struct CommandResult {
  int code = -1;
  std::string out;
  std::string err;
};

// Runs a command to its end, at most a minute; its output passes through files in `directory`.
absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& command,
                                         const std::string& directory);

std::string ReadWholeFile(const std::string& path);

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_PROCESS_H_
