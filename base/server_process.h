// The program tqdb-server as a child process, on a free port of this machine.
#ifndef TQDB_BASE_SERVER_PROCESS_H_
#define TQDB_BASE_SERVER_PROCESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/process.h"

namespace tqdb {

// Not thread-safe, except address().
class ServerProcess {
 public:
  struct Options {
    std::string program = {};  // path of tqdb-server
    std::string data_directory = {};
    std::string log_path = {};                // the output is appended to it
    std::vector<std::string> arguments = {};  // besides those for the directory and the ports
    // Tells whether the server at an address answers. Must not take longer than the timeout. It is
    // asked once the port accepts connections. Given by the caller, because base knows no protocol.
    std::function<bool(const std::string& address, absl::Duration timeout)> answers = {};
  };

  // Starts the program and waits until it answers. The message of a failure ends with what the
  // program wrote last.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(Options options);
  // Starts the program and does not wait: it may be anywhere in its start-up, or have failed.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Spawn(Options options);

  // Returns when the server answers. Unavailable when it ended before, DeadlineExceeded after the
  // timeout.
  absl::Status WaitUntilAnswers(absl::Duration timeout = absl::Seconds(60));
  // Returns the time from the start of the program to the end of WaitUntilAnswers.
  absl::Duration start_time() const { return start_time_; }
  std::string address() const;
  int port() const { return port_; }
  Process& process() { return process_; }
  // Returns what the program wrote last.
  std::string LogTail() const;
  // Sends SIGKILL and waits, as in a crash.
  void Kill() { process_.Kill(); }
  // Sends SIGTERM and waits; returns the exit code. DeadlineExceeded when it takes longer.
  absl::StatusOr<int> Stop(absl::Duration timeout = absl::Minutes(1));

 private:
  ServerProcess(Process process, int port, absl::Time started, Options options);

  Process process_;
  const int port_;
  const Options options_;
  const absl::Time started_;
  absl::Duration start_time_;
};

}  // namespace tqdb

#endif  // TQDB_BASE_SERVER_PROCESS_H_
