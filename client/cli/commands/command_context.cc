#include "client/cli/commands/command_context.h"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/read_file.h"

namespace tqdb::client {

absl::StatusOr<absl::Duration> ParseDurationText(const std::string& option, const std::string& text,
                                                 bool zero) {
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds) && !std::isnan(seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": \"", text, "\" is not a time such as 30, 1.5s, 500ms, 2m or inf"));
  }
  if (duration < absl::ZeroDuration() || (duration == absl::ZeroDuration() && !zero)) {
    return absl::InvalidArgumentError(absl::StrCat(option, ": \"", text, "\" is not above zero"));
  }
  return duration;
}

absl::StatusOr<absl::Duration> ParseTimeoutText(const std::string& text) {
  return ParseDurationText("--timeout", text, /*zero=*/false);
}

absl::StatusOr<absl::Duration> CommandContext::ParseTimeout() const {
  return ParseTimeoutText(timeout_);
}

absl::StatusOr<std::unique_ptr<Client>> CommandContext::Connect() const {
  absl::StatusOr<absl::Duration> timeout = ParseTimeout();
  if (!timeout.ok()) return timeout.status();
  ConnectOptions options;
  options.address = address_;
  options.timeout = *timeout;
  options.tls = tls_;
  options.tls.enabled = tls_.enabled || !tls_.ca_file.empty() || !tls_.cert_file.empty() ||
                        !tls_.key_file.empty() || !tls_.server_name.empty();
  if (!api_key_file_.empty()) {
    absl::StatusOr<std::string> key = ReadApiKey(api_key_file_);
    if (!key.ok()) return key.status();
    options.api_key = *std::move(key);
  } else if (const char* key = std::getenv("TQDB_API_KEY"); key != nullptr) {
    options.api_key = std::string(absl::StripAsciiWhitespace(key));
  }
  return Client::Connect(options);
}

bool WasTurnedAway(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status) ||
         absl::IsInvalidArgument(status) || absl::IsNotFound(status);
}

absl::StatusOr<std::string> ReadApiKey(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("--api-key-file: ", text.status().message()));
  }
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (!line.empty()) return std::string(line.substr(0, line.find_first_of(" \t")));
  }
  return absl::InvalidArgumentError(absl::StrCat("--api-key-file: ", path, " holds no key"));
}

int CommandContext::Fail(const absl::Status& error) {
  absl::Status status = error;
  if (absl::IsUnauthenticated(error)) {
    status = absl::UnauthenticatedError(
        absl::StrCat(error.message(), "; the key is taken from --api-key-file or TQDB_API_KEY"));
  }
  if (json_) {
    err_ << ToLine(ErrorToJson(status)) << std::endl;
  } else {
    err_ << "tqdb: " << absl::StatusCodeToString(status.code()) << ": " << status.message()
         << std::endl;
  }
  return kExitError;
}

int CommandContext::FailUsage(const std::string& message) {
  if (json_) {
    Json error;
    error["error"]["code"] = "USAGE";
    error["error"]["message"] = message;
    err_ << ToLine(error) << std::endl;
  } else {
    err_ << "tqdb: " << message << "\nRun with --help for more." << std::endl;
  }
  return kExitUsage;
}

int CommandContext::FailInput(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return FailUsage(std::string(status.message()));
  return Fail(status);
}

void CommandContext::Print(const Json& json) { out_ << ToLine(json) << '\n'; }

ProgressBar CommandContext::StartProgress(std::string label, std::optional<uint64_t> total,
                                          bool enabled) {
  ProgressBar::Options options;
  options.label = std::move(label);
  options.total = total;
  options.width = terminal_.width;
  if (enabled && !json_) {
    options.mode = terminal_.err_is_tty ? ProgressBar::Mode::kBar : ProgressBar::Mode::kLines;
  }
  return ProgressBar(std::move(options), err_);
}

}  // namespace tqdb::client
