// Command line, environment and configuration file of tqdb-server.
//
// An option is --name on the command line, TQDB_NAME in the environment, and `name = value` in the
// TOML or INI file that --config names. The command line wins over the environment, and the
// environment over the file.
#ifndef TQDB_SERVER_CONFIG_H_
#define TQDB_SERVER_CONFIG_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/logging.h"
#include "server/server.h"

namespace tqdb::server {

struct Config {
  ServerOptions server;
  absl::Duration shutdown_timeout = absl::Seconds(30);
  std::string log_level = "info";
  LogFormat log_format = LogFormat::kText;
};

// The outcome of parsing: a configuration, or a text to print and the code to exit with. The code
// is 0 for --help and --version, and 2 for an error, whose text is one line.
struct ParsedConfig {
  std::optional<Config> config;
  std::string text;
  int exit_code = 0;
};

// Returns the value of an environment variable; null when it is not set.
using GetEnvFn = std::function<const char*(const char* name)>;

// Parses `args`, which do not contain the name of the program, together with the environment and
// the configuration file.
ParsedConfig ParseConfig(const std::vector<std::string>& args, const GetEnvFn& get_env);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_CONFIG_H_
