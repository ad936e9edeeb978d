// Tests the options of the server: their defaults, which of their three sources wins, and errors
// that tell the operator which option to change.
#include "server/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spdlog/details/log_msg.h"
#include "spdlog/formatter.h"
#include "tests/support/source_path.h"

namespace tqdb::server {
namespace config_test {

using ::testing::AllOf;
using ::testing::HasSubstr;

ParsedConfig Parse(const std::vector<std::string>& args,
                   const std::map<std::string, std::string>& env = {}) {
  return ParseConfig(args, [&env](const char* name) {
    const auto it = env.find(name);
    return it == env.end() ? nullptr : it->second.c_str();
  });
}

TEST(ConfigTest, DefaultsServeOnLoopback) {
  const ParsedConfig parsed = Parse({});
  ASSERT_TRUE(parsed.config.has_value()) << parsed.text;
  EXPECT_EQ(parsed.config->server.listen, "127.0.0.1");
  EXPECT_EQ(parsed.config->server.grpc_port, 6334);
  EXPECT_EQ(parsed.config->server.http_port, 6333);
  EXPECT_EQ(parsed.config->server.database.directory, "./data");
  EXPECT_EQ(parsed.config->server.max_message_bytes, size_t{64} << 20);
  EXPECT_EQ(parsed.config->shutdown_timeout, absl::Seconds(30));
}

TEST(ConfigTest, CommandLineWinsOverEnvironmentAndEnvironmentOverFile) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "tqdb-config-test.conf").string();
  std::ofstream(path) << "grpc-port = 1001\nmax-requests = 11\nlog-format = \"json\"\n";
  const std::map<std::string, std::string> env = {
      {"TQDB_CONFIG", path}, {"TQDB_MAX_REQUESTS", "12"}, {"TQDB_MAX_STREAMS", "22"}};
  const ParsedConfig parsed = Parse({"--max-streams", "33"}, env);
  std::filesystem::remove(path);
  ASSERT_TRUE(parsed.config.has_value()) << parsed.text;
  EXPECT_EQ(parsed.config->server.grpc_port, 1001);
  EXPECT_EQ(parsed.config->log_format, LogFormat::kJson);
  EXPECT_EQ(parsed.config->server.admission.max_requests, 12u);
  EXPECT_EQ(parsed.config->server.admission.max_streams, 33u);
}

// The file, the line, and what was meant: a key in the spelling of the environment, a slip.
TEST(ConfigTest, AnUnknownKeyOfTheFileIsNamedWithItsLineAndTheOptionMeant) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "tqdb-config-unknown.toml").string();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"grpc_port = 7305\n", ":1: unknown option 'grpc_port'; did you mean grpc-port?"},
      {"# a comment\ngrpc-port = 7305\n\nhtp-port = 1\n",
       ":4: unknown option 'htp-port'; did you mean http-port?"},
      {"colour = 1\n", ":1: unknown option 'colour' (--help"},
      {"[net]\ngrpc-port = 1\n", ":2: unknown option 'net.grpc-port'; did you mean grpc-port?"}};
  for (const auto& [text, message] : cases) {
    std::ofstream(path) << text;
    const ParsedConfig parsed = Parse({"--config", path});
    EXPECT_EQ(parsed.exit_code, 2) << text;
    EXPECT_FALSE(parsed.config.has_value()) << text;
    EXPECT_THAT(parsed.text, HasSubstr("tqdb-server: " + path + message));
  }
  std::filesystem::remove(path);
}

TEST(ConfigTest, AKernelLevelThatTheCpuLacksIsRefused) {
  for (const char* level : {"foo", "AVX2", "scalar "}) {
    const ParsedConfig parsed = Parse({}, {{"TQDB_SIMD", level}});
    EXPECT_EQ(parsed.exit_code, 2) << level;
    EXPECT_FALSE(parsed.config.has_value()) << level;
    EXPECT_THAT(parsed.text, AllOf(HasSubstr("TQDB_SIMD: '" + std::string(level) + "'"),
                                   HasSubstr("allowed are scalar")));
  }
  EXPECT_THAT(Parse({}, {{"TQDB_SIGN_PREFETCH", "yes"}}).text,
              HasSubstr("TQDB_SIGN_PREFETCH: 'yes'"));
  EXPECT_TRUE(Parse({}, {{"TQDB_SIMD", "scalar"}, {"TQDB_SIGN_PREFETCH", "off"}}).config);
  EXPECT_TRUE(Parse({}, {{"TQDB_SIMD", ""}}).config);
}

TEST(ConfigTest, HelpSaysThatTheConfigurationIsAFile) {
  EXPECT_THAT(Parse({"--help"}).text, HasSubstr("--config FILE"));
}

TEST(ConfigTest, ShippedConfigurationFileParses) {
  const ParsedConfig parsed = Parse({"--config", SourcePath("deploy/tqdb.conf")});
  EXPECT_TRUE(parsed.config.has_value()) << parsed.text;
}

// If a misspelt key were ignored, its option would keep the default, and nobody would notice.
TEST(ConfigTest, UnknownKeyOfTheFileIsAnError) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "tqdb-config-test-bad.conf").string();
  std::ofstream(path) << "grpc-prot = 1001\n";
  const ParsedConfig parsed = Parse({"--config", path});
  std::filesystem::remove(path);
  EXPECT_EQ(parsed.exit_code, 2);
  EXPECT_THAT(parsed.text, HasSubstr("grpc-prot"));
}

TEST(ConfigTest, HttpPortZeroMeansNone) {
  EXPECT_EQ(Parse({"--http-port", "0"}).config->server.http_port, std::nullopt);
}

TEST(ConfigTest, ErrorsAreOneLineThatNamesTheOption) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"--grpc-port", "70000"},
                                               {"--grpc-port", "x"},
                                               {"--grpc-port=-1"}}) {
    const ParsedConfig parsed = Parse(args);
    EXPECT_FALSE(parsed.config.has_value());
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_THAT(parsed.text, HasSubstr("--grpc-port"));
    EXPECT_EQ(std::count(parsed.text.begin(), parsed.text.end(), '\n'), 1) << parsed.text;
  }
  EXPECT_THAT(Parse({"--nonsense"}).text, HasSubstr("--nonsense"));
  EXPECT_THAT(Parse({}, {{"TQDB_LOG_LEVEL", "loud"}}).text,
              AllOf(HasSubstr("--log-level"), HasSubstr("loud")));
}

TEST(ConfigTest, SecurityComesFromEverySource) {
  const ParsedConfig parsed = Parse(
      {"--tls-cert", "c.pem"}, {{"TQDB_TLS_KEY", "k.pem"}, {"TQDB_ALLOW_PLAINTEXT_KEYS", "true"}});
  ASSERT_TRUE(parsed.config.has_value()) << parsed.text;
  EXPECT_TRUE(parsed.config->server.tls.enabled());
  EXPECT_EQ(parsed.config->server.tls.key, "k.pem");
  EXPECT_TRUE(parsed.config->server.allow_plaintext_keys);
  EXPECT_EQ(Parse({"--allow-plaintext-keys"}).config->server.allow_plaintext_keys, true);
  EXPECT_FALSE(Parse({}).config->server.allow_plaintext_keys);

  const std::string path =
      (std::filesystem::temp_directory_path() / "tqdb-config-test-keys.conf").string();
  std::ofstream(path) << "api-key-file = \"/etc/keys\"\nallow-plaintext-keys = true\n";
  const ParsedConfig file = Parse({"--config", path});
  std::filesystem::remove(path);
  ASSERT_TRUE(file.config.has_value()) << file.text;
  EXPECT_EQ(file.config->server.api_key_file, "/etc/keys");
  EXPECT_TRUE(file.config->server.allow_plaintext_keys);

  // A certificate without its key is useless, and so is a key or an authority without a
  // certificate.
  for (const std::vector<std::string>& args : {std::vector<std::string>{"--tls-cert", "c.pem"},
                                               {"--tls-key", "k.pem"},
                                               {"--tls-client-ca", "ca.pem"}}) {
    EXPECT_EQ(Parse(args).exit_code, 2) << args[0];
    EXPECT_THAT(Parse(args).text, HasSubstr(args[0]));
  }
}

TEST(ConfigTest, HelpAndVersionExitWithZero) {
  const ParsedConfig help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text,
              AllOf(HasSubstr("--data-dir"), HasSubstr("TQDB_GRPC_PORT"), HasSubstr("6334")));
  const ParsedConfig version = Parse({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.text, HasSubstr("tqdb-server 0."));
}

// Messages contain names and texts from callers. A line break among them must not look like another
// log line.
TEST(LoggingTest, AMessageCannotForgeALineNorBreakJson) {
  const spdlog::details::log_msg message("tqdb", spdlog::level::info, "a\"b\\c\nd");
  spdlog::memory_buf_t out;
  MakeLogFormatter(LogFormat::kJson)->format(message, out);
  const std::string json(out.data(), out.size());
  EXPECT_THAT(json, HasSubstr(R"("level":"info","message":"a\"b\\c\u000ad"})"));
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
}

}  // namespace config_test
}  // namespace tqdb::server
