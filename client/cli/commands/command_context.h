// What every command of `tqdb` shares: global options, streams, the way errors are reported.
#ifndef TQDB_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
#define TQDB_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/progress_bar.h"
#include "client/cli/output/json.h"
#include "client/cpp/client.h"

namespace tqdb::client {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;          // the server, the network or a file
inline constexpr int kExitUsage = 2;          // the command line itself
inline constexpr int kExitInterrupted = 130;  // SIGINT, as shells report it

// Where output goes.
struct Terminal {
  bool out_is_tty = false;
  bool err_is_tty = false;
  bool in_is_tty = false;
  size_t width = 80;  // columns
};

// Not thread-safe; one a process run.
class CommandContext {
 public:
  CommandContext(Terminal terminal, std::ostream& out, std::ostream& err)
      : terminal_(terminal), out_(out), err_(err) {}

  // Set by the parser.
  std::string& address() { return address_; }
  std::string& timeout() { return timeout_; }
  TlsOptions& tls() { return tls_; }
  std::string& api_key_file() { return api_key_file_; }
  bool& json() { return json_; }
  // The command that was chosen; returns the exit code.
  std::function<int()>& command() { return command_; }

  const Terminal& terminal() const { return terminal_; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  // For tables on a terminal; 0, no limit, elsewhere.
  size_t table_width() const { return terminal_.out_is_tty ? terminal_.width : 0; }

  // InvalidArgument when an option is out of range; errors of the files of TLS and of the key.
  absl::StatusOr<std::unique_ptr<Client>> Connect() const;
  // The parsed --timeout.
  absl::StatusOr<absl::Duration> ParseTimeout() const;

  // Writes the error to the error stream, as JSON under --json, and returns the exit code.
  int Fail(const absl::Status& error);
  int FailUsage(const std::string& message);
  // Of the value of an option, or of a file that it names: usage when it is InvalidArgument.
  int FailInput(const absl::Status& status);
  // One line of JSON.
  void Print(const Json& json);
  // Progress on the error stream: a bar on a terminal, lines elsewhere, nothing under --json or
  // when `enabled` is false. `total` is a number of rows.
  ProgressBar StartProgress(std::string label, std::optional<uint64_t> total, bool enabled);

 private:
  const Terminal terminal_;
  std::ostream& out_;
  std::ostream& err_;
  std::string address_ = kDefaultAddress;
  std::string timeout_ = "30s";
  TlsOptions tls_;
  std::string api_key_file_;
  bool json_ = false;
  std::function<int()> command_;
};

// The first key of a file, whose lines are those of the server's: a key, perhaps ` ro`, perhaps a
// comment. InvalidArgument when there is none; messages hold no key.
absl::StatusOr<std::string> ReadApiKey(const std::string& path);

// "30", "1.5s", "500ms", "2m", "inf". InvalidArgument when it is none of these or not above zero.
absl::StatusOr<absl::Duration> ParseTimeoutText(const std::string& text);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
