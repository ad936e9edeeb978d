// A session with the real `tqdb` against the real server, as a user types it.
#include "tests/e2e/cli_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/output/json.h"
#include "client/cli/output/npy_writer.h"
#include "client/cpp/client.h"
#include "tests/support/built_server.h"
#include "tests/support/temp_dir.h"

namespace tqdb::e2e {
namespace cli_session_test {

using ::testing::HasSubstr;
TEST_F(CliSessionTest, DescribesServerAndCollections) {
  EXPECT_TRUE(RunJson({"list"}).empty());
  EXPECT_THAT(RunTqdb({"list"}).out, HasSubstr("No collections"));
  const Json status = RunJsonLine({"status"});
  EXPECT_EQ(status["data_directory"], dir_.File("data"));
  EXPECT_GT(status["max_batch_points"], 0);
  EXPECT_GE(RunJsonLine({"ping"})["round_trip_ms"], 0.0);

  const Json created =
      RunJsonLine({"create", "films", "--space", "name=title,dim=16,metric=dot", "--space",
                   "name=poster,dim=24,code-bits=2,store-vectors=none", "--metadata", "model=m1"});
  EXPECT_EQ(created["name"], "films");
  ASSERT_EQ(created["vector_spaces"].size(), 2u);
  EXPECT_EQ(created["metadata"]["model"], "m1");
  const Json info = RunJsonLine({"info", "films"});
  for (const Json& space : info["vector_spaces"]) {
    const bool title = space["name"] == "title";
    EXPECT_EQ(space["dim"], title ? 16 : 24);
    EXPECT_EQ(space["metric"], title ? "dot" : "cosine");
    EXPECT_EQ(space["code_bits"], title ? 4 : 2);
    EXPECT_EQ(space["store_vectors"], title ? "f32" : "none");
    EXPECT_GT(space["code_bytes"], 0);
  }
  EXPECT_EQ(info["status"], "ready");
  EXPECT_EQ(RunJsonLine({"update", "films", "--metadata", "owner=me"})["metadata"],
            Json::parse(R"({"owner":"me"})"));
  EXPECT_EQ(RunJson({"list"}).size(), 1u);
  EXPECT_THAT(RunTqdb({"info", "films"}).out, HasSubstr("poster"));

  const CommandResult again = RunTqdb({"create", "films", "--dim", "8", "--json"});
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(Json::parse(again.err)["error"]["code"], "ALREADY_EXISTS");
  EXPECT_EQ(RunTqdb({"drop", "films"}).code, 2);  // not confirmed
  EXPECT_EQ(RunJsonLine({"drop", "films", "--yes"})["dropped"], "films");
  EXPECT_EQ(RunTqdb({"info", "films"}).code, 1);
}

TEST_F(CliSessionTest, ImportsSearchesAndDeletes) {
  ImportRows();
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], kRows);
  // The second import replaces everything. Rows can be skipped.
  const Json again = RunJsonLine({"import", "books", dir_.File("rows.npy"), "--payloads",
                                  dir_.File("rows.jsonl.gz"), "--skip", "900"});
  EXPECT_EQ(again["replaced"], 100);
  EXPECT_EQ(again["inserted"], 0);

  for (const std::vector<std::string>& mode :
       {std::vector<std::string>{}, {"--exact"}, {"--rerank"}}) {
    std::vector<std::string> arguments = {
        "search",  "books", "--vector-file", dir_.File("rows.npy"), "--row", "321",
        "--limit", "5",     "--with-payload"};
    arguments.insert(arguments.end(), mode.begin(), mode.end());
    const Json hits = RunJsonLine(arguments);
    ASSERT_EQ(hits["points"].size(), 5u);
    EXPECT_EQ(hits["points"][0]["id"], 321);
    EXPECT_NEAR(hits["points"][0]["score"].get<double>(), 1, mode.empty() ? 0.05 : 1e-5);
    EXPECT_EQ(hits["points"][0]["payload"]["text"], "größe 321");
    for (size_t i = 1; i < 5; ++i) {
      EXPECT_LE(hits["points"][i]["score"], hits["points"][i - 1]["score"]);
    }
  }
  EXPECT_EQ(RunJsonLine({"search", "books", "--id", "77"})["points"][0]["id"], 77);
  Json vector = Json::array();
  for (float x : RandomVector(5)) vector.push_back(x);
  EXPECT_EQ(RunJsonLine({"search", "books", "--vector", vector.dump()})["points"][0]["id"], 5);
  EXPECT_EQ(RunJsonLine({"search", "books", "--id", "77", "--exact", "--score-threshold",
                         "0.999"})["points"]
                .size(),
            1u);
  const std::vector<Json> all = RunJson(
      {"search", "books", "--vector-file", dir_.File("rows.npy"), "--limit", "1", "--rerank"});
  ASSERT_EQ(all.size(), kRows);
  for (uint64_t i = 0; i < kRows; ++i) {
    EXPECT_EQ(all[i]["query"], i);
    EXPECT_EQ(all[i]["points"][0]["id"], i);
  }
  EXPECT_THAT(RunTqdb({"search", "books", "--id", "77", "--with-payload"}).out,
              HasSubstr("größe 77"));

  EXPECT_EQ(RunJsonLine({"delete", "books", "77", "78", "78", "123456"})["deleted"], 2);
  const CommandResult missing = RunTqdb({"get", "books", "76", "77", "--json"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(Json::parse(missing.out)["payload"]["row"], 76);
  EXPECT_EQ(Json::parse(missing.err)["error"]["code"], "NOT_FOUND");
  EXPECT_EQ(RunTqdb({"search", "books", "--id", "77"}).code, 1);
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], kRows - 2);
}

TEST_F(CliSessionTest, ExportsWhatItImports) {
  ImportRows();
  const std::string lines = dir_.File("out.jsonl");
  EXPECT_EQ(RunJsonLine({"export", "books", lines})["rows"], kRows);
  EXPECT_EQ(RunJsonLine({"import", "copy", lines, "--create"})["inserted"], kRows);
  const std::string again = dir_.File("again.jsonl");
  EXPECT_EQ(RunJsonLine({"export", "copy", again})["rows"], kRows);
  EXPECT_EQ(dir_.Read("out.jsonl"), dir_.Read("again.jsonl"));

  const std::string array = dir_.File("out.npy");
  EXPECT_EQ(RunJsonLine({"export", "books", array})["files"].size(), 3u);
  EXPECT_EQ(dir_.Read("out.npy"), dir_.Read("rows.npy"));
  RunJsonLine({"import", "third", array, "--create", "--ids", dir_.File("out.ids.txt"),
               "--payloads", dir_.File("out.payloads.jsonl")});
  EXPECT_EQ(RunTqdb({"export", "third", "-"}).out, dir_.Read("out.jsonl"));
  const Json point = RunJsonLine({"get", "third", "999", "--with-vectors"});
  EXPECT_EQ(point["vector"].size(), kDim);
  EXPECT_EQ(static_cast<float>(point["vector"][0].get<double>()), RandomVector(999)[0]);
}

// Rows 100 to 199 and nothing else.
constexpr char kHundreds[] = R"({"must":[{"key":"row","range":{"gte":100,"lt":200}}]})";

TEST_F(CliSessionTest, FiltersEverywhere) {
  ImportRows();
  EXPECT_EQ(RunJsonLine({"count", "books", "--filter", kHundreds})["count"], 100);
  const std::string file = dir_.Write("filter.json", kHundreds);
  EXPECT_EQ(RunJsonLine({"count", "books", "--filter", "@" + file})["count"], 100);

  const Json hits = RunJsonLine(
      {"search", "books", "--id", "7", "--limit", "200", "--with-payload", "--filter", kHundreds});
  ASSERT_EQ(hits["points"].size(), 100u);
  for (const Json& hit : hits["points"]) {
    EXPECT_GE(hit["payload"]["row"], 100);
    EXPECT_LT(hit["payload"]["row"], 200);
  }

  const std::vector<Json> first = RunJson({"scroll", "books", "--limit", "3"});
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[2]["id"], 2);
  const std::vector<Json> scrolled =
      RunJson({"scroll", "books", "--filter", kHundreds, "--limit", "1000", "--with-vectors"});
  ASSERT_EQ(scrolled.size(), 100u);
  EXPECT_EQ(scrolled[99]["id"], 199);
  EXPECT_EQ(scrolled[99]["vector"].size(), kDim);
  EXPECT_THAT(RunTqdb({"scroll", "books", "--limit", "3"}).out, HasSubstr("größe 2"));

  EXPECT_EQ(RunJsonLine({"export", "books", dir_.File("h.jsonl"), "--filter", kHundreds})["rows"],
            100);

  EXPECT_EQ(RunTqdb({"delete", "books", "--filter", kHundreds}).code, 2);  // not confirmed
  EXPECT_EQ(RunJsonLine({"delete", "books", "--filter", kHundreds, "--dry-run"})["would_delete"],
            100);
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], kRows);
  EXPECT_EQ(RunJsonLine({"delete", "books", "--filter", kHundreds, "--yes"})["deleted"], 100);
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], kRows - 100);
  EXPECT_THAT(RunTqdb({"delete", "books", "--filter", "{}", "--yes"}).err,
              HasSubstr("INVALID_ARGUMENT"));
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], kRows - 100);
  EXPECT_THAT(RunTqdb({"scroll", "books", "--filter", kHundreds}).out, HasSubstr("No points"));
}

TEST_F(CliSessionTest, SamplesThatASeedDrawsAgain) {
  ImportRows();
  const auto ids = [&](const std::vector<std::string>& arguments) {
    std::set<uint64_t> distinct;
    for (const Json& point : RunJson(arguments)) {
      EXPECT_EQ(point["payload"]["row"], point["id"]);
      distinct.insert(point["id"].get<uint64_t>());
    }
    return distinct;
  };
  const std::set<uint64_t> sample = ids({"sample", "books", "--limit", "30", "--seed", "5"});
  EXPECT_EQ(sample.size(), 30u);
  EXPECT_EQ(ids({"sample", "books", "--limit", "30", "--seed", "5"}), sample);
  EXPECT_NE(ids({"sample", "books", "--limit", "30", "--seed", "6"}), sample);
  const std::set<uint64_t> some = ids({"sample", "books", "--limit", "30", "--filter", kHundreds});
  EXPECT_EQ(some.size(), 30u);
  EXPECT_GE(*some.begin(), 100u);
  EXPECT_LT(*some.rbegin(), 200u);
  EXPECT_EQ(ids({"sample", "books", "--limit", "500", "--filter", kHundreds}).size(), 100u);
  EXPECT_THAT(RunTqdb({"sample", "books", "--limit", "2", "--seed", "5"}).out,
              HasSubstr("2 of 1,000 points; --seed 5 draws the same again."));
}

TEST_F(CliSessionTest, CompressedLinesRoundTripAndBadOnesAreReported) {
  ImportRows();
  EXPECT_EQ(RunJsonLine({"export", "books", dir_.File("out.jsonl.gz")})["rows"], kRows);
  EXPECT_EQ(dir_.Read("out.jsonl.gz").substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(RunJsonLine({"import", "copy", dir_.File("out.jsonl.gz"), "--create"})["inserted"],
            kRows);
  EXPECT_EQ(RunTqdb({"export", "copy", "-"}).out, RunTqdb({"export", "books", "-"}).out);

  const std::string bad = dir_.Write("bad.jsonl",
                                     "{\"id\": 1, \"vector\": [1,1,1,1,1,1,1,1]}\n"
                                     "{\"id\": 2, \"vector\": [1,1,\n"
                                     "{\"id\": 3, \"vector\": [1,1,1,1,1,1,1,2]}\n");
  const CommandResult stopped = RunTqdb({"import", "small", bad, "--create", "--batch-size", "1"});
  EXPECT_EQ(stopped.code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("bad.jsonl:2: not valid JSON at byte"));
  EXPECT_THAT(stopped.err, HasSubstr("continue with --skip 1"));
  EXPECT_EQ(RunJsonLine({"count", "small"})["count"], 1);
  const CommandResult passed = RunTqdb({"import", "small", bad, "--keep-going", "--json"});
  EXPECT_EQ(passed.code, 1);
  const Json report = Json::parse(passed.out, nullptr, false);
  EXPECT_EQ(report["acknowledged"], 2);
  EXPECT_EQ(report["bad_rows"], 1);
  EXPECT_THAT(passed.err, HasSubstr("bad.jsonl:2: "));
  EXPECT_EQ(RunJsonLine({"count", "small"})["count"], 2);
}

TEST_F(CliSessionTest, TakesUuidsAndNamedVectors) {
  const std::string uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  std::string text;
  for (int i = 0; i < 3; ++i) {
    text += absl::StrCat("{\"id\":\"", uuid.substr(0, 35), i, "\",\"vectors\":{\"a\":[", i + 1,
                         ",1,1,1,1,1,1,1],\"b\":[1,1,1,1,1,1,1,1,", i, "]},\"payload\":{\"i\":", i,
                         "}}\n");
  }
  EXPECT_EQ(RunJsonLine({"import", "c", dir_.Write("x.jsonl", text), "--create", "--metric",
                         "dot"})["inserted"],
            3);
  const Json hit = RunJsonLine({"search", "c", "--vector-name", "b", "--vector",
                                "[0,0,0,0,0,0,0,0,1]", "--limit", "1", "--with-payload"});
  EXPECT_EQ(hit["points"][0]["payload"]["i"], 2);
  EXPECT_EQ(RunJsonLine({"get", "c", uuid.substr(0, 35) + "1"})["payload"]["i"], 1);
}

TEST_F(CliSessionTest, ARefusedRowIsNamedAndWritesNothing) {
  RunJsonLine({"create", "books", "--dim", absl::StrCat(kDim + 1)});
  WriteRows();
  const CommandResult result = RunTqdb({"import", "books", dir_.File("rows.npy"), "--no-progress"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("rows.npy: row 0: "));
  EXPECT_THAT(result.err, HasSubstr("INVALID_ARGUMENT"));
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], 0);
  EXPECT_EQ(RunTqdb({"import", "absent", dir_.File("rows.npy")}).code, 1);
}

TEST_F(CliSessionTest, AnInterruptedImportSaysWhatIsStored) {
  // More rows than a second can write, in tiny batches.
  auto writer = client::NpyWriter::Open(dir_.File("many.npy"), kDim);
  ASSERT_TRUE(writer.ok());
  for (uint64_t i = 0; i < 300000; ++i) ASSERT_TRUE(writer->Append(RandomVector(i % 100)).ok());
  ASSERT_TRUE(writer->Finish().ok());
  auto process = Process::Start(
      {TQDB_CLI_BINARY, "--address", server_->address(), "import", "books", dir_.File("many.npy"),
       "--create", "--batch-size", "4", "--window", "2", "--json"},
      dir_.File("import.out"), dir_.File("import.err"));
  ASSERT_TRUE(process.ok());
  // Interrupted when something is stored.
  for (int i = 0; i < 1000; ++i) {
    const CommandResult count = RunTqdb({"count", "books"});
    if (count.code == 0 && count.out != "0\n") break;
  }
  process->Signal(SIGINT);
  const absl::StatusOr<int> code = process->Wait(absl::Seconds(60));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 130) << dir_.Read("import.err");
  const Json report = Json::parse(dir_.Read("import.out"), nullptr, false);
  ASSERT_TRUE(report.is_object()) << dir_.Read("import.out");
  EXPECT_EQ(report["interrupted"], true);
  EXPECT_EQ(report["rows_in_doubt"], 0);
  EXPECT_GT(report["acknowledged"], 0);
  EXPECT_LT(report["acknowledged"], 300000);
  EXPECT_EQ(report["resume_at_row"], report["acknowledged"]);
  EXPECT_EQ(RunJsonLine({"count", "books"})["count"], report["acknowledged"]);
}

// Acts as `tqdb-server & tqdb ...` in a script. This is not in transport_test, because a gRPC
// server in the process of the client would do the waiting for the client.
TEST(ClientTest, RepeatsACallUntilAServerThatStartsListens) {
  testing::TempDir dir;
  auto server = ServerProcess::Spawn(testing::BuiltServer(
      {.data_directory = dir.File("data"), .log_path = dir.File("server.log")}));
  ASSERT_TRUE(server.ok()) << server.status();
  // More attempts than by default, for a machine on which the start takes a second.
  auto client = client::Client::Connect({.address = (*server)->address(), .max_attempts = 6});
  ASSERT_TRUE(client.ok()) << client.status();
  const auto collections = (*client)->ListCollections();
  EXPECT_TRUE(collections.ok()) << collections.status();
}

}  // namespace cli_session_test
}  // namespace tqdb::e2e
