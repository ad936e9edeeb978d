// Tests that bad input gets the right code and a message that names the field and the value, and
// that nothing is written. Each case spoils one part of a good request.
#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "tests/server/test_server.h"

namespace tqdb::server {
namespace bad_input_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Matcher;

class BadInputTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    CreateCollection("books");
    Fill("books", 2);
  }

  // Sends a good batch of the points 10..12, which `spoil` has changed into a bad one.
  void ExpectUpsertFails(const std::function<void(v1::UpsertRequest*)>& spoil,
                         const Matcher<std::string>& message,
                         grpc::StatusCode code = grpc::StatusCode::INVALID_ARGUMENT) {
    v1::UpsertRequest request;
    request.set_collection("books");
    for (uint64_t id = 10; id <= 12; ++id) AddPoint(id, 1, &request);
    spoil(&request);
    const grpc::Status status = Upsert(request);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), message);
    EXPECT_EQ(Count("books"), 2u);  // all or none
  }

  void ExpectSearchFails(const std::function<void(v1::SearchRequest*)>& spoil,
                         const Matcher<std::string>& message,
                         grpc::StatusCode code = grpc::StatusCode::INVALID_ARGUMENT) {
    v1::SearchRequest request;
    request.set_collection("books");
    request.mutable_query()->mutable_vector()->set_f32(F32(1));
    request.mutable_query()->set_limit(1);
    spoil(&request);
    v1::SearchResponse response;
    grpc::ClientContext context;
    const grpc::Status status = points_->Search(&context, request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), message);
  }

  void ExpectCreateFails(const std::string& name,
                         const std::function<void(v1::VectorSpaceConfig*)>& spoil,
                         const Matcher<std::string>& message) {
    v1::CreateCollectionRequest request;
    request.set_collection(name);
    v1::VectorSpaceConfig* space = request.mutable_config()->add_vector_spaces();
    space->set_dim(kTestDim);
    spoil(space);
    v1::CreateCollectionResponse response;
    grpc::ClientContext context;
    const grpc::Status status = collections_->CreateCollection(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(status.error_message(), message);
  }
};

v1::Vector* VectorOf(v1::UpsertRequest* request, int point) {
  return request->mutable_points(point)->mutable_vectors(0)->mutable_vector();
}

// Returns the bytes of a good vector, of which `value` replaces one coordinate.
std::string With(float value) {
  std::string bytes = F32(1);
  bytes.replace(3 * sizeof(float), sizeof(float), reinterpret_cast<const char*>(&value),
                sizeof(float));
  return bytes;
}

TEST_F(BadInputTest, UpsertNamesTheVectorThatIsWrong) {
  ExpectUpsertFails([](auto* r) { VectorOf(r, 2)->set_f32(F32(1, 7)); },
                    AllOf(HasSubstr("points[2].vectors[0].vector.f32"), HasSubstr("7 numbers"),
                          HasSubstr("dim 8")));
  ExpectUpsertFails([](auto* r) { VectorOf(r, 1)->set_f32(F32(1) + "x"); },
                    AllOf(HasSubstr("points[1].vectors[0].vector.f32"), HasSubstr("33 bytes")));
  ExpectUpsertFails([](auto* r) { VectorOf(r, 0)->set_f16("abcd"); },
                    AllOf(HasSubstr("points[0].vectors[0].vector.f16"), HasSubstr("2 numbers")));
  ExpectUpsertFails([](auto* r) { VectorOf(r, 0)->mutable_values()->add_values(1); },
                    AllOf(HasSubstr("vector.values has 1 numbers"), HasSubstr("dim 8")));
  ExpectUpsertFails([](auto* r) { VectorOf(r, 0)->Clear(); },
                    HasSubstr("points[0].vectors[0].vector is empty"));
  ExpectUpsertFails([](auto* r) { r->mutable_points(1)->clear_vectors(); },
                    HasSubstr("points[1].vectors is empty"));
  ExpectUpsertFails([](auto* r) { r->mutable_points(1)->mutable_vectors(0)->set_name("x"); },
                    AllOf(HasSubstr("points[1].vectors[0].name is 'x'"), HasSubstr("unnamed")));
  ExpectUpsertFails([](auto* r) { *r->mutable_points(1)->add_vectors() = r->points(1).vectors(0); },
                    AllOf(HasSubstr("points[1].vectors[1].name"), HasSubstr("second time")));
}

TEST_F(BadInputTest, UpsertRefusesValuesThatCannotBeEncoded) {
  ExpectUpsertFails([](auto* r) { VectorOf(r, 1)->set_f32(With(std::nanf(""))); },
                    HasSubstr("nan"));
  ExpectUpsertFails(
      [](auto* r) { VectorOf(r, 1)->set_f32(With(std::numeric_limits<float>::infinity())); },
      HasSubstr("inf"));
  ExpectUpsertFails([](auto* r) { VectorOf(r, 1)->set_f32(std::string(32, '\0')); },
                    AllOf(HasSubstr("COSINE"), HasSubstr("1")));
}

TEST_F(BadInputTest, UpsertRefusesBadIdsBatchesAndPayloads) {
  ExpectUpsertFails([](auto* r) { r->mutable_points(2)->clear_id(); },
                    HasSubstr("points[2].id is empty"));
  ExpectUpsertFails([](auto* r) { r->mutable_points(2)->mutable_id()->set_uuid("12"); },
                    AllOf(HasSubstr("points[2].id.uuid is '12'"), HasSubstr("36 characters")));
  ExpectUpsertFails([](auto* r) { r->mutable_points(2)->mutable_id()->set_number(10); },
                    AllOf(HasSubstr("points[2].id"), HasSubstr("10"), HasSubstr("distinct")));
  ExpectUpsertFails([](auto* r) { r->clear_points(); },
                    AllOf(HasSubstr("points has 0 entries"), HasSubstr("1..10000")));
  ExpectUpsertFails(
      [](auto* r) {
        for (uint64_t id = 100; id < 100 + storage::kMaxBatchPoints; ++id) AddPoint(id, 1, r);
      },
      AllOf(HasSubstr("points has 10003 entries"), HasSubstr("1..10000")));
  ExpectUpsertFails([](auto* r) { r->mutable_points(0)->set_payload("[1]"); },
                    AllOf(HasSubstr("points[0].payload"), HasSubstr("[1]"), HasSubstr("object")));
  ExpectUpsertFails([](auto* r) { r->mutable_points(0)->set_payload("{\"a\":"); },
                    HasSubstr("points[0].payload"));
  ExpectUpsertFails([](auto* r) { r->set_durability(static_cast<v1::Durability>(9)); },
                    AllOf(HasSubstr("durability is 9"), HasSubstr("DURABILITY_ASYNC (2)")));
  ExpectUpsertFails([](auto* r) { r->set_collection("nope"); }, HasSubstr("nope"),
                    grpc::StatusCode::NOT_FOUND);
}

TEST_F(BadInputTest, OversizedMessageIsResourceExhausted) {
  ExpectUpsertFails(
      [](auto* r) { r->mutable_points(0)->set_payload(std::string(size_t{65} << 20, 'x')); },
      HasSubstr("larger than max"), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BadInputTest, SearchNamesTheParameterThatIsWrong) {
  ExpectSearchFails([](auto* r) { r->mutable_query()->set_limit(0); },
                    AllOf(HasSubstr("query.limit is 0"), HasSubstr("1..10000")));
  ExpectSearchFails([](auto* r) { r->mutable_query()->set_limit(10001); },
                    HasSubstr("query.limit is 10001"));
  ExpectSearchFails([](auto* r) { r->mutable_query()->mutable_vector()->set_f32(F32(1, 9)); },
                    AllOf(HasSubstr("query.vector.f32 has 9 numbers"), HasSubstr("dim 8")));
  ExpectSearchFails([](auto* r) { r->mutable_query()->mutable_vector()->set_f32(With(NAN)); },
                    HasSubstr("nan"));
  ExpectSearchFails([](auto* r) { r->mutable_query()->set_vector_name("title"); },
                    HasSubstr("query.vector_name is 'title'"));
  ExpectSearchFails([](auto* r) { r->mutable_query()->mutable_params()->set_oversampling(101); },
                    AllOf(HasSubstr("oversampling"), HasSubstr("101"), HasSubstr("100")));
  ExpectSearchFails([](auto* r) { r->mutable_query()->set_score_threshold(NAN); },
                    HasSubstr("score_threshold"));
  ExpectSearchFails([](auto* r) { r->set_collection("nope"); }, HasSubstr("nope"),
                    grpc::StatusCode::NOT_FOUND);
}

TEST_F(BadInputTest, BatchSearchNamesTheQueryThatIsWrong) {
  v1::SearchBatchRequest request;
  request.set_collection("books");
  v1::SearchBatchResponse response;
  const auto call = [&] {
    grpc::ClientContext context;
    return points_->SearchBatch(&context, request, &response);
  };
  EXPECT_THAT(call().error_message(), HasSubstr("queries has 0 entries"));
  for (int i = 0; i < 11; ++i) {
    request.add_queries()->mutable_vector()->set_f32(F32(1));
    request.mutable_queries(i)->set_limit(10'000);
  }
  EXPECT_THAT(call().error_message(), HasSubstr("add up to 110000"));
  request.mutable_queries(3)->set_limit(0);
  EXPECT_THAT(call().error_message(), HasSubstr("queries[3].limit is 0"));
  for (v1::SearchQuery& query : *request.mutable_queries()) query.set_limit(1);
  request.mutable_queries(4)->mutable_params()->set_error_bound(-1);
  EXPECT_THAT(call().error_message(), AllOf(HasSubstr("queries[4]"), HasSubstr("error_bound")));
}

TEST_F(BadInputTest, CreateRefusesBadEnumsRangesAndNames) {
  ExpectCreateFails(
      "x", [](auto* s) { s->set_metric(static_cast<v1::Metric>(7)); },
      AllOf(HasSubstr("config.vector_spaces[0].metric is 7"), HasSubstr("METRIC_COSINE (1)"),
            HasSubstr("METRIC_L2 (3)")));
  ExpectCreateFails(
      "x", [](auto* s) { s->set_residual(static_cast<v1::Residual>(-1)); },
      HasSubstr("residual is -1"));
  ExpectCreateFails(
      "x", [](auto* s) { s->set_centering(static_cast<v1::Centering>(3)); },
      HasSubstr("centering is 3"));
  ExpectCreateFails(
      "x", [](auto* s) { s->set_store_vectors(static_cast<v1::StoreVectors>(4)); },
      HasSubstr("store_vectors is 4"));
  ExpectCreateFails(
      "x", [](auto* s) { s->set_dim(16385); }, HasSubstr("dim is 16385"));
  ExpectCreateFails(
      "x", [](auto* s) { s->set_code_bits(4'000'000'000u); }, HasSubstr("code_bits"));
  for (const char* name : {"", ".", "..", "../x", "/etc/x", "a/b", ".hidden", "a b"}) {
    ExpectCreateFails(
        name, [](auto*) {}, AllOf(HasSubstr("name"), HasSubstr(name)));
  }
  v1::ListCollectionsResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(collections_->ListCollections(&context, {}, &response).ok());
  EXPECT_EQ(response.collections_size(), 1);
}

TEST_F(BadInputTest, CollectionThatExistsIsAlreadyExists) {
  v1::CreateCollectionRequest request;
  request.set_collection("books");
  request.mutable_config()->add_vector_spaces()->set_dim(kTestDim);
  v1::CreateCollectionResponse response;
  grpc::ClientContext context;
  const grpc::Status status = collections_->CreateCollection(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr("books"));
}

TEST_F(BadInputTest, PagingRefusesForeignTokensAndLargePages) {
  v1::ScrollRequest request;
  request.set_collection("books");
  v1::ScrollResponse response;
  const auto scroll = [&] {
    grpc::ClientContext context;
    return points_->Scroll(&context, request, &response);
  };
  request.set_page_token("forged");
  EXPECT_THAT(scroll().error_message(), HasSubstr("page_token is 'forged'"));
  request.clear_page_token();
  request.set_page_size(10'001);
  EXPECT_THAT(scroll().error_message(),
              AllOf(HasSubstr("page_size is 10001"), HasSubstr("1..10000")));
}

TEST_F(BadInputTest, GetAndDeleteRefuseEmptyIds) {
  v1::DeleteRequest request;
  request.set_collection("books");
  request.add_ids()->set_number(1);
  request.add_ids();
  v1::DeleteResponse response;
  grpc::ClientContext context;
  const grpc::Status status = points_->Delete(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("ids[1] is empty"));
  EXPECT_EQ(Count("books"), 2u);
  v1::GetRequest get;
  get.set_collection("books");
  v1::GetResponse got;
  grpc::ClientContext get_context;
  EXPECT_THAT(points_->Get(&get_context, get, &got).error_message(),
              HasSubstr("ids has 0 entries"));
}

}  // namespace bad_input_test
}  // namespace tqdb::server
