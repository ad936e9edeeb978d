// A tqdb-server of our own: a child process on a data directory, or one that already runs.
#ifndef TQDB_BENCH_MEASURE_SERVER_PROCESS_H_
#define TQDB_BENCH_MEASURE_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tqdb::bench {

// ../server/tqdb-server beside this program, as the build folder and an installation beside each
// other have them; else tqdb-server in the folder of this program. NotFound names both.
absl::StatusOr<std::string> FindServerBinary();

// Not thread-safe. Start on the main thread: the child dies with the thread that started it, so
// that it never outlives this program, whatever ends it.
class ServerProcess {
 public:
  struct Options {
    std::string binary;  // empty: FindServerBinary()
    std::string data_directory;
  };
  // Returns when the server answers a call; start_seconds() is the time from fork to that moment.
  // The message of a failure ends with what the server wrote last.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const Options& options);
  ~ServerProcess();  // Kill, unless it has ended
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& address() const { return address_; }
  double start_seconds() const { return start_seconds_; }
  // Resident memory of the process; zero when it has ended.
  uint64_t ResidentBytes() const;

  // SIGTERM, and waits. Internal when the exit code is not 0.
  absl::Status Stop();
  // SIGKILL, and waits.
  void Kill();

 private:
  ServerProcess(pid_t pid, std::string address, std::string log_path);
  absl::Status WaitUntilServing();
  std::string LastLogLines() const;

  pid_t pid_;  // 0: ended
  const std::string address_;
  const std::string log_path_;
  double start_seconds_ = 0;
};

// VmRSS of a process; zero when there is none.
uint64_t ResidentBytesOf(pid_t pid);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SERVER_PROCESS_H_
