#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace tqdb::testing {
namespace {

// A port that was free a moment ago; 0 when there is none.
int FreePort() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return 0;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  int port = 0;
  if (bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    port = ntohs(address.sin_port);
  }
  close(socket_fd);
  return port;
}

std::string Tail(const std::string& text) {
  constexpr size_t kShown = 4000;
  return text.size() <= kShown ? text : text.substr(text.size() - kShown);
}

}  // namespace

bool IsServing(const std::string& address, absl::Duration timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::GenericStub stub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  // The messages are small enough to be written by hand: an empty request asks for the whole
  // server, and the answer is field 1, a varint, which is 1 for SERVING.
  const grpc::ByteBuffer request(nullptr, 0);
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  if (!status.ok()) return false;
  std::vector<grpc::Slice> slices;
  if (!response.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes == std::string("\x08\x01", 2);
}

ServerProcess::ServerProcess(Process process, int port, std::string log_path)
    : process_(std::move(process)), port_(port), log_path_(std::move(log_path)) {}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Spawn(
    const ServerProcessOptions& options) {
  const int port = FreePort();
  if (port == 0) return absl::UnavailableError("no free port on this machine");
  std::vector<std::string> command = {TQDB_SERVER_BINARY, "--data-dir",  options.data_directory,
                                      "--listen",         "127.0.0.1",   "--grpc-port",
                                      absl::StrCat(port), "--http-port", "0"};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  absl::StatusOr<Process> process = Process::Start(command, options.log_path, options.log_path);
  if (!process.ok()) return process.status();
  return std::unique_ptr<ServerProcess>(
      new ServerProcess(*std::move(process), port, options.log_path));
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const ServerProcessOptions& options) {
  absl::StatusOr<std::unique_ptr<ServerProcess>> server = Spawn(options);
  if (!server.ok()) return server.status();
  if (absl::Status status = (*server)->WaitUntilServing(); !status.ok()) return status;
  return server;
}

absl::Status ServerProcess::WaitUntilServing(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (process_.running()) {
    if (IsServing(address(), absl::Seconds(5))) return absl::OkStatus();
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("tqdb-server is not SERVING after ", absl::FormatDuration(timeout),
                       "; its log ends:\n", Tail(ReadWholeFile(log_path_))));
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::UnavailableError(absl::StrCat("tqdb-server exited with code ",
                                             process_.Wait(absl::ZeroDuration()).value_or(-1),
                                             "; its log ends:\n", Tail(ReadWholeFile(log_path_))));
}

std::string ServerProcess::address() const { return absl::StrCat("127.0.0.1:", port_); }

absl::StatusOr<int> ServerProcess::Stop() {
  process_.Signal(SIGTERM);
  return process_.Wait(absl::Minutes(1));
}

}  // namespace tqdb::testing
