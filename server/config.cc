#include "server/config.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/kernels/choice.h"
#include "service/build_info.h"

namespace tqdb::server {

namespace {

constexpr char kDescription[] =
    "tqdb-server: an embedding vector database that stores TurboQuant codes, served over gRPC.\n"
    "Every option can also be set in the environment (--grpc-port: TQDB_GRPC_PORT) and in the "
    "file\n"
    "that --config names (grpc-port = 6334). The command line wins over the environment, the\n"
    "environment over the file.";

constexpr char kFooter[] =
    "SIGTERM and SIGINT stop the server gracefully, a second one at once.\n"
    "Example: tqdb-server --data-dir /var/lib/tqdb --listen 0.0.0.0";

// Values of the options in the units of the command line. They are converted to those of Config
// once all of them are parsed.
struct Values {
  std::string data_dir = "./data";
  std::string listen = "127.0.0.1";
  int grpc_port = 6334;
  int http_port = 6333;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
  std::string api_key_file;
  bool allow_plaintext_keys = false;
  size_t max_message_mb = 64;
  size_t max_connections = 2000;
  size_t max_connections_per_peer = 500;
  size_t max_receive_mb = 1024;
  size_t max_requests = 256;
  size_t max_streams = 256;
  size_t max_upsert_mb = 512;
  size_t max_streams_per_connection = 64;
  int stream_idle_timeout_s = 300;
  size_t stream_batches = 8;
  size_t commit_threads = 16;
  size_t block_cache_mb = 128;
  size_t write_buffer_mb = 256;
  int background_threads = 2;
  int shutdown_timeout_s = 30;
  std::string log_level = "info";
  std::string log_format = "text";
};

void AddOptions(CLI::App* app, Values* v) {
  const std::string data = "Data", net = "Network", security = "Security", limits = "Limits",
                    logging = "Logging";
  app->add_option("--data-dir", v->data_dir, "Directory of the database; created when missing")
      ->group(data);
  app->add_option("--block-cache-mb", v->block_cache_mb, "Cache of stored blocks, all collections")
      ->check(CLI::Range(1, 1 << 20))
      ->group(data);
  app->add_option("--write-buffer-mb", v->write_buffer_mb, "Unflushed writes, all collections")
      ->check(CLI::Range(4, 1 << 20))
      ->group(data);
  app->add_option("--background-threads", v->background_threads, "Flush and compaction threads")
      ->check(CLI::Range(1, 256))
      ->group(data);

  app->add_option("--listen", v->listen, "Address to listen on; 0.0.0.0 or :: for every interface")
      ->group(net);
  app->add_option("--grpc-port", v->grpc_port, "Port of gRPC; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->group(net);
  app->add_option("--http-port", v->http_port, "Port of /metrics and health; 0 means none")
      ->check(CLI::Range(0, 65535))
      ->group(net);

  CLI::Option* cert =
      app->add_option("--tls-cert", v->tls_cert, "Certificate of gRPC, PEM; turns TLS on")
          ->group(security);
  CLI::Option* key = app->add_option("--tls-key", v->tls_key, "Private key of the certificate, PEM")
                         ->needs(cert)
                         ->group(security);
  cert->needs(key);
  app->add_option("--tls-client-ca", v->tls_client_ca,
                  "Serve only clients with a certificate that these sign, PEM")
      ->needs(cert)
      ->group(security);
  app->add_option("--api-key-file", v->api_key_file,
                  "Serve only calls with one of these keys: one a line, ` ro` after it for reading")
      ->group(security);
  app->add_flag("--allow-plaintext-keys", v->allow_plaintext_keys,
                "Take keys without TLS on other addresses than loopback too")
      ->group(security);

  app->add_option("--max-message-mb", v->max_message_mb, "Largest message, either way")
      ->check(CLI::Range(1, 1024))
      ->group(limits);
  app->add_option("--max-connections", v->max_connections,
                  "Connections of gRPC open at once; more are refused; 0 means no bound")
      ->check(CLI::Range(0, 1 << 20))
      ->group(limits);
  app->add_option("--max-connections-per-peer", v->max_connections_per_peer,
                  "The same for each address of a client; 0 behind a proxy")
      ->check(CLI::Range(0, 1 << 20))
      ->group(limits);
  app->add_option("--max-receive-mb", v->max_receive_mb,
                  "Unfinished messages: beyond, and for one connection beyond a quarter of it, "
                  "connections are ended; at least 8 times --max-message-mb")
      ->check(CLI::Range(256, 1 << 20))
      ->group(limits);
  app->add_option("--max-requests", v->max_requests, "Calls served at once; more are refused")
      ->check(CLI::Range(1, 10000))
      ->group(limits);
  app->add_option("--max-streams", v->max_streams, "Upsert streams open at once")
      ->check(CLI::Range(1, 100000))
      ->group(limits);
  app->add_option("--max-streams-per-connection", v->max_streams_per_connection,
                  "The same for each connection")
      ->check(CLI::Range(1, 100000))
      ->group(limits);
  app->add_option("--stream-idle-timeout", v->stream_idle_timeout_s,
                  "Seconds after which an upsert stream without a message is ended")
      ->check(CLI::Range(1, 1 << 24))
      ->group(limits);
  app->add_option("--max-upsert-mb", v->max_upsert_mb,
                  "Upsert messages in flight: beyond, calls are refused and streams wait")
      ->check(CLI::Range(1, 1 << 20))
      ->group(limits);
  app->add_option("--stream-batches", v->stream_batches,
                  "Batches of one stream between arrival and acknowledgement")
      ->check(CLI::Range(1, 1024))
      ->group(limits);
  app->add_option("--commit-threads", v->commit_threads, "Threads that commit stream batches")
      ->check(CLI::Range(1, 1024))
      ->group(limits);
  app->add_option("--shutdown-timeout", v->shutdown_timeout_s,
                  "Seconds that calls under way have when the server stops")
      ->check(CLI::Range(0, 3600))
      ->group(limits);

  app->add_option("--log-level", v->log_level, "How much is logged")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kLogLevels), std::end(kLogLevels))))
      ->group(logging);
  app->add_option("--log-format", v->log_format, "text, or json with one object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->group(logging);
}

// Returns the name of an option in the environment, for example TQDB_GRPC_PORT for grpc-port.
std::string EnvName(const std::string& option) {
  return absl::StrCat("TQDB_", absl::AsciiStrToUpper(absl::StrReplaceAll(option, {{"-", "_"}})));
}

// Returns how many letters differ at least between two words: inserted, left out or changed.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// Returns the option that a user may have meant, or an empty text.
std::string NearestOption(const CLI::App& app, absl::string_view name) {
  const std::string wanted = absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
  std::string nearest;
  size_t least = 3;  // from three letters on it is a guess
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      const size_t distance = EditDistance(wanted, known);
      if (distance >= least) continue;
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

// Returns the number of the line of a file that sets a key, from 1; 0 when there is none.
size_t LineOf(const std::string& path, absl::string_view key) {
  std::ifstream file(path);
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    const absl::string_view text = line;
    if (absl::StripAsciiWhitespace(text.substr(0, text.find('='))) == key) return number;
  }
  return 0;
}

// Returns what is wrong with a file of which CLI11 refused a key, since CLI11 names neither the
// file nor the line. Empty when the file has no key that is not an option.
std::string UnknownKey(const CLI::App& app) {
  const std::string path = app.get_config_ptr()->as<std::string>();
  for (const CLI::ConfigItem& item : app.get_config_formatter_base()->from_file(path)) {
    if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of a section
    if (item.parents.empty() && app.get_option_no_throw("--" + item.name) != nullptr) continue;
    const std::string nearest = NearestOption(app, item.name);
    return absl::StrCat(path, ":", LineOf(path, item.name), ": unknown option '", item.fullname(),
                        "'", nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?"));
  }
  return {};
}

// Returns the answer to a wrong option.
ParsedConfig Refusal(const std::string& fault) {
  ParsedConfig parsed;
  parsed.exit_code = 2;
  parsed.text = absl::StrCat("tqdb-server: ", fault, " (--help lists the options)\n");
  return parsed;
}

// Returns the options that the environment sets, as arguments. They are put before those of the
// command line. The last one counts, so the command line wins, and both win over the file. CLI11's
// own envname() would lose to the file.
std::vector<std::string> EnvironmentArgs(const CLI::App& app, const GetEnvFn& get_env) {
  std::vector<std::string> args;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (name == "help" || name == "version") continue;
    const char* value = get_env(EnvName(name).c_str());
    if (value != nullptr && *value != '\0') args.push_back(absl::StrCat("--", name, "=", value));
  }
  return args;
}

Config ToConfig(const Values& v) {
  const auto mb = [](size_t n) { return n << 20; };
  Config config;
  config.server.database.directory = v.data_dir;
  config.server.database.block_cache_bytes = mb(v.block_cache_mb);
  config.server.database.write_buffer_bytes = mb(v.write_buffer_mb);
  config.server.database.background_threads = v.background_threads;
  config.server.listen = v.listen;
  config.server.grpc_port = v.grpc_port;
  config.server.http_port = v.http_port == 0 ? std::nullopt : std::optional<int>(v.http_port);
  config.server.tls = {v.tls_cert, v.tls_key, v.tls_client_ca};
  config.server.api_key_file = v.api_key_file;
  config.server.allow_plaintext_keys = v.allow_plaintext_keys;
  config.server.max_message_bytes = mb(v.max_message_mb);
  config.server.connections.max_connections = v.max_connections;
  config.server.connections.max_connections_per_peer = v.max_connections_per_peer;
  // A quarter of it is what one connection may have, so the largest message fits twice.
  config.server.connections.max_unclaimed_bytes =
      mb(std::max(v.max_receive_mb, 8 * v.max_message_mb));
  config.server.admission.max_requests = v.max_requests;
  config.server.admission.max_streams = v.max_streams;
  config.server.admission.max_upsert_bytes = mb(v.max_upsert_mb);
  config.server.streams.max_per_connection = v.max_streams_per_connection;
  config.server.streams.idle_timeout = absl::Seconds(v.stream_idle_timeout_s);
  config.server.streams.max_batches_in_flight = v.stream_batches;
  config.server.streams.num_threads = v.commit_threads;
  config.shutdown_timeout = absl::Seconds(v.shutdown_timeout_s);
  config.log_level = v.log_level;
  config.log_format = v.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  return config;
}

}  // namespace

ParsedConfig ParseConfig(const std::vector<std::string>& args, const GetEnvFn& get_env) {
  Values values;
  CLI::App app(kDescription, "tqdb-server");
  app.footer(kFooter);
  app.option_defaults()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->always_capture_default();
  app.set_version_flag("--version", absl::StrCat("tqdb-server ", service::Version(), " (commit ",
                                                 service::Commit(), ")"));
  app.set_config("--config", "", "File with options, TOML or INI")->option_text("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  AddOptions(&app, &values);
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return absl::StrCat("tqdb-server: ", e.what(), " (--help lists the options)\n");
  });

  std::vector<std::string> all = EnvironmentArgs(app, get_env);
  all.insert(all.end(), args.begin(), args.end());
  std::reverse(all.begin(), all.end());  // CLI11 takes a vector from its end
  ParsedConfig parsed;
  try {
    app.parse(std::move(all));
  } catch (const CLI::ConfigError& e) {
    const std::string unknown = UnknownKey(app);
    return Refusal(unknown.empty() ? e.what() : unknown);
  } catch (const CLI::ParseError& e) {
    std::ostringstream out, err;
    // CLI11 has a code of its own for each kind of error. Here every error exits with 2.
    parsed.exit_code = app.exit(e, out, err) == 0 ? 0 : 2;
    parsed.text = out.str() + err.str();
    return parsed;
  }
  const absl::Status choice =
      CheckKernelChoice(get_env("TQDB_SIMD"), get_env("TQDB_SIGN_PREFETCH"));
  if (!choice.ok()) return Refusal(std::string(choice.message()));
  parsed.config = ToConfig(values);
  return parsed;
}

}  // namespace tqdb::server
