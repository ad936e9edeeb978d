// Tests sparse spaces, vectors and queries over gRPC: vectors may be sent in any order of indices
// and come back sorted, searches find them, and errors name the field.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/server/test_server.h"

namespace tqdb::server {
namespace sparse_calls_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void SetSparse(const std::vector<uint32_t>& indices, const std::vector<float>& values,
               v1::SparseVector* vector) {
  vector->mutable_indices()->Assign(indices.begin(), indices.end());
  vector->mutable_values()->Assign(values.begin(), values.end());
}

class SparseCallsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    v1::CreateCollectionRequest request;
    request.set_collection("c");
    request.mutable_config()->add_vector_spaces()->set_dim(kTestDim);
    request.mutable_config()->add_sparse_spaces()->set_name("terms");
    v1::SparseSpaceConfig* words = request.mutable_config()->add_sparse_spaces();
    words->set_name("words");
    words->set_modifier(v1::SPARSE_MODIFIER_IDF);
    v1::CreateCollectionResponse response;
    ASSERT_TRUE(Create(request, &response).ok());
    ASSERT_EQ(response.collection().config().sparse_spaces_size(), 2);
    EXPECT_EQ(response.collection().config().sparse_spaces(0).modifier(), v1::SPARSE_MODIFIER_NONE);
    EXPECT_EQ(response.collection().config().sparse_spaces(1).modifier(), v1::SPARSE_MODIFIER_IDF);

    // Point 1 has vectors of all kinds, with its indices in no order. Point 2 has sparse vectors
    // alone, and point 3 has a dense one alone.
    v1::UpsertRequest upsert;
    upsert.set_collection("c");
    AddSparse("terms", {30, 10, 20}, {3, 1, 2}, AddPoint(1, 1, &upsert));
    v1::Point* second = upsert.add_points();
    second->mutable_id()->set_number(2);
    AddSparse("words", {5}, {1}, second);
    AddSparse("terms", {10, 4'294'967'295}, {0.5f, -1}, second);
    AddPoint(3, 3, &upsert);
    const grpc::Status status = Upsert(upsert);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  grpc::Status Create(const v1::CreateCollectionRequest& request,
                      v1::CreateCollectionResponse* response) {
    grpc::ClientContext context;
    return collections_->CreateCollection(&context, request, response);
  }
  static void AddSparse(const std::string& space, const std::vector<uint32_t>& indices,
                        const std::vector<float>& values, v1::Point* point) {
    v1::NamedSparseVector* named = point->add_sparse_vectors();
    named->set_name(space);
    SetSparse(indices, values, named->mutable_vector());
  }
  static v1::SearchQuery Query(const std::string& space, const std::vector<uint32_t>& indices,
                               const std::vector<float>& values) {
    v1::SearchQuery query;
    query.set_limit(10);
    query.set_vector_name(space);
    SetSparse(indices, values, query.mutable_sparse());
    return query;
  }
  grpc::Status Search(const v1::SearchQuery& query, v1::SearchResponse* response = nullptr) {
    v1::SearchRequest request;
    request.set_collection("c");
    *request.mutable_query() = query;
    v1::SearchResponse ignored;
    grpc::ClientContext context;
    return points_->Search(&context, request, response != nullptr ? response : &ignored);
  }
};

TEST_F(SparseCallsTest, VectorsComeBackSortedAndAreFound) {
  v1::GetRequest get;
  get.set_collection("c");
  for (uint64_t id = 1; id <= 3; ++id) get.add_ids()->set_number(id);
  get.mutable_select()->set_with_vectors(true);
  v1::GetResponse got;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->Get(&context, get, &got).ok());
  ASSERT_EQ(got.points_size(), 3);
  ASSERT_EQ(got.points(0).sparse_vectors_size(), 1);
  EXPECT_EQ(got.points(0).sparse_vectors(0).name(), "terms");
  EXPECT_THAT(got.points(0).sparse_vectors(0).vector().indices(), ElementsAre(10, 20, 30));
  EXPECT_THAT(got.points(0).sparse_vectors(0).vector().values(), ElementsAre(1, 2, 3));
  EXPECT_EQ(got.points(1).vectors_size(), 0);
  EXPECT_EQ(got.points(1).sparse_vectors_size(), 2);
  EXPECT_EQ(got.points(2).sparse_vectors_size(), 0);

  v1::SearchQuery query = Query("terms", {30, 10}, {1, 2});
  query.mutable_select()->set_with_vectors(true);
  v1::SearchResponse found;
  ASSERT_TRUE(Search(query, &found).ok());
  ASSERT_EQ(found.points_size(), 2);
  EXPECT_EQ(found.points(0).id().number(), 1u);
  EXPECT_EQ(found.points(0).score(), 5);
  EXPECT_EQ(found.points(0).sparse_vectors_size(), 1);
  EXPECT_EQ(found.points(1).id().number(), 2u);
  EXPECT_EQ(found.points(1).score(), 1);

  v1::GetCollectionRequest info_request;
  info_request.set_collection("c");
  v1::GetCollectionResponse info;
  grpc::ClientContext info_context;
  ASSERT_TRUE(collections_->GetCollection(&info_context, info_request, &info).ok());
  ASSERT_EQ(info.collection().sparse_spaces_size(), 2);
  EXPECT_EQ(info.collection().sparse_spaces(0).name(), "terms");
  EXPECT_EQ(info.collection().sparse_spaces(0).rows(), 2u);
  EXPECT_EQ(info.collection().sparse_spaces(1).rows(), 1u);
}

TEST_F(SparseCallsTest, BatchesAndHybridSearchesMixThem) {
  v1::SearchQuery dense;
  dense.set_limit(10);
  dense.mutable_vector()->set_f32(F32(3));
  v1::SearchBatchRequest batch;
  batch.set_collection("c");
  *batch.add_queries() = Query("terms", {20}, {1});
  *batch.add_queries() = dense;
  *batch.add_queries() = Query("words", {5}, {1});
  v1::SearchBatchResponse results;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->SearchBatch(&context, batch, &results).ok());
  ASSERT_EQ(results.results_size(), 3);
  ASSERT_EQ(results.results(0).points_size(), 1);
  EXPECT_EQ(results.results(0).points(0).id().number(), 1u);
  EXPECT_EQ(results.results(1).points_size(), 2);
  ASSERT_EQ(results.results(2).points_size(), 1);
  EXPECT_EQ(results.results(2).points(0).id().number(), 2u);

  v1::SearchHybridRequest hybrid;
  hybrid.set_collection("c");
  hybrid.set_limit(10);
  *hybrid.add_parts()->mutable_query() = dense;
  *hybrid.add_parts()->mutable_query() = Query("terms", {10}, {1});
  v1::SearchResponse fused;
  grpc::ClientContext hybrid_context;
  ASSERT_TRUE(points_->SearchHybrid(&hybrid_context, hybrid, &fused).ok());
  ASSERT_EQ(fused.points_size(), 3);
  EXPECT_EQ(fused.points(0).id().number(), 1u);  // in both lists
}

TEST_F(SparseCallsTest, WhatIsWrongIsNamed) {
  const auto search_error = [this](const v1::SearchQuery& query) {
    return Search(query).error_message();
  };
  EXPECT_THAT(search_error(Query("", {1}, {1})),
              HasSubstr("query.vector_name is '' (unnamed); the collection has the sparse spaces "
                        "'terms', 'words'"));
  EXPECT_THAT(search_error(Query("terms", {1, 1}, {1, 1})),
              HasSubstr("sparse.indices has 1 twice"));
  EXPECT_THAT(search_error(Query("terms", {2, 1}, {1})), HasSubstr("2 indices and 1 values"));
  EXPECT_EQ(search_error(Query("terms", {}, {})), "");  // no fault: it finds nothing

  const auto upsert_error = [this](v1::Point point) {
    v1::UpsertRequest request;
    request.set_collection("c");
    AddPoint(7, 1, &request);
    point.mutable_id()->set_number(8);
    *request.add_points() = point;
    return Upsert(request).error_message();
  };
  v1::Point point;
  EXPECT_THAT(upsert_error(point), HasSubstr("needs a vector in at least one space"));
  AddSparse("none", {1}, {1}, &point);
  EXPECT_THAT(upsert_error(point), HasSubstr("points[1].sparse_vectors[0].name is 'none'; the "
                                             "collection has the sparse spaces 'terms', 'words'"));
  point.clear_sparse_vectors();
  AddSparse("terms", {1}, {1}, &point);
  AddSparse("terms", {2}, {1}, &point);
  EXPECT_THAT(upsert_error(point), HasSubstr("for the second time in one point"));
  point.clear_sparse_vectors();
  AddSparse("terms", {9, 9}, {1, 1}, &point);
  EXPECT_THAT(upsert_error(point),
              HasSubstr("points[1].sparse_vectors 'terms'.indices has 9 twice"));
  EXPECT_EQ(Count("c"), 3u);

  v1::CreateCollectionRequest create;
  create.set_collection("d");
  create.mutable_config()->add_vector_spaces()->set_dim(kTestDim);
  create.mutable_config()->add_sparse_spaces()->set_modifier(static_cast<v1::SparseModifier>(7));
  v1::CreateCollectionResponse ignored;
  EXPECT_THAT(Create(create, &ignored).error_message(),
              HasSubstr("config.sparse_spaces[0].modifier is 7"));
}

}  // namespace sparse_calls_test
}  // namespace tqdb::server
