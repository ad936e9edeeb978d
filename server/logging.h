// Log output of the server: spdlog to stderr, as text for people or one JSON object a line.
#ifndef TQDB_SERVER_LOGGING_H_
#define TQDB_SERVER_LOGGING_H_

#include <memory>
#include <string>

#include "spdlog/formatter.h"

namespace tqdb::server {

enum class LogFormat { kText, kJson };

// The formatter of `format`. Messages are escaped in JSON, and control characters in text too, so
// that no input can forge a line.
std::unique_ptr<spdlog::formatter> MakeLogFormatter(LogFormat format);

// Sets the default logger of the process and takes over gRPC's own messages. `level` is one of
// LogLevels(). To be called once, before threads start.
void InitLogging(const std::string& level, LogFormat format);

// Names that `level` can have.
inline constexpr const char* kLogLevels[] = {"trace", "debug", "info", "warn", "error", "off"};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_LOGGING_H_
