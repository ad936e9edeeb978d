#include "bench/measure/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "bench/measure/stopwatch.h"
#include "client/cpp/client.h"

namespace tqdb::bench {
namespace {

constexpr char kServerName[] = "tqdb-server";
constexpr absl::Duration kLongestStart = absl::Minutes(10);
constexpr absl::Duration kPollEvery = absl::Milliseconds(1);
constexpr size_t kLogTailBytes = 2000;

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// A port that was free a moment ago.
absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("no socket: ", std::strerror(errno)));
  sockaddr_in address = LoopbackAddress(0);
  socklen_t length = sizeof(address);
  const bool ok = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(fd);
  if (!ok) return absl::UnavailableError(absl::StrCat("no free port: ", std::strerror(errno)));
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

// Between fork and exec only calls that are safe after a fork of a process with threads.
[[noreturn]] void Exec(const char* binary, char* const* argv, int log_fd, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent ended before it could be followed
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  execv(binary, argv);
  _exit(127);
}

}  // namespace

absl::StatusOr<std::string> FindServerBinary() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return absl::NotFoundError(absl::StrCat("/proc/self/exe: ", error.message()));
  const std::filesystem::path folder = self.parent_path();
  const std::filesystem::path candidates[] = {folder.parent_path() / "server" / kServerName,
                                              folder / kServerName};
  for (const std::filesystem::path& candidate : candidates) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return absl::NotFoundError(absl::StrCat("--server: neither ", candidates[0].string(), " nor ",
                                          candidates[1].string(),
                                          " is a program; build it, or name it"));
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const Options& options) {
  std::string binary = options.binary;
  if (binary.empty()) {
    TQDB_ASSIGN_OR_RETURN(binary, FindServerBinary());
  }
  TQDB_ASSIGN_OR_RETURN(const int port, FreePort());
  std::error_code error;
  std::filesystem::create_directories(options.data_directory, error);
  const std::string log_path = options.data_directory + ".log";
  const int log_fd = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) return absl::UnavailableError(absl::StrCat(log_path, ": ", std::strerror(errno)));

  std::vector<std::string> args = {binary,        "--data-dir",         options.data_directory,
                                   "--grpc-port", std::to_string(port), "--http-port",
                                   "0",           "--log-level",        "warn"};
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const Stopwatch watch;
  const pid_t pid = fork();
  if (pid == 0) Exec(binary.c_str(), argv.data(), log_fd, parent);
  close(log_fd);
  if (pid < 0) return absl::UnavailableError(absl::StrCat("fork: ", std::strerror(errno)));

  std::unique_ptr<ServerProcess> server(
      new ServerProcess(pid, absl::StrCat("127.0.0.1:", port), log_path));
  // The port first: a gRPC channel that was refused waits before it tries again.
  while (!AcceptsConnections(port)) {
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) {
      server->pid_ = 0;
      return absl::UnavailableError(
          absl::StrCat(binary, " ended before it served: ", server->LastLogLines()));
    }
    if (watch.seconds() > absl::ToDoubleSeconds(kLongestStart)) {
      return absl::DeadlineExceededError(
          absl::StrCat(binary, " does not serve: ", server->LastLogLines()));
    }
    absl::SleepFor(kPollEvery);
  }
  TQDB_RETURN_IF_ERROR(server->WaitUntilServing());
  server->start_seconds_ = watch.seconds();
  return server;
}

ServerProcess::ServerProcess(pid_t pid, std::string address, std::string log_path)
    : pid_(pid), address_(std::move(address)), log_path_(std::move(log_path)) {}

ServerProcess::~ServerProcess() { Kill(); }

absl::Status ServerProcess::WaitUntilServing() {
  client::ConnectOptions options;
  options.address = address_;
  options.wait_for_ready = true;
  TQDB_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(options));
  return client->GetServerInfo().status();
}

std::string ServerProcess::LastLogLines() const {
  std::ifstream log(log_path_, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  return text.size() > kLogTailBytes ? text.substr(text.size() - kLogTailBytes) : text;
}

uint64_t ServerProcess::ResidentBytes() const { return pid_ == 0 ? 0 : ResidentBytesOf(pid_); }

absl::Status ServerProcess::Stop() {
  if (pid_ == 0) return absl::OkStatus();
  kill(pid_, SIGTERM);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server did not stop well: ", LastLogLines()));
}

void ServerProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

uint64_t ResidentBytesOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    uint64_t kilobytes = 0;
    if (absl::StartsWith(line, "VmRSS:") &&
        absl::SimpleAtoi(line.substr(6, line.find("kB") - 6), &kilobytes)) {
      return kilobytes << 10;
    }
  }
  return 0;
}

}  // namespace tqdb::bench
