// Log output of the server: spdlog to stderr, as text for people or one JSON object a line.
#ifndef TQDB_SERVER_LOGGING_H_
#define TQDB_SERVER_LOGGING_H_

#include <memory>
#include <string>

#include "spdlog/formatter.h"

namespace tqdb::server {

enum class LogFormat { kText, kJson };

// Returns the formatter of `format`. It escapes messages in JSON, and control characters in text,
// so that no input can forge a line.
std::unique_ptr<spdlog::formatter> MakeLogFormatter(LogFormat format);

// Sets the default logger of the process, and sends gRPC's own messages to it. Requires: `level` is
// one of kLogLevels, and no other thread runs yet. To be called once.
void InitLogging(const std::string& level, LogFormat format);

// Names of the log levels, from the most to the least output.
inline constexpr const char* kLogLevels[] = {"trace", "debug", "info", "warn", "error", "off"};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_LOGGING_H_
