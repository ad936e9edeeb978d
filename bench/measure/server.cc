#include "bench/measure/server.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "client/cpp/client.h"

namespace tqdb::bench {
namespace {

constexpr char kServerName[] = "tqdb-server";
// A start reads the whole database, and an end writes what is buffered.
constexpr absl::Duration kLongestStart = absl::Minutes(10);
constexpr absl::Duration kLongestEnd = absl::Minutes(10);

bool Answers(const std::string& address, absl::Duration timeout) {
  client::ConnectOptions options;
  options.address = address;
  options.timeout = timeout;
  options.wait_for_ready = true;
  const auto client = client::Client::Connect(options);
  return client.ok() && (*client)->GetServerInfo().ok();
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

absl::StatusOr<std::unique_ptr<ServerProcess>> StartServer(const std::string& program,
                                                           const std::string& data_directory) {
  ServerProcess::Options options;
  options.program = program;
  if (program.empty()) {
    TQDB_ASSIGN_OR_RETURN(options.program, FindServerBinary());
  }
  std::error_code error;
  std::filesystem::create_directories(data_directory, error);
  options.data_directory = data_directory;
  options.log_path = data_directory + ".log";
  options.arguments = {"--log-level", "warn"};
  options.answers = Answers;
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<ServerProcess> server,
                        ServerProcess::Spawn(std::move(options)));
  TQDB_RETURN_IF_ERROR(server->WaitUntilAnswers(kLongestStart));
  return server;
}

absl::Status StopServer(ServerProcess& server) {
  TQDB_ASSIGN_OR_RETURN(const int code, server.Stop(kLongestEnd));
  if (code == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the server ended with code ", code, "; its log ends:\n", server.LogTail()));
}

}  // namespace tqdb::bench
