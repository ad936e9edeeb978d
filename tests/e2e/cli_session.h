// A session with the real `tqdb` against the real server, as a user types it.
#ifndef TQDB_TESTS_E2E_CLI_SESSION_H_
#define TQDB_TESTS_E2E_CLI_SESSION_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/output/json.h"
#include "client/cli/output/npy_writer.h"
#include "tests/support/built_server.h"
#include "tests/support/temp_dir.h"

namespace tqdb::e2e {

using ::tqdb::client::Json;

inline constexpr uint32_t kDim = 32;
inline constexpr uint64_t kRows = 1000;

inline std::vector<float> RandomVector(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDim);
  for (float& x : vector) x = normal(random);
  return vector;
}

class CliSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = ServerProcess::Start(testing::BuiltServer({.data_directory = dir_.File("data"),
                                                             .log_path = dir_.File("server.log"),
                                                             .arguments = {}}));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void TearDown() override {
    if (HasFailure()) std::cout << "The server's log:\n" << dir_.Read("server.log") << std::endl;
  }

  CommandResult RunTqdb(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {TQDB_CLI_BINARY, "--address", server_->address()});
    auto result = RunCommand(arguments, dir_.path());
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : CommandResult();
  }
  // Expects success, and one JSON object a line.
  std::vector<Json> RunJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const CommandResult result = RunTqdb(arguments);
    EXPECT_EQ(result.code, 0) << ::testing::PrintToString(arguments) << result.err;
    EXPECT_EQ(result.err, "");
    std::vector<Json> lines;
    std::istringstream in(result.out);
    for (std::string line; std::getline(in, line);) {
      lines.push_back(Json::parse(line, nullptr, false));
      EXPECT_TRUE(lines.back().is_object()) << line;
    }
    return lines;
  }
  Json RunJsonLine(const std::vector<std::string>& arguments) {
    const std::vector<Json> lines = RunJson(arguments);
    EXPECT_EQ(lines.size(), 1u);
    return lines.size() == 1 ? lines[0] : Json::object();
  }

  // Row i is RandomVector(i); payload {"row": i, "text": "..."} in gzip.
  void WriteRows() {
    auto writer = client::NpyWriter::Open(dir_.File("rows.npy"), kDim);
    ASSERT_TRUE(writer.ok());
    gzFile payloads = gzopen(dir_.File("rows.jsonl.gz").c_str(), "wb");
    for (uint64_t i = 0; i < kRows; ++i) {
      ASSERT_TRUE(writer->Append(RandomVector(i)).ok());
      const std::string line = absl::StrCat("{\"row\":", i, ",\"text\":\"größe ", i, "\"}\n");
      gzwrite(payloads, line.data(), static_cast<unsigned>(line.size()));
    }
    gzclose(payloads);
    ASSERT_TRUE(writer->Finish().ok());
  }
  void ImportRows() {
    WriteRows();
    const Json done = RunJsonLine({"import", "books", dir_.File("rows.npy"), "--create",
                                   "--payloads", dir_.File("rows.jsonl.gz"), "--batch-size", "64"});
    EXPECT_EQ(done["acknowledged"], kRows);
    EXPECT_EQ(done["inserted"], kRows);
    EXPECT_EQ(done["replaced"], 0);
    EXPECT_EQ(done["bad_rows"], 0);
  }

  testing::TempDir dir_;
  std::unique_ptr<ServerProcess> server_;
};

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_CLI_SESSION_H_
