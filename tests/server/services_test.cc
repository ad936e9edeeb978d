// Tests every RPC of the plain services on its good path, against a real server. The tests of bad
// input and of streams are in files of their own.
#include <cstring>
#include <set>

#include "tests/server/test_server.h"

namespace tqdb::server {
namespace services_test {

using ServicesTest = ServerTest;

TEST_F(ServicesTest, CollectionIsCreatedDescribedUpdatedAndDeleted) {
  CreateCollection("books");
  {
    v1::UpdateCollectionRequest request;
    request.set_collection("books");
    (*request.mutable_metadata())["model"] = "openai";
    v1::UpdateCollectionResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(collections_->UpdateCollection(&context, request, &response).ok());
    EXPECT_EQ(response.collection().config().metadata().at("model"), "openai");
  }
  Fill("books", 3);
  {
    v1::GetCollectionRequest request;
    request.set_collection("books");
    v1::GetCollectionResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(collections_->GetCollection(&context, request, &response).ok());
    const v1::CollectionInfo& info = response.collection();
    EXPECT_EQ(info.status(), v1::COLLECTION_STATUS_READY);
    EXPECT_EQ(info.points(), 3u);
    EXPECT_GT(info.memory_bytes(), 0u);
    ASSERT_EQ(info.vector_spaces_size(), 1);
    EXPECT_EQ(info.vector_spaces(0).rows(), 3u);
    EXPECT_DOUBLE_EQ(info.vector_spaces(0).bits_per_dim(),
                     8.0 * info.vector_spaces(0).code_bytes() / kTestDim);
    const v1::VectorSpaceConfig& space = info.config().vector_spaces(0);
    EXPECT_EQ(space.metric(), v1::METRIC_COSINE);  // the defaults of unspecified values
    EXPECT_EQ(space.code_bits(), 4u);
    EXPECT_EQ(space.residual(), v1::RESIDUAL_QJL);
    EXPECT_EQ(space.centering(), v1::CENTERING_AUTO);
    EXPECT_EQ(space.store_vectors(), v1::STORE_VECTORS_F32);
  }
  {
    v1::DeleteCollectionRequest request;
    request.set_collection("books");
    v1::DeleteCollectionResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(collections_->DeleteCollection(&context, request, &response).ok());
  }
  v1::GetCollectionRequest request;
  request.set_collection("books");
  v1::GetCollectionResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(collections_->GetCollection(&context, request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServicesTest, ListPagesThroughCollectionsInNameOrder) {
  for (const char* name : {"c", "a", "b"}) CreateCollection(name);
  v1::ListCollectionsRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  int pages = 0;
  do {
    v1::ListCollectionsResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(collections_->ListCollections(&context, request, &response).ok());
    for (const v1::CollectionInfo& info : response.collections()) names.push_back(info.name());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(pages, 2);
}

TEST_F(ServicesTest, UpsertCountsInsertedAndReplaced) {
  CreateCollection("books");
  Fill("books", 3);
  v1::UpsertRequest request;
  request.set_collection("books");
  AddPoint(3, 1, &request);
  AddPoint(4, 1, &request);
  v1::UpsertResponse response;
  ASSERT_TRUE(Upsert(request, &response).ok());
  EXPECT_EQ(response.inserted(), 1u);
  EXPECT_EQ(response.replaced(), 1u);
  EXPECT_EQ(Count("books"), 4u);
}

TEST_F(ServicesTest, EveryVectorFormAndIdKindComesBackFromGetInTheOrderAsked) {
  CreateCollection("books", v1::METRIC_DOT);
  const std::string uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  v1::UpsertRequest request;
  request.set_collection("books");
  AddPoint(7, 1, &request)->set_payload(R"({"title":"x"})");
  v1::Point* halves = request.add_points();
  halves->mutable_id()->set_uuid(uuid);
  std::string f16;
  for (size_t i = 0; i < kTestDim; ++i) f16 += std::string("\x00\x3c", 2);  // 1.0
  halves->add_vectors()->mutable_vector()->set_f16(f16);
  v1::Point* values = request.add_points();
  values->mutable_id()->set_number(0);
  v1::FloatList* list = values->add_vectors()->mutable_vector()->mutable_values();
  for (size_t i = 0; i < kTestDim; ++i) list->add_values(0.5f);
  ASSERT_TRUE(Upsert(request).ok());

  v1::GetRequest get;
  get.set_collection("books");
  get.add_ids()->set_uuid(uuid);
  get.add_ids()->set_number(99);  // does not exist: left out
  get.add_ids()->set_number(7);
  get.add_ids()->set_number(0);
  get.mutable_select()->set_with_payload(true);
  get.mutable_select()->set_with_vectors(true);
  v1::GetResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->Get(&context, get, &response).ok());
  ASSERT_EQ(response.points_size(), 3);
  EXPECT_EQ(response.points(0).id().uuid(), uuid);
  EXPECT_EQ(response.points(0).payload(), "");
  EXPECT_EQ(response.points(1).id().number(), 7u);
  EXPECT_EQ(response.points(1).payload(), R"({"title":"x"})");
  EXPECT_EQ(response.points(1).vectors(0).vector().f32(), F32(1));
  EXPECT_EQ(response.points(2).id().kind_case(), v1::PointId::kNumber);
  float first;
  std::memcpy(&first, response.points(0).vectors(0).vector().f32().data(), sizeof(first));
  EXPECT_EQ(first, 1.0f);
}

TEST_F(ServicesTest, DeleteTellsHowManyPointsExisted) {
  CreateCollection("books");
  Fill("books", 3);
  v1::DeleteRequest request;
  request.set_collection("books");
  request.add_ids()->set_number(2);
  request.add_ids()->set_number(99);
  v1::DeleteResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->Delete(&context, request, &response).ok());
  EXPECT_EQ(response.deleted(), 1u);
  EXPECT_EQ(Count("books"), 2u);
}

TEST_F(ServicesTest, ScrollVisitsEveryPointOnce) {
  CreateCollection("books");
  Fill("books", 250);
  v1::ScrollRequest request;
  request.set_collection("books");
  request.set_page_size(70);  // not a multiple of the chunk that is read at a time
  std::vector<uint64_t> ids;
  int pages = 0;
  do {
    v1::ScrollResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(points_->Scroll(&context, request, &response).ok());
    EXPECT_LE(response.points_size(), 70);
    for (const v1::Point& point : response.points()) ids.push_back(point.id().number());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  ASSERT_EQ(ids.size(), 250u);
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], i + 1);
  EXPECT_EQ(pages, 4);
}

TEST_F(ServicesTest, FiltersChooseWhatIsScrolledCountedFoundAndDeleted) {
  CreateCollection("books");
  v1::UpsertRequest upsert;
  upsert.set_collection("books");
  for (uint64_t id = 1; id <= 300; ++id) {
    AddPoint(id, 1, &upsert)->set_payload(absl::StrCat("{\"n\":", id % 3, "}"));
  }
  ASSERT_TRUE(Upsert(upsert).ok());
  v1::Filter filter;
  v1::FieldCondition* field = filter.add_must()->mutable_field();
  field->set_key("n");
  field->mutable_match()->set_integer(2);

  v1::CountRequest count;
  count.set_collection("books");
  *count.mutable_filter() = filter;
  const auto counted = [&] {
    v1::CountResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(points_->Count(&context, count, &response).ok());
    return response.count();
  };
  EXPECT_EQ(counted(), 100u);

  v1::ScrollRequest scroll;
  scroll.set_collection("books");
  scroll.set_page_size(70);
  *scroll.mutable_filter() = filter;
  std::vector<uint64_t> ids;
  do {
    v1::ScrollResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(points_->Scroll(&context, scroll, &response).ok());
    for (const v1::Point& point : response.points()) ids.push_back(point.id().number());
    scroll.set_page_token(response.next_page_token());
  } while (!scroll.page_token().empty());
  ASSERT_EQ(ids.size(), 100u);
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], 3 * i + 2);

  // Two queries that differ only in their filters need two passes.
  v1::SearchBatchRequest search;
  search.set_collection("books");
  for (int q = 0; q < 2; ++q) {
    v1::SearchQuery* query = search.add_queries();
    query->set_limit(200);
    *query->mutable_vector() = upsert.points(0).vectors(0).vector();
    *query->mutable_filter() = filter;
  }
  search.mutable_queries(1)
      ->mutable_filter()
      ->mutable_must(0)
      ->mutable_field()
      ->mutable_match()
      ->set_integer(1);
  v1::SearchBatchResponse found;
  {
    grpc::ClientContext context;
    const grpc::Status status = points_->SearchBatch(&context, search, &found);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  for (int q = 0; q < 2; ++q) {
    ASSERT_EQ(found.results(q).points_size(), 100);
    for (const v1::ScoredPoint& point : found.results(q).points()) {
      EXPECT_EQ(point.id().number() % 3, q == 0 ? 2u : 1u);
    }
  }
  search.mutable_queries(1)->mutable_filter()->add_must_not();
  {
    grpc::ClientContext context;
    const grpc::Status status = points_->SearchBatch(&context, search, &found);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message().find("queries[1].filter.must_not[0] is empty"), 0u)
        << status.error_message();
  }

  v1::DeleteRequest request;
  request.set_collection("books");
  *request.mutable_filter() = filter;
  v1::DeleteResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->Delete(&context, request, &response).ok());
  EXPECT_EQ(response.deleted(), 100u);
  EXPECT_EQ(Count("books"), 200u);
  EXPECT_EQ(counted(), 0u);
}

TEST_F(ServicesTest, BadFiltersAreNamedAndChangeNothing) {
  CreateCollection("books");
  Fill("books", 3);
  const auto error = [this](const v1::DeleteRequest& request) {
    v1::DeleteResponse response;
    grpc::ClientContext context;
    const grpc::Status status = points_->Delete(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return status.error_message();
  };
  v1::DeleteRequest request;
  request.set_collection("books");
  request.mutable_filter();
  EXPECT_NE(error(request).find("filter is empty and would delete every point"), std::string::npos);
  request.mutable_filter()->add_must_not();
  EXPECT_EQ(error(request).find("filter.must_not[0] is empty"), 0u);
  request.add_ids()->set_number(1);
  EXPECT_EQ(error(request).find("both ids and filter are set"), 0u);
  EXPECT_EQ(Count("books"), 3u);
}

// A client refuses messages above 4 MiB by default. Ten payloads of 900,000 bytes must come in
// several pages, although the page size allows one.
TEST_F(ServicesTest, ScrollPageStaysBelowTheMessageLimitOfADefaultClient) {
  CreateCollection("books");
  v1::UpsertRequest upsert;
  upsert.set_collection("books");
  for (uint64_t id = 1; id <= 10; ++id) {
    AddPoint(id, 1, &upsert)->set_payload("{\"x\":\"" + std::string(900'000, 'a') + "\"}");
  }
  ASSERT_TRUE(Upsert(upsert).ok());
  v1::ScrollRequest request;
  request.set_collection("books");
  request.mutable_select()->set_with_payload(true);
  std::set<uint64_t> ids;
  do {
    v1::ScrollResponse response;
    grpc::ClientContext context;
    const grpc::Status status = points_->Scroll(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_GT(response.points_size(), 0);
    for (const v1::Point& point : response.points()) ids.insert(point.id().number());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(ids.size(), 10u);
}

TEST_F(ServicesTest, ExactSearchScoresByTheMetricBestFirst) {
  CreateCollection("books", v1::METRIC_L2);
  Fill("books", 20);
  v1::SearchRequest request;
  request.set_collection("books");
  request.mutable_query()->mutable_vector()->set_f32(F32(5));
  request.mutable_query()->set_limit(3);
  request.mutable_query()->mutable_params()->set_exact(true);
  request.mutable_query()->mutable_select()->set_with_vectors(true);
  v1::SearchResponse response;
  grpc::ClientContext context;
  const grpc::Status status = points_->Search(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.points_size(), 3);
  EXPECT_EQ(response.points(0).id().number(), 5u);
  EXPECT_FLOAT_EQ(response.points(0).score(), 0);
  EXPECT_EQ(response.points(0).vectors(0).vector().f32(), F32(5));
  EXPECT_FLOAT_EQ(response.points(1).score(), -8);  // minus the squared distance
  EXPECT_EQ(response.points(1).id().number(), 4u);  // ties by id
}

TEST_F(ServicesTest, BatchSearchAnswersEachQueryInItsPlaceWhateverItsParameters) {
  CreateCollection("books", v1::METRIC_L2);
  Fill("books", 20);
  v1::SearchBatchRequest request;
  request.set_collection("books");
  for (int i = 0; i < 6; ++i) {
    v1::SearchQuery* query = request.add_queries();
    query->mutable_vector()->set_f32(F32(static_cast<float>(i + 2)));
    query->set_limit(i % 2 == 0 ? 1 : 4);
    query->mutable_params()->set_exact(true);
  }
  v1::SearchBatchResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->SearchBatch(&context, request, &response).ok());
  ASSERT_EQ(response.results_size(), 6);
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(response.results(i).points_size(), i % 2 == 0 ? 1 : 4);
    EXPECT_EQ(response.results(i).points(0).id().number(), static_cast<uint64_t>(i + 2));
  }
}

TEST_F(ServicesTest, SearchHonoursTheScoreThreshold) {
  CreateCollection("books", v1::METRIC_L2);
  Fill("books", 20);
  v1::SearchRequest request;
  request.set_collection("books");
  request.mutable_query()->mutable_vector()->set_f32(F32(5));
  request.mutable_query()->set_limit(10);
  request.mutable_query()->set_score_threshold(-8.5f);
  request.mutable_query()->mutable_params()->set_exact(true);
  v1::SearchResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(points_->Search(&context, request, &response).ok());
  EXPECT_EQ(response.points_size(), 3);  // 5, and 4 and 6 at distance 8
}

TEST_F(ServicesTest, ServerInfoTellsBuildAndLimits) {
  v1::GetServerInfoResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->GetServerInfo(&context, {}, &response).ok());
  EXPECT_FALSE(response.version().empty());
  EXPECT_FALSE(response.commit().empty());
  EXPECT_FALSE(response.kernels().empty());
  EXPECT_EQ(response.data_directory(), dir_.path());
  EXPECT_EQ(response.max_batch_points(), storage::kMaxBatchPoints);
  EXPECT_EQ(response.max_limit(), storage::kMaxTopK);
  EXPECT_EQ(response.max_message_bytes(), size_t{64} << 20);
  EXPECT_GT(response.memory_bytes(), 0u);
}

}  // namespace services_test
}  // namespace tqdb::server
