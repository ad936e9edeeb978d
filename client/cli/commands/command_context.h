// The context that all commands of `tqdb` share: global options, output streams, and the way in
// which errors are reported.
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

// Exit codes. Scripts rely on them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;          // an error of the server, the network or a file
inline constexpr int kExitUsage = 2;          // an error in the command line
inline constexpr int kExitInterrupted = 130;  // ended by Ctrl-C; the number that shells use

// Properties of the standard streams.
struct Terminal {
  bool out_is_tty = false;
  bool err_is_tty = false;
  bool in_is_tty = false;
  size_t width = 80;  // columns
};

// Not thread-safe. There is one for each run of a command.
class CommandContext {
 public:
  CommandContext(Terminal terminal, std::ostream& out, std::ostream& err)
      : terminal_(terminal), out_(out), err_(err) {}

  // Global options. The parser writes them through these references.
  std::string& address() { return address_; }
  std::string& timeout() { return timeout_; }
  TlsOptions& tls() { return tls_; }
  std::string& api_key_file() { return api_key_file_; }
  bool& json() { return json_; }
  // The command that the parser has chosen. It returns the exit code.
  std::function<int()>& command() { return command_; }

  const Terminal& terminal() const { return terminal_; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  // Returns the width of tables in columns: that of the terminal, or 0, no limit, for files and
  // pipes.
  size_t table_width() const { return terminal_.out_is_tty ? terminal_.width : 0; }

  // Makes a client from the global options. InvalidArgument for options out of range; errors of
  // reading certificates and keys.
  absl::StatusOr<std::unique_ptr<Client>> Connect() const;
  // Returns the value of --timeout.
  absl::StatusOr<absl::Duration> ParseTimeout() const;

  // Writes the error to the error stream, as JSON under --json, and returns the exit code.
  int Fail(const absl::Status& error);
  int FailUsage(const std::string& message);
  // Reports an error in the value of an option, or in a file that it names. InvalidArgument is an
  // error of usage, and other errors (a missing file) are not.
  int FailInput(const absl::Status& status);
  // Writes one line of JSON to the output stream.
  void Print(const Json& json);
  // Starts to show progress on the error stream: a bar on a terminal, lines elsewhere, nothing
  // under --json or if `enabled` is false. `total` is the number of rows, when known.
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

// Returns whether the server did nothing of what it was asked: it does not know the caller or the
// collection, does not let the caller write, or found the request wrong.
bool WasTurnedAway(const absl::Status& status);

// Returns the first key of a file in the form of the server's key file. A line is a key, perhaps
// ` ro`, perhaps a comment from `#` on. InvalidArgument if the file has no key. Messages never
// contain the key.
absl::StatusOr<std::string> ReadApiKey(const std::string& path);

// Returns the duration of a text such as "30" (seconds), "1.5s", "500ms", "2m" or "inf".
// InvalidArgument, with the option's name, for other texts, for negative durations and, unless
// `zero` is set, for zero.
absl::StatusOr<absl::Duration> ParseDurationText(const std::string& option, const std::string& text,
                                                 bool zero);
// Returns the value of --timeout, which is above zero.
absl::StatusOr<absl::Duration> ParseTimeoutText(const std::string& text);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
