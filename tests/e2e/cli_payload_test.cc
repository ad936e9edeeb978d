// Payload indexes, edits of payloads, facets, and searches beyond the plain one, with the real
// `tqdb` and the C++ client against the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cpp/client.h"
#include "tests/e2e/cli_session.h"

namespace tqdb::e2e {
namespace cli_payload_test {

using ::testing::HasSubstr;

// A payload for each row of rows.npy: point i has the shelf i % 5 ("A" to "E") and the year 1900 +
// i.
class CliPayloadTest : public CliSessionTest {
 protected:
  void SetUp() override {
    CliSessionTest::SetUp();
    auto client = client::Client::Connect({.address = server_->address()});
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    client::CollectionConfig config;
    config.vector_spaces.push_back({.dim = kDim});
    ASSERT_TRUE(client_->CreateCollection("books", config).ok());
    std::vector<client::Point> points;
    for (uint64_t i = 0; i < kBooks; ++i) {
      points.push_back({client::PointId::Number(i),
                        {{"", RandomVector(i)}},
                        absl::StrCat(R"({"shelf":")", Shelf(i), R"(","year":)", 1900 + i, "}")});
    }
    const auto stored = client_->Upsert("books", points);
    ASSERT_TRUE(stored.ok()) << stored.status();
  }

  static std::string Shelf(uint64_t i) { return std::string(1, static_cast<char>('A' + i % 5)); }
  Json Payload(uint64_t id) { return RunJsonLine({"get", "books", absl::StrCat(id)})["payload"]; }
  static std::vector<uint64_t> Ids(const Json& points) {
    std::vector<uint64_t> ids;
    for (const Json& point : points) ids.push_back(point["id"].get<uint64_t>());
    return ids;
  }

  static constexpr uint64_t kBooks = 100;
  std::unique_ptr<client::Client> client_;
};

constexpr char kShelfB[] = R"({"must":[{"key":"shelf","match":{"value":"B"}}]})";

TEST_F(CliPayloadTest, IndexesComeAreListedAndGo) {
  EXPECT_THAT(RunTqdb({"index", "list", "books"}).out, HasSubstr("No payload indexes"));
  EXPECT_TRUE(RunJsonLine({"info", "books"})["payload_indexes"].empty());
  const Json created = RunJsonLine({"index", "create", "books", "shelf", "keyword"});
  EXPECT_EQ(created["key"], "shelf");
  EXPECT_EQ(created["kind"], "keyword");
  EXPECT_EQ(created["points"], kBooks);
  EXPECT_EQ(created["ready"], true);
  EXPECT_THAT(RunTqdb({"index", "create", "books", "year", "integer"}).out,
              HasSubstr("Indexed year of 100 points"));
  EXPECT_EQ(RunJsonLine({"index", "create", "books", "note", "text", "--no-wait"})["kind"], "text");

  const std::vector<Json> list = RunJson({"index", "list", "books"});
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0]["key"], "note");
  EXPECT_EQ(list[1]["key"], "shelf");
  const std::string info = RunTqdb({"info", "books"}).out;
  EXPECT_THAT(info, HasSubstr("payload index"));
  EXPECT_THAT(info, HasSubstr("keyword"));
  EXPECT_EQ(RunJsonLine({"info", "books"})["payload_indexes"][2]["key"], "year");
  EXPECT_EQ(RunJsonLine({"count", "books", "--filter", kShelfB})["count"], 20);

  const CommandResult other = RunTqdb({"index", "create", "books", "shelf", "text", "--json"});
  EXPECT_EQ(other.code, 1);
  EXPECT_EQ(Json::parse(other.err)["error"]["code"], "ALREADY_EXISTS");
  EXPECT_EQ(RunJsonLine({"index", "delete", "books", "shelf"})["deleted"], "shelf");
  EXPECT_EQ(RunTqdb({"index", "delete", "books", "shelf"}).code, 1);
  EXPECT_EQ(RunJson({"index", "list", "books"}).size(), 2u);
  EXPECT_EQ(RunJsonLine({"count", "books", "--filter", kShelfB})["count"], 20);
}

TEST_F(CliPayloadTest, PayloadsAreEditedByIdsAndByFilter) {
  EXPECT_EQ(RunJsonLine({"payload", "set", "books", R"({"stars":5})", "--id", "1", "--id", "2",
                         "--id", "2", "--id", "99999"})["updated"],
            2);
  EXPECT_EQ(Payload(1), Json::parse(R"({"shelf":"B","year":1901,"stars":5})"));
  RunJsonLine({"payload", "set", "books", R"({"born":1903})", "--at", "author", "--id", "1"});
  EXPECT_EQ(Payload(1)["author"], Json::parse(R"({"born":1903})"));
  EXPECT_EQ(RunJsonLine({"payload", "delete-keys", "books", "author.born", "stars", "--id",
                         "1"})["updated"],
            1);
  EXPECT_EQ(Payload(1), Json::parse(R"({"shelf":"B","year":1901,"author":{}})"));
  const std::string file = dir_.Write("new.json", R"({"title":"Emma"})");
  RunJsonLine({"payload", "overwrite", "books", "@" + file, "--ids", dir_.Write("ids", "3\n4\n")});
  EXPECT_EQ(Payload(4), Json::parse(R"({"title":"Emma"})"));
  EXPECT_EQ(RunJsonLine({"payload", "clear", "books", "--id", "4"})["updated"], 1);
  EXPECT_FALSE(RunJsonLine({"get", "books", "4"}).contains("payload"));

  // A condition: of the two ids only 6 is on shelf B.
  EXPECT_EQ(RunJsonLine({"payload", "set", "books", R"({"lent":true})", "--id", "5", "--id", "6",
                         "--filter", kShelfB})["updated"],
            1);
  EXPECT_EQ(Payload(6)["lent"], true);

  const std::vector<std::string> all = {"payload",       "set",      "books",
                                        R"({"room":2})", "--filter", kShelfB};
  const auto with = [&](const std::string& flag) {
    std::vector<std::string> arguments = all;
    arguments.push_back(flag);
    return RunJsonLine(arguments);
  };
  EXPECT_EQ(RunTqdb(all).code, 2);  // not confirmed
  EXPECT_EQ(with("--dry-run")["would_update"], 20);
  EXPECT_FALSE(Payload(11).contains("room"));
  EXPECT_EQ(with("--yes")["updated"], 20);
  EXPECT_EQ(Payload(11)["room"], 2);
  EXPECT_FALSE(Payload(12).contains("room"));
  const CommandResult through =
      RunTqdb({"payload", "set", "books", R"({"a":1})", "--at", "shelf", "--id", "7"});
  EXPECT_EQ(through.code, 1);
  EXPECT_THAT(through.err, HasSubstr("FAILED_PRECONDITION"));
}

TEST_F(CliPayloadTest, FacetsCountWithAndWithoutAnIndex) {
  for (int i = 0; i < 2; ++i) {
    const std::vector<Json> counts = RunJson({"facet", "books", "shelf"});
    ASSERT_EQ(counts.size(), 5u);
    EXPECT_EQ(counts[0], Json::parse(R"({"value":"A","points":20})"));
    EXPECT_EQ(RunJson({"facet", "books", "shelf", "--limit", "2"}).size(), 2u);
    const std::vector<Json> some = RunJson({"facet", "books", "shelf", "--filter", kShelfB});
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some[0]["value"], "B");
    EXPECT_THAT(RunTqdb({"facet", "books", "shelf"}).out, HasSubstr("20  A"));
    RunJsonLine({"index", "create", "books", "shelf", "keyword"});
  }
  EXPECT_EQ(RunJson({"facet", "books", "year", "--limit", "1"})[0]["value"], 1900);
  EXPECT_THAT(RunTqdb({"facet", "books", "absent"}).out, HasSubstr("No values"));
}

TEST_F(CliPayloadTest, ScrollsByAKey) {
  EXPECT_EQ(RunTqdb({"scroll", "books", "--order-by", "year"}).code, 1);  // it has no index
  RunJsonLine({"index", "create", "books", "year", "integer"});
  const auto ids = [&](std::vector<std::string> arguments) {
    std::vector<uint64_t> out;
    for (const Json& point : RunJson(std::move(arguments)))
      out.push_back(point["id"].get<uint64_t>());
    return out;
  };
  EXPECT_EQ(ids({"scroll", "books", "--order-by", "year", "--limit", "3"}),
            (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(
      ids({"scroll", "books", "--order-by", "year", "--desc", "--limit", "3", "--filter", kShelfB}),
      (std::vector<uint64_t>{96, 91, 86}));
}

TEST_F(CliPayloadTest, SearchesWithOffsetExamplesDiversityAndGroups) {
  const std::vector<uint64_t> all =
      Ids(RunJsonLine({"search", "books", "--id", "7", "--exact"})["points"]);
  ASSERT_EQ(all.size(), 10u);
  EXPECT_EQ(all[0], 7u);
  EXPECT_EQ(Ids(RunJsonLine({"search", "books", "--id", "7", "--exact", "--limit", "4", "--offset",
                             "6"})["points"]),
            std::vector<uint64_t>(all.begin() + 6, all.end()));

  const std::vector<uint64_t> like =
      Ids(RunJsonLine({"search", "books", "--like", "7", "--exact", "--limit", "5"})["points"]);
  EXPECT_EQ(like, std::vector<uint64_t>(all.begin() + 1, all.begin() + 6));
  const std::vector<uint64_t> unlike = Ids(
      RunJsonLine({"search", "books", "--like", "7", "--like", "8", "--unlike", "9"})["points"]);
  EXPECT_EQ(unlike.size(), 10u);
  for (uint64_t example : {7, 8, 9})
    EXPECT_EQ(std::count(unlike.begin(), unlike.end(), example), 0);

  const auto with_mmr = [&](const std::string& diversity) {
    return Ids(RunJsonLine({"search", "books", "--id", "7", "--exact", "--mmr", diversity,
                            "--mmr-candidates", "50"})["points"]);
  };
  EXPECT_EQ(with_mmr("0"), all);
  EXPECT_NE(with_mmr("0.9"), all);
  EXPECT_EQ(with_mmr("0.9")[0], 7u);

  const Json grouped =
      RunJsonLine({"search", "books", "--id", "7", "--exact", "--group-by", "shelf", "--group-size",
                   "2", "--limit", "3", "--with-payload"});
  ASSERT_EQ(grouped["groups"].size(), 3u);
  EXPECT_EQ(grouped["groups"][0]["value"], "C");  // of 7
  EXPECT_EQ(grouped["groups"][0]["points"][0]["id"], 7);
  std::set<std::string> shelves;
  for (const Json& group : grouped["groups"]) {
    EXPECT_TRUE(shelves.insert(group["value"].get<std::string>()).second);
    ASSERT_EQ(group["points"].size(), 2u);
    for (const Json& point : group["points"]) EXPECT_EQ(point["payload"]["shelf"], group["value"]);
  }
  const CommandResult table = RunTqdb({"search", "books", "--id", "7", "--group-by", "shelf"});
  EXPECT_EQ(table.code, 0);
  EXPECT_THAT(table.out, HasSubstr("group"));
}

TEST_F(CliPayloadTest, SearchesByWords) {
  RunJsonLine({"payload", "set", "books", R"({"title":"The white whale"})", "--id", "3"});
  RunJsonLine(
      {"payload", "set", "books", R"({"title":"A whale of a time, in white"})", "--id", "4"});
  RunJsonLine({"payload", "set", "books", R"({"title":"White noise"})", "--id", "5"});
  const std::vector<std::string> search = {"search", "books",      "--text",
                                           "whale",  "--text-key", "title"};
  const CommandResult refused = RunTqdb(search);
  EXPECT_EQ(refused.code, 1) << "the key has no index";
  RunJsonLine({"index", "create", "books", "title", "text"});
  EXPECT_EQ(Ids(RunJsonLine(search)["points"]),
            (std::vector<uint64_t>{3, 4}));  // the shorter one first
  client::HybridQuery query;
  query.parts = {{{.vector = RandomVector(5), .limit = 20}},
                 {{.limit = 20, .text = client::TextQuery{"title", "white noise"}}}};
  const auto hits = client_->SearchHybrid("books", query);
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->at(0).id.number(), 5u);
}

TEST_F(CliPayloadTest, TheClientFusesSearches) {
  client::HybridQuery query;
  // Each part has one candidate.
  query.parts = {{{.vector = RandomVector(7), .limit = 1}},
                 {{.vector = RandomVector(8), .limit = 1}}};
  for (const bool weighted : {false, true}) {
    if (weighted) query.fusion = client::WeightedFusion();
    const auto hits = client_->SearchHybrid("books", query);
    ASSERT_TRUE(hits.ok()) << hits.status();
    ASSERT_EQ(hits->size(), 2u);
    EXPECT_EQ((*hits)[0].id.number() + (*hits)[1].id.number(), 15u);
    EXPECT_GE((*hits)[0].score, (*hits)[1].score);
  }
}

}  // namespace cli_payload_test
}  // namespace tqdb::e2e
