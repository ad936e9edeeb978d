// Sparse vectors and hybrid searches, with the real `tqdb` against the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/e2e/cli_session.h"

namespace tqdb::e2e {
namespace cli_hybrid_test {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kDocuments = 60;

// Document i has the dense vector RandomVector(i), the word w<i % 6>, and the sparse vector
// {i % 6: 1 + i / 100, 1000 + i: 1}; every tenth one has no dense vector.
class CliHybridTest : public CliSessionTest {
 protected:
  void SetUp() override {
    CliSessionTest::SetUp();
    std::string lines;
    for (uint64_t i = 0; i < kDocuments; ++i) {
      absl::StrAppend(&lines, "{\"id\":", i);
      if (i % 10 != 9) {
        absl::StrAppend(&lines, ",\"vector\":[", absl::StrJoin(RandomVector(i), ","), "]");
      }
      absl::StrAppend(&lines, ",\"sparse_vectors\":{\"terms\":{\"indices\":[", i % 6, ",", 1000 + i,
                      "],\"values\":[", 1 + static_cast<double>(i) / 100, ",1]}},",
                      "\"payload\":{\"body\":\"w", i % 6, " of ", i, "\"}}\n");
    }
    const Json done = RunJsonLine(
        {"import", "texts", dir_.Write("texts.jsonl", lines), "--create", "--sparse", "more:idf"});
    ASSERT_EQ(done["acknowledged"], kDocuments);
    RunJsonLine({"index", "create", "texts", "body", "text"});
  }

  std::vector<uint64_t> Search(const std::string& collection, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"search", collection});
    std::vector<uint64_t> ids;
    const Json found = RunJsonLine(arguments);
    for (const Json& point : found["points"]) ids.push_back(point["id"].get<uint64_t>());
    return ids;
  }
  static std::string Vector(uint64_t i) {
    return absl::StrCat("[", absl::StrJoin(RandomVector(i), ","), "]");
  }
};

constexpr char kTerm3[] = R"({"indices":[3],"values":[2]})";

TEST_F(CliHybridTest, SparseSpacesAreMadeAndDescribed) {
  const Json spaces = RunJsonLine({"info", "texts"})["sparse_spaces"];
  ASSERT_EQ(spaces.size(), 2u);
  EXPECT_EQ(spaces[0]["name"], "more");
  EXPECT_EQ(spaces[0]["modifier"], "idf");
  EXPECT_EQ(spaces[0]["rows"], 0);
  EXPECT_EQ(spaces[1]["name"], "terms");
  EXPECT_EQ(spaces[1]["modifier"], "none");
  EXPECT_EQ(spaces[1]["rows"], kDocuments);
  EXPECT_THAT(RunTqdb({"info", "texts"}).out, HasSubstr("sparse space"));
  EXPECT_THAT(RunTqdb({"list"}).out, HasSubstr("terms sparse"));
  const Json created = RunJsonLine({"create", "empty", "--dim", "8", "--sparse", "a:IDF"});
  EXPECT_EQ(created["sparse_spaces"][0]["modifier"], "idf");
  const CommandResult clash =
      RunTqdb({"create", "c", "--dim", "8", "--sparse", "a", "--sparse", "a"});
  EXPECT_EQ(clash.code, 1);
  EXPECT_THAT(clash.err, HasSubstr("'a' is also the name"));
}

TEST_F(CliHybridTest, SparseVectorsComeBackAndAreSearched) {
  const Json point = RunJsonLine({"get", "texts", "9", "--with-vectors"});
  EXPECT_FALSE(point.contains("vector"));
  EXPECT_EQ(point["sparse_vectors"]["terms"],
            Json::parse(R"({"indices":[3,1009],"values":[1.09,1.0]})"));
  EXPECT_THAT(RunTqdb({"get", "texts", "9", "--with-vectors"}).out,
              HasSubstr("terms{3: 1.09, 1009: 1}"));
  // The heaviest first: 57, 51, 45, ...
  EXPECT_THAT(Search("texts", {"--sparse", kTerm3, "--sparse-name", "terms", "--limit", "3"}),
              ElementsAre(57, 51, 45));
  EXPECT_THAT(Search("texts", {"--sparse", "@" + dir_.Write("q", kTerm3), "--sparse-name", "terms",
                               "--limit", "2", "--offset", "1"}),
              ElementsAre(51, 45));
  const CommandResult unknown =
      RunTqdb({"search", "texts", "--sparse", kTerm3, "--sparse-name", "nope"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("nope"));
}

TEST_F(CliHybridTest, PartsAreFused) {
  // Each part has its own best: 20 by the vector, 57 by the term.
  const std::vector<std::string> both = {"--vector",      Vector(20), "--sparse", kTerm3,
                                         "--sparse-name", "terms",    "--limit",  "2",
                                         "--candidates",  "2"};
  EXPECT_THAT(Search("texts", both), ::testing::UnorderedElementsAre(20, 57));
  std::vector<std::string> weighted = both;
  weighted.insert(weighted.end(), {"--fusion", "weighted", "--weights", "1,3"});
  EXPECT_THAT(Search("texts", weighted), ElementsAre(57, 20));
  weighted.back() = "3,1";
  EXPECT_THAT(Search("texts", weighted), ElementsAre(20, 57));

  // By a stored vector, by words and by terms; a filter holds for all of them.
  const std::vector<std::string> three = {
      "--id",          "20",    "--text",   "w2",
      "--text-key",    "body",  "--sparse", kTerm3,
      "--sparse-name", "terms", "--filter", R"({"must_not":[{"has_id":[20,57]}]})"};
  const std::vector<uint64_t> found = Search("texts", three);
  EXPECT_EQ(found.size(), 10u);
  EXPECT_THAT(found, Contains(51));
  EXPECT_THAT(found, Not(Contains(20)));
  EXPECT_THAT(found, Not(Contains(57)));
  EXPECT_THAT(RunTqdb({"search", "texts", "--id", "20", "--text", "w2", "--text-key", "body",
                       "--with-payload"})
                  .out,
              HasSubstr("w2 of 20"));
}

TEST_F(CliHybridTest, AnExportHoldsEverything) {
  for (const std::string name : {"copy.jsonl", "copy.jsonl.gz"}) {
    const std::string file = dir_.File(name);
    EXPECT_EQ(RunJsonLine({"export", "texts", file})["rows"], kDocuments);
    EXPECT_EQ(RunJsonLine({"import", "copy", file, "--create"})["acknowledged"], kDocuments);
    EXPECT_EQ(RunJson({"scroll", "copy", "--with-vectors", "--limit", "100"}),
              RunJson({"scroll", "texts", "--with-vectors", "--limit", "100"}));
    EXPECT_EQ(Search("copy", {"--sparse", kTerm3, "--sparse-name", "terms"}),
              Search("texts", {"--sparse", kTerm3, "--sparse-name", "terms"}));
    RunJsonLine({"drop", "copy", "--yes"});
  }
  const std::string sparse_alone =
      dir_.Write("s.jsonl", R"({"sparse_vectors":{"t":{"indices":[1],"values":[1]}}})");
  const CommandResult refused = RunTqdb({"import", "copy", sparse_alone, "--create"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("the first point has no dense vector"));
}

}  // namespace cli_hybrid_test
}  // namespace tqdb::e2e
