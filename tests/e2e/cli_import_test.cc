// Imports that meet bad rows, broken connections, a killed server, slow pipes and Ctrl-C.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/cli/output/json.h"
#include "client/cpp/client.h"
#include "tests/e2e/cli_session.h"
#include "tests/e2e/faulty_proxy.h"
#include "tests/support/built_server.h"

namespace tqdb::e2e {
namespace cli_import_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CliImportTest : public CliSessionTest {
 protected:
  static std::string Line(uint64_t id, const std::vector<float>& vector) {
    return absl::StrCat("{\"id\":", id, ",\"vector\":[", absl::StrJoin(vector, ","), "]}\n");
  }
  // Writes points 0 .. rows - 1 as JSON lines. Each `bad_every`-th is a zero vector, which a
  // collection by cosine refuses.
  std::string WriteLines(const std::string& name, uint64_t rows, uint64_t bad_every) {
    std::string text;
    for (uint64_t i = 0; i < rows; ++i) {
      const bool bad = bad_every > 0 && i % bad_every == bad_every - 1;
      text += Line(i, bad ? std::vector<float>(kDim, 0) : RandomVector(i % 100));
    }
    return dir_.Write(name, text);
  }
  void MakeCollection(const std::string& name) {
    RunJsonLine({"create", name, "--dim", absl::StrCat(kDim)});
  }
  uint64_t Count(const std::string& name) {
    return RunJsonLine({"count", name})["count"].get<uint64_t>();
  }
};

TEST_F(CliImportTest, ABadRowCostsOneRowAndIsNamed) {
  MakeCollection("c");
  const std::string path = WriteLines("a.jsonl", 2000, 200);
  const CommandResult result = RunTqdb(
      {"import", "c", path, "--keep-going", "--no-progress", "--bad-rows", dir_.File("bad.jsonl")});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(Count("c"), 1990u);
  for (int line = 200; line <= 2000; line += 200) {
    EXPECT_THAT(result.err, HasSubstr(absl::StrCat("a.jsonl:", line, ": ")));
  }
  EXPECT_THAT(result.err, HasSubstr("10 bad rows were passed over"));
  const std::string bad = dir_.Read("bad.jsonl");
  EXPECT_EQ(std::count(bad.begin(), bad.end(), '\n'), 10);
  EXPECT_EQ(Json::parse(bad.substr(0, bad.find('\n')))["error"]["line"], 200);
  EXPECT_EQ(Json::parse(bad.substr(0, bad.find('\n')))["error"]["row"], 199);
}

// Nothing looks wrong with the rows before the server has seen them.
TEST_F(CliImportTest, FindsBadRowsThatDoNotLookBad) {
  MakeCollection("c");
  std::string text;
  std::string deep = "1";
  for (int i = 0; i < 300; ++i) deep = absl::StrCat("[", deep, "]");
  for (uint64_t i = 0; i < 600; ++i) {
    const std::string payload = i == 77 || i == 500 ? deep : "1";
    std::string line = Line(i, RandomVector(i));
    line.insert(line.size() - 2, absl::StrCat(",\"payload\":{\"a\":", payload, "}"));
    text += line;
  }
  const CommandResult result = RunTqdb(
      {"import", "c", dir_.Write("a.jsonl", text), "--keep-going", "--no-progress", "--json"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(Json::parse(result.out)["acknowledged"], 598);
  EXPECT_EQ(Json::parse(result.out)["bad_rows"], 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("a.jsonl:78: "), HasSubstr("a.jsonl:501: ")));
  EXPECT_EQ(Count("c"), 598u);
}

TEST_F(CliImportTest, StopsAtTheLineOfABadRowWithAllBeforeStored) {
  MakeCollection("c");
  // A blank line shifts lines and not rows.
  std::string text = "\n";
  for (uint64_t i = 0; i < 2000; ++i) {
    text += Line(i, i == 1100 ? std::vector<float>(kDim, 0) : RandomVector(i));
  }
  const CommandResult result =
      RunTqdb({"import", "c", dir_.Write("a.jsonl", text), "--no-progress"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("a.jsonl:1102: "), HasSubstr("continue with --skip 1100"),
                                HasSubstr("--skip 1101")));
  EXPECT_EQ(RunTqdb({"get", "c", "0", "1099"}).code, 0);
  EXPECT_EQ(RunTqdb({"import", "c", dir_.File("a.jsonl"), "--skip", "1101"}).code, 0);
  EXPECT_EQ(Count("c"), 1999u);
  const CommandResult beyond = RunTqdb({"import", "c", dir_.File("a.jsonl"), "--skip", "2001"});
  EXPECT_EQ(beyond.code, 1);
  EXPECT_THAT(beyond.err, HasSubstr("has 2000 rows"));
}

TEST_F(CliImportTest, ABadLineLeavesTheLinesBeforeItStored) {
  MakeCollection("c");
  const std::string path =
      dir_.Write("a.jsonl", Line(0, RandomVector(0)) + Line(1, RandomVector(1)) + "{\"id\": 4}\n");
  const CommandResult result = RunTqdb({"import", "c", path, "--no-progress"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("a.jsonl:3: "), HasSubstr("--skip 2")));
  EXPECT_EQ(Count("c"), 2u);
}

TEST_F(CliImportTest, TheLastRowOfAnIdWins) {
  MakeCollection("c");
  const std::string path = dir_.Write(
      "a.jsonl", Line(7, RandomVector(1)) + Line(8, RandomVector(2)) + Line(7, RandomVector(3)));
  for (const char* size : {"1", "2", "256"}) {
    const Json done = RunJsonLine({"import", "c", path, "--batch-size", size});
    EXPECT_EQ(done["bad_rows"], 0);
    const Json point = RunJsonLine({"get", "c", "7", "--with-vectors"});
    EXPECT_NEAR(point["vector"][0].get<float>(), RandomVector(3)[0], 1e-4);
  }
  EXPECT_EQ(Count("c"), 2u);
}

TEST_F(CliImportTest, NothingIsWrittenIfIdsWouldWrap) {
  WriteRows();
  RunJsonLine({"create", "c", "--dim", absl::StrCat(kDim)});
  EXPECT_EQ(RunTqdb({"import", "c", dir_.File("rows.npy"), "--id-start=-1"}).code, 2);
  EXPECT_EQ(
      RunTqdb({"import", "c", dir_.File("rows.npy"), "--id-start", "18446744073709551000"}).code,
      1);
  EXPECT_EQ(Count("c"), 0u);
}

TEST_F(CliImportTest, TakesDataSetsWithOtherNames) {
  std::string text;
  for (int i = 0; i < 5; ++i) {
    text += absl::StrCat("{\"_id\":\"doc-", i, "\",\"embedding\":[",
                         absl::StrJoin(RandomVector(static_cast<uint64_t>(i)), ","),
                         "],\"title\":\"t", i, "\"}\n");
  }
  const std::string path = dir_.Write("a.jsonl", text);
  EXPECT_EQ(RunJsonLine({"import", "c", path, "--create", "--id-field", "_id", "--vector-field",
                         "embedding", "--payload-rest", "--hash-ids"})["inserted"],
            5);
  const Json point = RunJsonLine({"get", "c", "ae0ae5ea-2b92-5e5e-991d-68de331bfb81"});
  EXPECT_EQ(point["payload"], Json::parse(R"({"_id":"doc-1","title":"t1"})"));
}

TEST_F(CliImportTest, SurvivesCutsAndAKilledServer) {
  MakeCollection("c");
  const std::string path = WriteLines("a.jsonl", 12000, 100);
  FaultyProxy proxy(server_->port());
  auto process = Process::Start({TQDB_CLI_BINARY, "--address", proxy.address(), "import", "c", path,
                                 "--keep-going", "--batch-size", "16", "--window", "4", "--json"},
                                dir_.File("import.out"), dir_.File("import.err"));
  ASSERT_TRUE(process.ok()) << process.status();
  const auto await_count = [this](uint64_t rows) {
    for (int i = 0; i < 600 && Count("c") < rows; ++i) absl::SleepFor(absl::Milliseconds(20));
  };
  for (uint64_t rows : {500, 1000, 1500}) {
    await_count(rows);
    proxy.Cut();
  }
  await_count(2500);
  server_->Kill();
  proxy.Cut();
  auto server = ServerProcess::Start(testing::BuiltServer(
      {.data_directory = dir_.File("data"), .log_path = dir_.File("server.log")}));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  proxy.set_target(server_->port());

  const absl::StatusOr<int> code = process->Wait(absl::Seconds(120));
  ASSERT_TRUE(code.ok()) << code.status() << dir_.Read("import.err");
  EXPECT_EQ(*code, 1);
  const Json report = Json::parse(dir_.Read("import.out"), nullptr, false);
  ASSERT_TRUE(report.is_object()) << dir_.Read("import.err");
  EXPECT_EQ(report["bad_rows"], 120);
  EXPECT_EQ(report["rows_in_doubt"], 0);
  EXPECT_GE(report["reconnects"], 1);
  EXPECT_EQ(report["resume_at_row"], 12000);
  EXPECT_EQ(Count("c"), 11880u);
}

TEST_F(CliImportTest, GivesUpAfterTheStatedTime) {
  MakeCollection("c");
  const std::string path = WriteLines("a.jsonl", 50000, 0);
  auto process = Process::Start({TQDB_CLI_BINARY, "--address", server_->address(), "import", "c",
                                 path, "--batch-size", "8", "--retry-for", "2s", "--no-progress"},
                                dir_.File("import.out"), dir_.File("import.err"));
  ASSERT_TRUE(process.ok());
  for (int i = 0; i < 600 && Count("c") < 100; ++i) absl::SleepFor(absl::Milliseconds(20));
  server_->Kill();
  const absl::StatusOr<int> code = process->Wait(absl::Seconds(60));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 1);
  EXPECT_THAT(dir_.Read("import.err"),
              AllOf(HasSubstr("gave up after 2s"), HasSubstr("continue with --skip ")));
}

// The client leaves a connection that swallows everything, without a word from the other side.
TEST_F(CliImportTest, LeavesADeadConnection) {
  FaultyProxy proxy(server_->port());
  auto client = client::Client::Connect({.address = proxy.address(), .timeout = absl::Seconds(60)});
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE((*client)->GetServerInfo().ok());
  proxy.Freeze();
  const absl::Time start = absl::Now();
  const auto info = (*client)->GetServerInfo();
  EXPECT_TRUE(info.ok()) << info.status();
  EXPECT_LT(absl::Now() - start, absl::Seconds(30));
  EXPECT_EQ(proxy.connections(), 2);
}

class CliPipeTest : public CliImportTest {
 protected:
  void SetUp() override {
    CliImportTest::SetUp();
    MakeCollection("c");
    ASSERT_EQ(mkfifo(dir_.File("pipe").c_str(), 0600), 0);
    pipe_ = open(dir_.File("pipe").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(pipe_, 0);
    auto process = Process::Start({TQDB_CLI_BINARY, "--address", server_->address(), "import", "c",
                                   dir_.File("pipe"), "--format", "jsonl", "--no-progress"},
                                  dir_.File("import.out"), dir_.File("import.err"));
    ASSERT_TRUE(process.ok());
    process_.emplace(*std::move(process));
  }
  void TearDown() override {
    close(pipe_);
    CliImportTest::TearDown();
  }
  void WriteRow(uint64_t id) {
    const std::string line = Line(id, RandomVector(id));
    ASSERT_EQ(write(pipe_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }

  int pipe_ = -1;
  std::optional<Process> process_;
};

TEST_F(CliPipeTest, RowsAreSentBeforeABatchIsFull) {
  for (uint64_t i = 0; i < 50; ++i) WriteRow(i);
  const absl::Time start = absl::Now();
  while (Count("c") < 50 && absl::Now() - start < absl::Seconds(10)) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(Count("c"), 50u);
  process_->Signal(SIGINT);
  const absl::StatusOr<int> code = process_->Wait(absl::Seconds(20));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 130);
  EXPECT_THAT(dir_.Read("import.out"), HasSubstr("50 rows acknowledged"));
  EXPECT_THAT(dir_.Read("import.err"), AllOf(HasSubstr("interrupted"), HasSubstr("--skip 50"),
                                             Not(HasSubstr("system call"))));
}

TEST_F(CliPipeTest, AnInterruptBeforeTheFirstRowIsReported) {
  absl::SleepFor(absl::Milliseconds(500));
  process_->Signal(SIGINT);
  const absl::StatusOr<int> code = process_->Wait(absl::Seconds(20));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 130);
  EXPECT_THAT(dir_.Read("import.err"), HasSubstr("continue with --skip 0"));
}

}  // namespace cli_import_test
}  // namespace tqdb::e2e
