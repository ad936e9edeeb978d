#include "base/server_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tqdb {
namespace {

constexpr size_t kLogTailBytes = 4000;
constexpr absl::Duration kPollPort = absl::Milliseconds(1);
constexpr absl::Duration kPollAnswer = absl::Milliseconds(10);
// One question to the server. Short, because a program that ends meanwhile is only noticed after.
constexpr absl::Duration kLongestQuestion = absl::Seconds(5);

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Returns a port that was free a moment ago.
absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, "socket");
  sockaddr_in address = LoopbackAddress(0);
  socklen_t length = sizeof(address);
  const bool ok = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  const int error = errno;
  close(fd);
  if (!ok) return absl::ErrnoToStatus(error, "no free port on this machine");
  return ntohs(address.sin_port);
}

bool AcceptsConnections(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const sockaddr_in address = LoopbackAddress(port);
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

}  // namespace

ServerProcess::ServerProcess(Process process, int port, absl::Time started, Options options)
    : process_(std::move(process)), port_(port), options_(std::move(options)), started_(started) {}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Spawn(Options options) {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  std::vector<std::string> command = {options.program,     "--data-dir",  options.data_directory,
                                      "--listen",          "127.0.0.1",   "--grpc-port",
                                      absl::StrCat(*port), "--http-port", "0"};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  const absl::Time started = absl::Now();
  absl::StatusOr<Process> process = Process::Start(command, options.log_path, options.log_path);
  if (!process.ok()) return process.status();
  return std::unique_ptr<ServerProcess>(
      new ServerProcess(*std::move(process), *port, started, std::move(options)));
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(Options options) {
  absl::StatusOr<std::unique_ptr<ServerProcess>> server = Spawn(std::move(options));
  if (!server.ok()) return server.status();
  if (absl::Status status = (*server)->WaitUntilAnswers(); !status.ok()) return status;
  return server;
}

absl::Status ServerProcess::WaitUntilAnswers(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  bool listens = false;
  while (process_.running()) {
    // The port first: a client that was refused waits before it tries again.
    listens = listens || AcceptsConnections(port_);
    const absl::Duration left = deadline - absl::Now();
    if (listens && options_.answers(address(), std::min(left, kLongestQuestion))) {
      start_time_ = absl::Now() - started_;
      return absl::OkStatus();
    }
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(absl::StrCat(options_.program, " does not serve after ",
                                                      absl::FormatDuration(timeout),
                                                      "; its log ends:\n", LogTail()));
    }
    absl::SleepFor(listens ? kPollAnswer : kPollPort);
  }
  return absl::UnavailableError(absl::StrCat(
      options_.program, " ended before it served, with code ",
      process_.Wait(absl::ZeroDuration()).value_or(-1), "; its log ends:\n", LogTail()));
}

std::string ServerProcess::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::string ServerProcess::LogTail() const {
  std::ifstream log(options_.log_path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  return text.size() <= kLogTailBytes ? text : text.substr(text.size() - kLogTailBytes);
}

absl::StatusOr<int> ServerProcess::Stop(absl::Duration timeout) {
  process_.Signal(SIGTERM);
  return process_.Wait(timeout);
}

}  // namespace tqdb
