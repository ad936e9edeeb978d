// Tests searches of every kind, facets and ordered scrolls over gRPC. Each must reach storage as it
// was asked, and its answer must come back whole. tests/storage tests which points are found.
#include <string>
#include <vector>

#include "tests/server/test_server.h"

namespace tqdb::server {
namespace search_calls_test {

class SearchCallsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    CreateCollection("c");
    v1::UpsertRequest request;
    request.set_collection("c");
    for (uint64_t id = 0; id < 12; ++id) {
      AddPoint(id, static_cast<float>(id), &request)
          ->set_payload(absl::StrCat(R"({"color":")", id % 3 == 0 ? "red" : "blue", R"(","n":)",
                                     100 - id, R"(,"text":"word)", id, R"( of many","even":)",
                                     id % 2 == 0 ? "true" : "false", "}"));
    }
    v1::UpsertResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(points_->Upsert(&context, request, &response).ok());
  }
  void CreateIndex(const std::string& key, v1::PayloadIndexKind kind) {
    v1::CreatePayloadIndexRequest request;
    request.set_collection("c");
    request.set_key(key);
    request.set_kind(kind);
    v1::CreatePayloadIndexResponse response;
    grpc::ClientContext context;
    const grpc::Status status = collections_->CreatePayloadIndex(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  static v1::SearchQuery Query(uint32_t limit) {
    v1::SearchQuery query;
    query.mutable_vector()->set_f32(F32(3));
    query.set_limit(limit);
    return query;
  }
  grpc::Status Search(const v1::SearchQuery& query, std::vector<uint64_t>* ids = nullptr) {
    v1::SearchRequest request;
    request.set_collection("c");
    *request.mutable_query() = query;
    v1::SearchResponse response;
    grpc::ClientContext context;
    const grpc::Status status = points_->Search(&context, request, &response);
    if (ids != nullptr) *ids = Ids(response.points());
    return status;
  }
  template <typename Points>
  static std::vector<uint64_t> Ids(const Points& points) {
    std::vector<uint64_t> ids;
    for (const auto& point : points) ids.push_back(point.id().number());
    return ids;
  }
};

TEST_F(SearchCallsTest, OffsetDiversityAndExamplesArePartsOfAQuery) {
  std::vector<uint64_t> all, page;
  ASSERT_TRUE(Search(Query(12), &all).ok());
  v1::SearchQuery query = Query(4);
  query.set_offset(3);
  ASSERT_TRUE(Search(query, &page).ok());
  EXPECT_EQ(page, std::vector<uint64_t>(all.begin() + 3, all.begin() + 7));

  query = Query(3);
  query.mutable_mmr()->set_diversity(1);
  query.mutable_mmr()->set_candidates(12);
  std::vector<uint64_t> diverse;
  ASSERT_TRUE(Search(query, &diverse).ok());
  ASSERT_EQ(diverse.size(), 3u);
  EXPECT_EQ(diverse[0], all[0]);
  EXPECT_NE(diverse, std::vector<uint64_t>(all.begin(), all.begin() + 3));
  query.mutable_mmr()->set_diversity(2);
  EXPECT_EQ(Search(query).error_code(), grpc::StatusCode::INVALID_ARGUMENT);

  v1::SearchQuery like;
  like.set_limit(20);
  like.mutable_recommend()->add_positive()->set_number(3);
  like.mutable_recommend()->add_negative()->set_number(0);
  std::vector<uint64_t> found;
  ASSERT_TRUE(Search(like, &found).ok());
  EXPECT_EQ(found.size(), 10u);  // without the examples
  like.mutable_recommend()->add_positive()->set_number(99);
  const grpc::Status missing = Search(like);
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(missing.error_message().find("recommend.positive[1]: point 99"), std::string::npos);
  like.mutable_vector()->set_f32(F32(1));  // in place of the examples
  ASSERT_TRUE(Search(like, &found).ok());
  EXPECT_EQ(found.size(), 12u);
  like.clear_vector();
  EXPECT_EQ(Search(like).error_message(),
            "query.vector is empty; set f32, f16 or values, with 8 numbers");
}

TEST_F(SearchCallsTest, TextsAreFoundByTheirWords) {
  v1::SearchQuery query;
  query.set_limit(3);
  query.mutable_text()->set_key("text");
  query.mutable_text()->set_text("WORD7, word9");
  EXPECT_EQ(Search(query).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  CreateIndex("text", v1::PAYLOAD_INDEX_KIND_TEXT);
  std::vector<uint64_t> found;
  ASSERT_TRUE(Search(query, &found).ok());
  EXPECT_EQ(found, (std::vector<uint64_t>{7, 9}));
  v1::SearchBatchRequest batch;
  batch.set_collection("c");
  *batch.add_queries() = query;
  *batch.add_queries() = Query(2);
  *batch.add_queries() = query;
  v1::SearchBatchResponse results;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->SearchBatch(&context, batch, &results).ok());
  ASSERT_EQ(results.results_size(), 3);
  EXPECT_EQ(Ids(results.results(0).points()), found);
  EXPECT_EQ(results.results(1).points_size(), 2);
  EXPECT_EQ(Ids(results.results(2).points()), found);
  query.set_vector_name("title");
  EXPECT_EQ(Search(query).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SearchCallsTest, GroupsComeWithTheirValues) {
  v1::SearchGroupsRequest request;
  request.set_collection("c");
  *request.mutable_query() = Query(5);
  request.mutable_query()->mutable_select()->set_with_payload(true);
  request.set_group_by("color");
  request.set_group_size(2);
  v1::SearchGroupsResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->SearchGroups(&context, request, &response).ok());
  ASSERT_EQ(response.groups_size(), 2);
  for (const v1::PointGroup& group : response.groups()) {
    EXPECT_EQ(group.points_size(), 2);
    for (const v1::ScoredPoint& point : group.points()) {
      EXPECT_EQ(group.keyword(), point.id().number() % 3 == 0 ? "red" : "blue");
      EXPECT_FALSE(point.payload().empty());
    }
  }
  request.set_group_by("");
  grpc::ClientContext again;
  EXPECT_EQ(points_->SearchGroups(&again, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SearchCallsTest, HybridSearchesFuseVectorsTextsAndExamples) {
  CreateIndex("text", v1::PAYLOAD_INDEX_KIND_TEXT);
  v1::SearchHybridRequest request;
  request.set_collection("c");
  *request.add_parts()->mutable_query() = Query(6);
  v1::HybridPart* text = request.add_parts();
  text->mutable_query()->set_limit(6);
  text->mutable_query()->mutable_text()->set_key("text");
  text->mutable_query()->mutable_text()->set_text("word11");
  text->set_weight(10);
  v1::HybridPart* like = request.add_parts();
  like->mutable_query()->set_limit(6);
  like->mutable_query()->mutable_recommend()->add_positive()->set_number(5);
  request.set_limit(5);
  request.mutable_select()->set_with_payload(true);
  v1::SearchResponse response;
  grpc::ClientContext context;
  const grpc::Status status = points_->SearchHybrid(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.points_size(), 5);
  EXPECT_EQ(response.points(0).id().number(), 11u);  // its weight puts it first
  EXPECT_FALSE(response.points(0).payload().empty());
  request.mutable_weighted();
  grpc::ClientContext weighted;
  ASSERT_TRUE(points_->SearchHybrid(&weighted, request, &response).ok());
  request.mutable_parts(1)->mutable_query()->mutable_text()->set_key("none");
  grpc::ClientContext bad;
  const grpc::Status failed = points_->SearchHybrid(&bad, request, &response);
  EXPECT_EQ(failed.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(failed.error_message().find("parts[1]: key 'none'"), std::string::npos)
      << failed.error_message();
}

TEST_F(SearchCallsTest, FacetsCountValuesOfEveryType) {
  v1::FacetRequest request;
  request.set_collection("c");
  request.set_key("color");
  v1::FacetResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->Facet(&context, request, &response).ok());
  ASSERT_EQ(response.counts_size(), 2);
  EXPECT_EQ(response.counts(0).keyword(), "blue");
  EXPECT_EQ(response.counts(0).points(), 8u);
  request.set_key("even");
  grpc::ClientContext booleans;
  ASSERT_TRUE(points_->Facet(&booleans, request, &response).ok());
  EXPECT_TRUE(response.counts(0).has_boolean());
  request.set_key("n");
  request.set_limit(2);
  grpc::ClientContext integers;
  ASSERT_TRUE(points_->Facet(&integers, request, &response).ok());
  ASSERT_EQ(response.counts_size(), 2);
  EXPECT_EQ(response.counts(0).integer(), 89);
}

TEST_F(SearchCallsTest, OrderedScrollsGoOnFromTheirTokens) {
  CreateIndex("n", v1::PAYLOAD_INDEX_KIND_INTEGER);
  v1::ScrollRequest request;
  request.set_collection("c");
  request.set_page_size(5);
  request.mutable_order_by()->set_key("n");
  std::vector<uint64_t> scrolled;
  v1::ScrollResponse response;
  do {
    grpc::ClientContext context;
    const grpc::Status status = points_->Scroll(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const uint64_t id : Ids(response.points())) scrolled.push_back(id);
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  EXPECT_EQ(scrolled, (std::vector<uint64_t>{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
  request.set_page_token("p:7");
  grpc::ClientContext context;
  EXPECT_EQ(points_->Scroll(&context, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace search_calls_test
}  // namespace tqdb::server
