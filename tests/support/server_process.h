// The real tqdb-server as a child process.
#ifndef TQDB_TESTS_SUPPORT_SERVER_PROCESS_H_
#define TQDB_TESTS_SUPPORT_SERVER_PROCESS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/support/process.h"

namespace tqdb::testing {

struct ServerProcessOptions {
  std::string data_directory;
  std::string log_path;                // appended to
  std::vector<std::string> arguments;  // beside those for directory and ports
};

// Not thread-safe, except address().
class ServerProcess {
 public:
  // Starts it on a free port of this machine and waits until grpc.health.v1 says SERVING. The error
  // holds the end of the log when it does not come to that.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerProcessOptions& options);
  // Starts it and does not wait: it may be anywhere in its start-up, or have failed.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Spawn(const ServerProcessOptions& options);

  absl::Status WaitUntilServing(absl::Duration timeout = absl::Seconds(60));
  std::string address() const;
  int port() const { return port_; }
  Process& process() { return process_; }
  // SIGKILL, as a crash.
  void Kill() { process_.Kill(); }
  // SIGTERM; the exit code.
  absl::StatusOr<int> Stop();

 private:
  ServerProcess(Process process, int port, std::string log_path);

  Process process_;
  const int port_;
  const std::string log_path_;
};

// SERVING according to the health service at the address; never waits longer than the timeout.
bool IsServing(const std::string& address, absl::Duration timeout);

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_SERVER_PROCESS_H_
