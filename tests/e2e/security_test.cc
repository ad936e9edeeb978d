// TLS and API keys, with the real server, the real client library and the real `tqdb`.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/cpp/client.h"
#include "tests/support/built_server.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace tqdb::e2e {
namespace security_test {

using ::testing::HasSubstr;
using ::testing::Not;
using ::tqdb::client::Client;
using ::tqdb::client::ConnectOptions;
using ::tqdb::client::TlsOptions;

constexpr char kWriter[] = "5d41402abc4b2a76b9719d911017c592";
constexpr char kReader[] = "7d793037a0760186574b0282f2f435e7";

class SecurityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_.Write("keys.txt", absl::StrCat("# keys\n", kWriter, "\n", kReader, " ro\n"));
    ASSERT_EQ(tqdb::testing::MakeAuthority(dir_.path(), "ca"), absl::OkStatus());
    ASSERT_EQ(tqdb::testing::MakeCertificate(dir_.path(), "server", "ca"), absl::OkStatus());
  }
  void TearDown() override {
    if (HasFailure()) std::cout << "The server's log:\n" << dir_.Read("server.log") << std::endl;
  }

  std::unique_ptr<ServerProcess> Spawn(std::vector<std::string> arguments) {
    auto server = ServerProcess::Spawn(testing::BuiltServer({.data_directory = dir_.File("data"),
                                                             .log_path = dir_.File("server.log"),
                                                             .arguments = std::move(arguments)}));
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }
  std::vector<std::string> TlsArguments() const {
    return {"--tls-cert", dir_.File("server.pem"), "--tls-key", dir_.File("server.key")};
  }
  // With `wait`, waits for the server, which may still be starting.
  absl::StatusOr<std::unique_ptr<Client>> Connect(const ServerProcess& server, TlsOptions tls,
                                                  const std::string& key = "", bool wait = false) {
    ConnectOptions options;
    options.address = server.address();
    options.timeout = absl::Seconds(wait ? 60 : 20);
    options.wait_for_ready = wait;
    options.max_attempts = 2;
    options.tls = std::move(tls);
    options.api_key = key;
    return Client::Connect(options);
  }
  TlsOptions Tls() const { return {.enabled = true, .ca_file = dir_.File("ca.pem")}; }
  // Returns the status of one call with these options.
  absl::Status Call(const ServerProcess& server, TlsOptions tls, const std::string& key = "") {
    auto client = Connect(server, std::move(tls), key);
    return client.ok() ? (*client)->ListCollections().status() : client.status();
  }
  CommandResult RunTqdb(const ServerProcess& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {TQDB_CLI_BINARY, "--address", server.address()});
    auto result = RunCommand(arguments, dir_.path());
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : CommandResult();
  }
  // Returns the exit code of a server that must not start. Its message is in the log.
  int ExitCode(std::vector<std::string> arguments) {
    auto server = Spawn(std::move(arguments));
    const absl::StatusOr<int> code = server->process().Wait(absl::Seconds(60));
    EXPECT_TRUE(code.ok()) << code.status();
    return code.value_or(-1);
  }

  testing::TempDir dir_;
};

// Sends one message to a method, which is named by its path, and returns the answer.
grpc::Status CallRaw(const ServerProcess& server, const std::string& path, const std::string& bytes,
                     const std::string& key) {
  grpc::GenericStub stub(grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, path, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  return status;
}

TEST_F(SecurityTest, TlsServesThoseThatTrustItsAuthority) {
  auto server = Spawn(TlsArguments());
  auto client = Connect(*server, Tls(), "", /*wait=*/true);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_TRUE((*client)->CreateCollection("c", {.vector_spaces = {{.dim = 8}}}).ok());

  const absl::Status plain = Call(*server, {});
  EXPECT_EQ(plain.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(plain.message()), HasSubstr("as one does that wants TLS"));
  ASSERT_EQ(tqdb::testing::MakeAuthority(dir_.path(), "other"), absl::OkStatus());
  const absl::Status stranger = Call(*server, {.enabled = true, .ca_file = dir_.File("other.pem")});
  EXPECT_EQ(stranger.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(stranger.message()), HasSubstr("not signed by an authority"));
  const absl::Status name =
      Call(*server, {.enabled = true, .ca_file = dir_.File("ca.pem"), .server_name = "elsewhere"});
  EXPECT_EQ(name.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(name.message()), HasSubstr("is for another name"));
  EXPECT_EQ(
      Call(*server, {.enabled = true, .ca_file = dir_.File("ca.pem"), .server_name = "localhost"}),
      absl::OkStatus());

  EXPECT_EQ(RunTqdb(*server, {"list", "--tls-ca", dir_.File("ca.pem")}).code, 0);
  const CommandResult refused = RunTqdb(*server, {"list"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("wants TLS"));
  EXPECT_EQ(server->Stop().value_or(-1), 0);

  auto plain_server = Spawn({});
  ASSERT_EQ(plain_server->WaitUntilAnswers(), absl::OkStatus());
  const absl::Status tls = Call(*plain_server, Tls());
  EXPECT_EQ(tls.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(tls.message()), HasSubstr("does not speak TLS"));
}

// gRPC alone reports these as a failed connection, after several tries.
TEST_F(SecurityTest, TheClientChecksItsKeyAtOnce) {
  ASSERT_EQ(tqdb::testing::MakeCertificate(dir_.path(), "client", "ca"), absl::OkStatus());
  const auto error = [this](const std::string& cert, const std::string& key) {
    TlsOptions tls = Tls();
    tls.cert_file = dir_.File(cert);
    tls.key_file = dir_.File(key);
    return Client::Connect({.tls = tls}).status();
  };
  EXPECT_EQ(error("client.pem", "client.key"), absl::OkStatus());
  EXPECT_EQ(error("client.pem", "server.key"),
            absl::InvalidArgumentError(absl::StrCat("tls.key_file: ", dir_.File("server.key"),
                                                    " is not the key of tls.cert_file ",
                                                    dir_.File("client.pem"))));
  dir_.Write("locked.key",
             "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_THAT(std::string(error("client.pem", "locked.key").message()),
              HasSubstr("is encrypted by a passphrase"));
  dir_.Write("broken.key", "-----BEGIN PRIVATE KEY-----\nMIIF\n-----END PRIVATE KEY-----\n");
  EXPECT_THAT(std::string(error("client.pem", "broken.key").message()),
              HasSubstr("holds no private key"));
}

TEST_F(SecurityTest, MutualTlsServesThoseWithACertificate) {
  ASSERT_EQ(tqdb::testing::MakeCertificate(dir_.path(), "client", "ca"), absl::OkStatus());
  ASSERT_EQ(tqdb::testing::MakeAuthority(dir_.path(), "other"), absl::OkStatus());
  ASSERT_EQ(tqdb::testing::MakeCertificate(dir_.path(), "stranger", "other"), absl::OkStatus());
  std::vector<std::string> arguments = TlsArguments();
  arguments.insert(arguments.end(), {"--tls-client-ca", dir_.File("ca.pem")});
  auto server = Spawn(arguments);
  TlsOptions mutual = Tls();
  mutual.cert_file = dir_.File("client.pem");
  mutual.key_file = dir_.File("client.key");
  auto client = Connect(*server, mutual, "", /*wait=*/true);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ((*client)->ListCollections().status(), absl::OkStatus());
  const absl::Status without = Call(*server, Tls());
  EXPECT_EQ(without.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(without.message()), HasSubstr("wants a TLS certificate of the client"));
  mutual.cert_file = dir_.File("stranger.pem");
  mutual.key_file = dir_.File("stranger.key");
  EXPECT_EQ(Call(*server, mutual).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(RunTqdb(*server, {"list", "--tls-ca", dir_.File("ca.pem"), "--tls-cert",
                              dir_.File("client.pem"), "--tls-key", dir_.File("client.key")})
                .code,
            0);
}

TEST_F(SecurityTest, KeysDecideWhoMayReadAndWrite) {
  auto server = Spawn({"--api-key-file", dir_.File("keys.txt")});
  ASSERT_EQ(server->WaitUntilAnswers(), absl::OkStatus());  // health needs no key

  const absl::Status none = Call(*server, {});
  EXPECT_EQ(none.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(none.message()), HasSubstr("needs an API key"));
  const absl::Status wrong = Call(*server, {}, "0000000000000000");
  EXPECT_EQ(wrong.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("not known"));

  auto writer = *Connect(*server, {}, kWriter);
  auto reader = *Connect(*server, {}, kReader);
  auto nobody = *Connect(*server, {});
  ASSERT_TRUE(writer->CreateCollection("c", {.vector_spaces = {{.dim = 8}}}).ok());
  const std::vector<client::Point> points = {
      {client::PointId::Number(1), {{"", std::vector<float>(8, 1)}}, ""}};
  EXPECT_TRUE(writer->Upsert("c", points).ok());
  EXPECT_EQ(*reader->Count("c"), 1u);
  EXPECT_EQ(reader->Search("c", {.vector = std::vector<float>(8, 1)})->size(), 1u);
  EXPECT_EQ(reader->Upsert("c", points).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(reader->Delete("c", {client::PointId::Number(1)}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(reader->DeleteCollection("c").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(nobody->Count("c").status().code(), absl::StatusCode::kUnauthenticated);

  const auto stream = [&](Client& client) {
    auto upserts = client.OpenUpsertStream("c");
    upserts->Send(points).IgnoreError();
    return upserts->Finish().code();
  };
  EXPECT_EQ(stream(*writer), absl::StatusCode::kOk);
  EXPECT_EQ(stream(*reader), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(stream(*nobody), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(*reader->Count("c"), 1u);

  // The key is also asked for by services of gRPC (list_services of reflection) and for a method
  // that does not exist.
  const char* reflection = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  EXPECT_EQ(CallRaw(*server, reflection, std::string("\x3a\x00", 2), "").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(CallRaw(*server, reflection, std::string("\x3a\x00", 2), kReader).error_code(),
            grpc::StatusCode::OK);
  EXPECT_EQ(CallRaw(*server, "/tqdb.v1.PointService/Nothing", "", "").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(CallRaw(*server, "/tqdb.v1.PointService/Nothing", "", kWriter).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(SecurityTest, KeysAndTlsTogetherAndTheCommandLineShowsNoKey) {
  std::vector<std::string> arguments = TlsArguments();
  arguments.insert(arguments.end(), {"--api-key-file", dir_.File("keys.txt")});
  auto server = Spawn(arguments);
  ASSERT_TRUE(Connect(*server, Tls(), kReader, /*wait=*/true).ok());
  EXPECT_EQ(Call(*server, Tls(), kReader), absl::OkStatus());
  EXPECT_EQ(Call(*server, Tls()).code(), absl::StatusCode::kUnauthenticated);

  const std::string ca = dir_.File("ca.pem");
  const std::string reader_file =
      dir_.Write("reader.key", absl::StrCat("# mine\n", kReader, " ro\n"));
  const CommandResult none = RunTqdb(*server, {"list", "--tls-ca", ca});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("--api-key-file"));
  const CommandResult read =
      RunTqdb(*server, {"list", "--tls-ca", ca, "--api-key-file", reader_file, "--json"});
  EXPECT_EQ(read.code, 0) << read.err;
  const CommandResult denied = RunTqdb(
      *server, {"create", "c", "--dim", "8", "--tls-ca", ca, "--api-key-file", reader_file});
  EXPECT_EQ(denied.code, 1);
  EXPECT_THAT(denied.err, HasSubstr("PERMISSION_DENIED"));
  setenv("TQDB_API_KEY", kWriter, 1);
  setenv("TQDB_TLS_CA", ca.c_str(), 1);
  const CommandResult created = RunTqdb(*server, {"create", "c", "--dim", "8"});
  const CommandResult help = RunTqdb(*server, {"create", "--help"});
  // The option takes precedence over the environment.
  const CommandResult still_denied =
      RunTqdb(*server, {"drop", "c", "--yes", "--api-key-file", reader_file});
  unsetenv("TQDB_API_KEY");
  unsetenv("TQDB_TLS_CA");
  EXPECT_EQ(created.code, 0) << created.err;
  EXPECT_EQ(still_denied.code, 1);
  for (const CommandResult& result : {none, read, denied, created, help, still_denied}) {
    EXPECT_THAT(result.out + result.err, Not(HasSubstr(kWriter)));
    EXPECT_THAT(result.out + result.err, Not(HasSubstr(kReader)));
  }
  EXPECT_THAT(dir_.Read("server.log"), Not(HasSubstr(kReader)));
}

// Whatever the umask of the shell that started the server.
TEST_F(SecurityTest, OtherUsersMayNotReadTheData) {
  const mode_t before = umask(022);
  const auto server = Spawn({});
  umask(before);
  ASSERT_NE(server, nullptr);
  ASSERT_TRUE(Connect(*server, {}, "", /*wait=*/true).ok());
  EXPECT_EQ(RunTqdb(*server, {"create", "c", "--dim", "8"}).code, 0);
  dir_.Write("rows.jsonl", R"({"id": 1, "vector": [1, 2, 3, 4, 5, 6, 7, 8]})");
  EXPECT_EQ(RunTqdb(*server, {"import", "c", dir_.File("rows.jsonl")}).code, 0);
  using std::filesystem::perms;
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.File("data"))) {
    EXPECT_EQ(entry.status().permissions() & (perms::group_all | perms::others_all), perms::none)
        << entry.path();
    files += entry.is_regular_file();
  }
  EXPECT_GT(files, 5);
}

TEST_F(SecurityTest, AServerThatWouldNotBeSafeDoesNotStart) {
  const std::string keys = dir_.File("keys.txt");
  EXPECT_EQ(ExitCode({"--listen", "0.0.0.0", "--api-key-file", keys}), 1);
  EXPECT_THAT(dir_.Read("server.log"),
              HasSubstr("keys would travel readable to 0.0.0.0 (--listen)"));
  EXPECT_EQ(ExitCode({"--api-key-file", dir_.File("none")}), 1);
  EXPECT_THAT(dir_.Read("server.log"),
              HasSubstr("opening " + dir_.File("none") + ": No such file"));
  EXPECT_EQ(ExitCode({"--tls-cert", dir_.File("server.pem")}), 2);
  EXPECT_EQ(ExitCode({"--tls-client-ca", dir_.File("ca.pem")}), 2);
  EXPECT_EQ(ExitCode({"--tls-cert", dir_.File("server.pem"), "--tls-key", dir_.File("ca.key")}), 1);
  EXPECT_THAT(dir_.Read("server.log"), HasSubstr("ca.key: is not the key of --tls-cert"));
  EXPECT_EQ(ExitCode({"--tls-cert", keys, "--tls-key", dir_.File("ca.key")}), 1);
  EXPECT_THAT(dir_.Read("server.log"), HasSubstr("keys.txt: holds no certificate in PEM form"));

  // With the option it starts: a proxy in front of it may encrypt.
  auto server = Spawn({"--listen", "0.0.0.0", "--api-key-file", keys, "--allow-plaintext-keys"});
  ASSERT_EQ(server->WaitUntilAnswers(), absl::OkStatus());
  EXPECT_EQ(Call(*server, {}, kReader), absl::OkStatus());
}

}  // namespace security_test
}  // namespace tqdb::e2e
