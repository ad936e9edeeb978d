// Tests files of API keys, and what a key opens. No server runs: paths and headers are plain
// strings. No message may quote a key.
#include "server/security/api_keys.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/grpc/access.h"
#include "tqdb/v1/admin.pb.h"
#include "tqdb/v1/collections.pb.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {
namespace api_keys_test {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWriter[] = "0123456789abcdef-writer";
constexpr char kReader[] = "0123456789abcdef-reader";
constexpr char kUpsert[] = "/tqdb.v1.PointService/Upsert";
constexpr char kSearch[] = "/tqdb.v1.PointService/Search";

ApiKeys Keys() {
  return *ApiKeys::Parse(
      absl::StrCat("# of the indexer\n\n", kWriter, "\n  ", kReader, "\tro  # dashboards\r\n"),
      "k");
}

absl::StatusCode Code(const char* path, std::optional<absl::string_view> authorization) {
  return Authorize(Keys(), path, authorization).code();
}

TEST(ApiKeysTest, AKeyOpensWhatItMay) {
  EXPECT_EQ(Keys().size(), 2u);
  const std::string writer = absl::StrCat("Bearer ", kWriter),
                    reader = absl::StrCat("bearer ", kReader);
  EXPECT_EQ(Code(kUpsert, writer), absl::StatusCode::kOk);
  EXPECT_EQ(Code(kSearch, writer), absl::StatusCode::kOk);
  EXPECT_EQ(Code(kSearch, reader), absl::StatusCode::kOk);
  EXPECT_EQ(Code("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", reader),
            absl::StatusCode::kOk);
  const absl::Status denied = Authorize(Keys(), kUpsert, reader);
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(denied.message()),
              HasSubstr("read-only; /tqdb.v1.PointService/Upsert needs"));
  EXPECT_EQ(Code("/tqdb.v1.PointService/NotYetInvented", reader),
            absl::StatusCode::kPermissionDenied);
}

// Keys and paths that are nearly right must be refused like any others.
TEST(ApiKeysTest, WithoutAKeyOnlyHealthIsOpen) {
  EXPECT_EQ(Code("/grpc.health.v1.Health/Check", std::nullopt), absl::StatusCode::kOk);
  EXPECT_EQ(Code("/grpc.health.v1.Health/Watch", "Bearer nonsense"), absl::StatusCode::kOk);
  for (const char* path : {kUpsert, kSearch, "", "/grpc.health.v1.HealthX/Check",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(Code(path, std::nullopt), absl::StatusCode::kUnauthenticated) << path;
  }
  const std::string cut(kWriter, sizeof(kWriter) - 2);
  for (const std::string& value :
       {std::string(), std::string("Bearer"), std::string("Bearer "), std::string(kWriter),
        absl::StrCat("Basic ", kWriter), absl::StrCat("Bearer ", cut),
        absl::StrCat("Bearer ", kWriter, "x"), absl::StrCat("Bearer ", kReader, " ro")}) {
    const absl::Status status = Authorize(Keys(), kSearch, value);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << value;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("0123456789abcdef")));
  }
}

TEST(ApiKeysTest, FaultsOfTheFileNameTheLineAndNoKey) {
  const auto error = [](const std::string& text) {
    const auto keys = ApiKeys::Parse(text, "keys.txt");
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument) << text;
    const std::string message(keys.status().message());
    EXPECT_THAT(message, Not(HasSubstr("0123456789abcdef")));
    return message;
  };
  EXPECT_EQ(error(""), "keys.txt: has no key; need at least one");
  EXPECT_EQ(error("# 0123456789abcdef\n"), "keys.txt: has no key; need at least one");
  EXPECT_THAT(error("\nshort\n"),
              HasSubstr("keys.txt:2: has a key of 5 characters; need 16 to 256"));
  EXPECT_THAT(error(std::string(257, 'a')), HasSubstr("a key of 257 characters"));
  EXPECT_THAT(error("0123456789abcdef rw"),
              HasSubstr("keys.txt:1: need one key, or one key and ` ro`"));
  EXPECT_THAT(error("0123456789abcdef ro ro"), HasSubstr("need one key"));
  EXPECT_THAT(error("0123456789abcdef\xc3\xa9"), HasSubstr("not printable ASCII"));
  EXPECT_THAT(error("0123456789abcdef\n0123456789abcdef ro\n"),
              HasSubstr("keys.txt:2: has a key that was there before"));
  EXPECT_THAT(std::string(ApiKeys::Load("/nonexistent/keys").status().message()),
              HasSubstr("--api-key-file: opening /nonexistent/keys"));
}

// Fails if service/method.h lacks a method of the protos or has it on the wrong side.
TEST(ApiKeysTest, EveryMethodIsKnownToReadOrToWrite) {
  for (const google::protobuf::FileDescriptor* file :
       {v1::GetServerInfoRequest::descriptor()->file(), v1::CollectionInfo::descriptor()->file(),
        v1::SearchRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto* method = file->service(i)->method(j);
        const std::string path =
            absl::StrCat("/", file->service(i)->full_name(), "/", method->name());
        const std::string& name = method->name();
        const bool writes = name.rfind("Create", 0) == 0 || name.rfind("Update", 0) == 0 ||
                            name.rfind("Delete", 0) == 0 || name.rfind("Upsert", 0) == 0;
        const std::optional<service::Method> known = MethodOf(path);
        ASSERT_TRUE(known.has_value()) << path;
        EXPECT_EQ(service::Writes(*known), writes) << path;
      }
    }
  }
}

}  // namespace api_keys_test
}  // namespace tqdb::server
