// Tests the services over real storage, called with plain values: no gRPC, no protobuf. They have
// the limits, pages and budgets of bytes that all protocols share.
#include "service/services.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/answer_size.h"
#include "tests/storage/fixture.h"

namespace tqdb::service {
namespace services_test {

using ::testing::HasSubstr;

constexpr size_t kDim = 8;

std::vector<float> VectorOf(uint64_t id) {
  std::vector<float> values(kDim);
  for (size_t i = 0; i < kDim; ++i) values[i] = static_cast<float>(id + i);
  return values;
}

class ServicesTest : public ::testing::Test {
 protected:
  ServicesTest() : database_(storage::MustOpen(directory_.path())) {
    storage::VectorSpaceConfig space = storage::SpaceOf("", kDim);
    space.codec.metric = Metric::kL2;
    storage::CollectionConfig config = storage::ConfigOf({space});
    EXPECT_TRUE(services_.collections.Create("c", config).ok());
  }

  // Upserts the points 1..count. Their payloads have `payload_bytes` bytes and a key n, the id
  // modulo 3.
  void Fill(uint64_t count, size_t payload_bytes = 0) {
    std::vector<storage::TestPoint> points;
    for (uint64_t id = 1; id <= count; ++id) {
      std::string payload = absl::StrCat("{\"n\":", id % 3, ",\"x\":\"");
      if (payload_bytes > payload.size()) payload.append(payload_bytes - payload.size() - 2, 'x');
      points.push_back({PointId::Number(id), {{"", VectorOf(id)}}, payload + "\"}"});
    }
    const std::shared_ptr<storage::Collection> collection = storage::MustGet(*database_, "c");
    ASSERT_TRUE(storage::UpsertPoints(*collection, points).ok());
  }
  static storage::Filter KeyIs(int64_t n) {
    storage::Filter filter;
    filter.must.push_back({storage::FieldCondition{"n", storage::MatchValue{n}}});
    return filter;
  }
  static Query Near(const std::vector<float>& vector, size_t limit) {
    Query query;
    query.find = VectorView::OfFloats(vector);
    query.spec.limit = limit;
    query.spec.exact = true;
    return query;
  }
  std::string Text(const absl::Status& status) { return std::string(status.message()); }

  storage::TempDirectory directory_;
  std::unique_ptr<storage::Database> database_;
  Admission admission_{AdmissionLimits()};
  Metrics metrics_{admission_};
  Services services_{*database_, metrics_, directory_.path(), size_t{64} << 20};
  const CallContext context_{CallContext::Options()};
};

// 250 points fill four pages of 70, and the 83 that match the filter fill two.
TEST_F(ServicesTest, ScrollsVisitEveryPointOnceInEitherOrder) {
  Fill(250);
  ASSERT_TRUE(services_.collections
                  .CreatePayloadIndex(context_, "c", "n", storage::FieldKind::kInteger, true)
                  .ok());
  for (const bool by_key : {false, true}) {
    for (const bool filtered : {false, true}) {
      ScrollRequest request{.collection = "c", .page_size = 70};
      if (by_key) request.order_by = storage::OrderSpec{"n", true};
      if (filtered) request.filter = KeyIs(2);
      std::vector<uint64_t> ids;
      std::string token;
      int pages = 0;
      do {
        request.page_token = token;
        const absl::StatusOr<PointPage> page = services_.points.Scroll(context_, request);
        ASSERT_TRUE(page.ok()) << page.status();
        for (const storage::PointRecord& point : page->points) ids.push_back(point.id.low);
        token = page->next_page_token;
        ++pages;
      } while (!token.empty());
      EXPECT_EQ(pages, filtered ? 2 : 4);
      EXPECT_TRUE(by_key || std::is_sorted(ids.begin(), ids.end()));
      std::sort(ids.begin(), ids.end());
      std::vector<uint64_t> expected;
      for (uint64_t id = 1; id <= 250; ++id) {
        if (!filtered || id % 3 == 2) expected.push_back(id);
      }
      EXPECT_EQ(ids, expected);
    }
  }
}

TEST_F(ServicesTest, ATokenOfOneOrderIsRefusedByTheOther) {
  Fill(20);
  ASSERT_TRUE(services_.collections
                  .CreatePayloadIndex(context_, "c", "n", storage::FieldKind::kInteger, true)
                  .ok());
  ScrollRequest by_id{.collection = "c", .page_size = 5}, by_key = by_id;
  by_key.order_by = storage::OrderSpec{"n"};
  const std::string id_token = services_.points.Scroll(context_, by_id)->next_page_token;
  const std::string key_token = services_.points.Scroll(context_, by_key)->next_page_token;
  by_id.page_token = key_token;
  by_key.page_token = id_token;
  for (const ScrollRequest& request : {by_id, by_key}) {
    const absl::Status status = services_.points.Scroll(context_, request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Text(status), HasSubstr("page_token is '"));
  }
  EXPECT_THAT(Text(services_.collections.List(5, id_token).status()), HasSubstr("page_token is '"));
}

// Clients of gRPC take messages of up to 4 MiB by default, and a page must fit. Three points of
// 900,000 bytes fit into 3 MiB, and a fourth does not.
TEST_F(ServicesTest, APageEndsBeforeThreeMebibytes) {
  Fill(10, 900'000);
  ScrollRequest request{.collection = "c", .select = {.payload = true}};
  std::string token;
  size_t points = 0;
  do {
    request.page_token = token;
    const PointPage page = services_.points.Scroll(context_, request).value();
    EXPECT_EQ(page.points.size(), points < 9 ? 3u : 1u);
    EXPECT_LE(AnswerBytes(page.points), size_t{3} << 20);
    points += page.points.size();
    token = page.next_page_token;
  } while (!token.empty());
  EXPECT_EQ(points, 10u);
}

TEST_F(ServicesTest, AnAnswerBeyondTheBudgetOfItsCallIsRefused) {
  Fill(200, 1'000);
  std::vector<PointId> ids;
  for (uint64_t id = 1; id <= 100; ++id) ids.push_back(PointId::Number(id));
  const std::vector<float> vector = VectorOf(1);
  Query query = Near(vector, 100);
  query.spec.select.payload = true;
  const storage::Select select{.payload = true};
  const size_t get_bytes = AnswerBytes(services_.points.Get(context_, "c", ids, select).value());
  const size_t search_bytes = AnswerBytes(services_.searches.Search(context_, "c", query).value());
  // Messages of a batch are a few bytes longer than the sum of its parts.
  const auto calls = [&](const CallContext& context) {
    return std::vector<absl::Status>{
        services_.points.Get(context, "c", ids, select).status(),
        services_.searches.Search(context, "c", query).status(),
        services_.searches.SearchBatch(context, "c", {query, query}).status(),
        services_.searches.SearchGroups(context, "c", query, {.key = "n", .group_size = 100})
            .status(),
        services_.searches
            .SearchHybrid(context, "c", {{query}, {query}}, {.limit = 100, .select = select})
            .status()};
  };
  EXPECT_GT(get_bytes, 100'000u);
  for (const absl::Status& status :
       calls(CallContext({.max_answer_bytes = 3 * std::max(get_bytes, search_bytes)}))) {
    EXPECT_TRUE(status.ok()) << status;
  }
  for (const absl::Status& status : calls(CallContext({.max_answer_bytes = 99'000}))) {
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  }
  // The bound holds to the byte, in the unit of answer_size.h.
  EXPECT_TRUE(
      services_.searches.Search(CallContext({.max_answer_bytes = search_bytes}), "c", query).ok());
  EXPECT_THAT(Text(services_.searches
                       .Search(CallContext({.max_answer_bytes = search_bytes - 1}), "c", query)
                       .status()),
              HasSubstr("the response has more than"));
}

// The size of vectors is known beforehand. So the answer can be refused without a search, even if
// fewer points might be found in the end.
TEST_F(ServicesTest, VectorsThatCannotFitAreRefusedBeforeTheyAreRead) {
  Fill(50);
  const std::vector<float> vector = VectorOf(1);
  Query query = Near(vector, 40);
  query.spec.select.vectors = true;
  const CallContext context({.max_answer_bytes = 39 * kDim * sizeof(float)});
  EXPECT_THAT(Text(services_.searches.Search(context, "c", query).status()),
              HasSubstr("the vectors of up to 40 hits take 1280 bytes"));
  query.spec.limit = 10'000;  // there are no more than 50
  EXPECT_THAT(Text(services_.searches.Search(context, "c", query).status()),
              HasSubstr("the vectors of up to 50 hits"));
  query.spec.limit = 20;
  EXPECT_THAT(Text(services_.searches.SearchBatch(context, "c", {query, query}).status()),
              HasSubstr("the vectors of up to 40 hits"));
}

// Queries with the same limit share a pass, so their answers come out of order and must be put
// back.
TEST_F(ServicesTest, ABatchAnswersEveryQueryInItsPlace) {
  Fill(60);
  std::vector<std::vector<float>> vectors;
  for (uint64_t id = 1; id <= 12; ++id) vectors.push_back(VectorOf(id));
  std::vector<Query> queries;
  for (size_t i = 0; i < vectors.size(); ++i) queries.push_back(Near(vectors[i], 1 + i % 3));
  const auto answers = services_.searches.SearchBatch(context_, "c", queries).value();
  ASSERT_EQ(answers.size(), queries.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    ASSERT_EQ(answers[i].size(), 1 + i % 3);
    EXPECT_EQ(answers[i][0].id, PointId::Number(i + 1));
    const auto alone = services_.searches.Search(context_, "c", queries[i]).value();
    for (size_t hit = 0; hit < alone.size(); ++hit) {
      EXPECT_EQ(answers[i][hit].id, alone[hit].id);
      EXPECT_EQ(answers[i][hit].score, alone[hit].score);
    }
  }
  EXPECT_THAT(metrics_.Serialize(nullptr), HasSubstr("tqdb_queries_total 24"));
}

TEST_F(ServicesTest, ABatchNamesTheQueriesThatAreWrong) {
  Fill(3);
  const std::vector<float> vector = VectorOf(1), wrong(kDim + 1);
  const auto error = [&](const std::vector<Query>& queries) {
    return Text(services_.searches.SearchBatch(context_, "c", queries).status());
  };
  EXPECT_EQ(error({}), "queries has 0 entries; allowed: 1..1000");
  EXPECT_EQ(error(std::vector<Query>(1001, Near(vector, 1))),
            "queries has 1001 entries; allowed: 1..1000");
  EXPECT_EQ(error(std::vector<Query>(11, Near(vector, 10'000))),
            "the limits of all queries add up to 110000; at most 100000 in one batch");
  EXPECT_THAT(error({Near(vector, 1), Near(wrong, 1)}),
              HasSubstr("queries[1].vector.values has 9 numbers"));
  std::vector<Query> queries(4, Near(vector, 1));
  queries[1].spec.oversampling = queries[3].spec.oversampling = 101;
  EXPECT_THAT(error(queries), HasSubstr("queries[1,3]: oversampling is 101"));
}

TEST_F(ServicesTest, ACallEndsBetweenItsStepsWhenItsCallerHasGone) {
  Fill(200);
  std::vector<PointId> ids;
  for (uint64_t id = 1; id <= 200; ++id) ids.push_back(PointId::Number(id));
  const std::vector<float> vector = VectorOf(1);
  std::vector<Query> queries;
  for (size_t limit = 1; limit <= 5; ++limit) queries.push_back(Near(vector, limit));
  // The context is asked before each step, and the caller is gone at the third question. A call
  // that went on regardless would ask a fourth time.
  int left = 0;
  const CallContext context({.cancelled = [&left] { return left-- == 0; }});
  const auto code = [&left](const auto& call) {
    left = 2;
    const absl::StatusCode code = call().status().code();
    EXPECT_EQ(left, -1);  // not asked again
    return code;
  };
  EXPECT_EQ(code([&] { return services_.points.Get(context, "c", ids, {}); }),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(
      code([&] { return services_.points.Scroll(context, {.collection = "c", .page_size = 200}); }),
      absl::StatusCode::kCancelled);
  EXPECT_EQ(code([&] { return services_.searches.SearchBatch(context, "c", queries); }),
            absl::StatusCode::kCancelled);
}

TEST_F(ServicesTest, DeletesAndEditsSayWhichPointsTheyMean) {
  Fill(9);
  const std::vector<PointId> one = {PointId::Number(1)};
  EXPECT_EQ(
      Text(services_.points.Delete(context_, {.collection = "c", .ids = one, .filter = KeyIs(1)})
               .status()),
      "both ids and filter are set; set one of them");
  EXPECT_EQ(Text(services_.points.Delete(context_, {.collection = "c"}).status()),
            "ids has 0 entries; allowed: 1..10000");
  EXPECT_EQ(Text(services_.points.UpdatePayload(context_, {.collection = "c"}).status()),
            "neither ids nor filter is set; to edit all payloads, set an empty filter");
  EXPECT_EQ(Text(services_.points.Get(context_, "c", {}, {}).status()),
            "ids has 0 entries; allowed: 1..10000");
  EXPECT_EQ(services_.points.Delete(context_, {.collection = "c", .filter = KeyIs(1)}).value(), 3u);
  EXPECT_EQ(services_.points.Delete(context_, {.collection = "c", .ids = one}).value(), 0u);
  EXPECT_EQ(services_.points
                .UpdatePayload(context_, {.collection = "c",
                                          .filter = storage::Filter(),
                                          .edit = {.json = R"({"n":5})"}})
                .value(),
            6u);
  const storage::Filter edited = KeyIs(5);
  EXPECT_EQ(services_.points.Count(context_, "c", &edited).value(), 6u);
  EXPECT_EQ(services_.points.Count(context_, "c", nullptr).value(), 6u);
  EXPECT_THAT(metrics_.Serialize(nullptr), HasSubstr("tqdb_points_total{operation=\"delete\"} 3"));
}

TEST_F(ServicesTest, AnUpsertIsBuiltForItsCollection) {
  const std::vector<float> vector = VectorOf(7);
  EXPECT_EQ(services_.points.BeginUpsert("none", 1).status().code(), absl::StatusCode::kNotFound);
  UpsertBuilder builder = services_.points.BeginUpsert("c", 1).value();
  ASSERT_TRUE(builder.AddPoint(PointId::Number(7), "").ok());
  ASSERT_TRUE(builder.AddVector("", VectorView::OfFloats(vector)).ok());
  const PreparedUpsert upsert = std::move(builder).Build(storage::Durability::kAsync).value();
  EXPECT_EQ(services_.points.Upsert("c", upsert)->inserted, 1u);
  EXPECT_EQ(services_.points.Upsert("c", upsert)->replaced, 1u);
  EXPECT_EQ(services_.searches.Search(context_, "c", Near(vector, 1)).value()[0].id,
            PointId::Number(7));
  EXPECT_THAT(metrics_.Serialize(nullptr), HasSubstr("tqdb_points_total{operation=\"upsert\"} 2"));
}

TEST_F(ServicesTest, FacetsHaveADefaultLimit) {
  Fill(9);
  EXPECT_EQ(services_.points.Facet(context_, {.collection = "c", .key = "n"})->size(), 3u);
  EXPECT_EQ(services_.points.Facet(context_, {.collection = "c", .key = "n", .limit = 2})->size(),
            2u);
  const CallContext small({.max_answer_bytes = 5});
  EXPECT_EQ(services_.points.Facet(small, {.collection = "c", .key = "n"}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ServicesTest, CollectionsComeInPagesByName) {
  const storage::CollectionConfig config = storage::ConfigOf({storage::SpaceOf("", kDim)});
  for (const char* name : {"b", "a", "d"}) {
    ASSERT_TRUE(services_.collections.Create(name, config).ok());
  }
  std::vector<std::string> names;
  std::string token;
  int pages = 0;
  do {
    const CollectionPage page = services_.collections.List(3, token).value();
    for (const storage::CollectionInfo& info : page.collections) names.push_back(info.name);
    token = page.next_page_token;
    // The last collection of a page may be deleted before the next page is asked for.
    if (++pages == 1) {
      ASSERT_TRUE(services_.collections.Delete("c").ok());
    }
  } while (!token.empty());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(pages, 2);
  EXPECT_THAT(Text(services_.collections.List(1001, "").status()), HasSubstr("1..1000"));
}

TEST_F(ServicesTest, TheServerTellsItsLimits) {
  const ServerInfo info = services_.admin.Info();
  EXPECT_EQ(info.data_directory, directory_.path());
  EXPECT_EQ(info.max_message_bytes, size_t{64} << 20);
  EXPECT_EQ(info.max_batch_points, storage::kMaxBatchPoints);
  EXPECT_EQ(info.max_limit, storage::kMaxTopK);
  EXPECT_FALSE(info.version.empty());
  EXPECT_FALSE(info.kernels.empty());
}

}  // namespace services_test
}  // namespace tqdb::service
