// Tests payload edits and payload indexes over gRPC: every field of a request must reach storage,
// and every error must come back with its code. tests/storage tests the edits and the indexes
// themselves.
#include <map>

#include "tests/server/test_server.h"

namespace tqdb::server {
namespace payload_calls_test {

class PayloadCallsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    CreateCollection("c");
    v1::UpsertRequest request;
    request.set_collection("c");
    for (uint64_t id = 0; id < 10; ++id) {
      AddPoint(id, static_cast<float>(id), &request)
          ->set_payload(
              absl::StrCat(R"({"tag":")", id % 2 == 0 ? "even" : "odd", R"(","n":)", id, "}"));
    }
    v1::UpsertResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(points_->Upsert(&context, request, &response).ok());
  }

  static v1::Filter Tag(const std::string& value) {
    v1::Filter filter;
    v1::FieldCondition* field = filter.add_must()->mutable_field();
    field->set_key("tag");
    field->mutable_match()->set_keyword(value);
    return filter;
  }
  grpc::Status Update(v1::UpdatePayloadRequest request, uint64_t* updated = nullptr) {
    request.set_collection("c");
    v1::UpdatePayloadResponse response;
    grpc::ClientContext context;
    const grpc::Status status = points_->UpdatePayload(&context, request, &response);
    if (updated != nullptr) *updated = response.updated();
    return status;
  }
  grpc::Status CreateIndex(const std::string& key, v1::PayloadIndexKind kind,
                           v1::PayloadIndexInfo* info = nullptr) {
    v1::CreatePayloadIndexRequest request;
    request.set_collection("c");
    request.set_key(key);
    request.set_kind(kind);
    v1::CreatePayloadIndexResponse response;
    grpc::ClientContext context;
    const grpc::Status status = collections_->CreatePayloadIndex(&context, request, &response);
    if (info != nullptr) *info = response.index();
    return status;
  }
  std::map<uint64_t, std::string> Payloads() {
    v1::ScrollRequest request;
    request.set_collection("c");
    request.mutable_select()->set_with_payload(true);
    v1::ScrollResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(points_->Scroll(&context, request, &response).ok());
    std::map<uint64_t, std::string> payloads;
    for (const v1::Point& point : response.points())
      payloads[point.id().number()] = point.payload();
    return payloads;
  }
  uint64_t Count(const v1::Filter& filter) {
    v1::CountRequest request;
    request.set_collection("c");
    *request.mutable_filter() = filter;
    v1::CountResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(points_->Count(&context, request, &response).ok());
    return response.count();
  }
};

TEST_F(PayloadCallsTest, EditsByIdsByFilterAndByBoth) {
  uint64_t updated = 0;
  v1::UpdatePayloadRequest set;
  set.add_ids()->set_number(3);
  set.add_ids()->set_number(77);  // there is none
  set.mutable_set()->set_payload(R"({"n":[3]})");
  ASSERT_TRUE(Update(set, &updated).ok());
  EXPECT_EQ(updated, 1u);
  EXPECT_EQ(Payloads()[3], R"({"tag":"odd","n":[3]})");

  v1::UpdatePayloadRequest erase;
  *erase.mutable_filter() = Tag("even");
  erase.mutable_delete_keys()->add_keys("n");
  ASSERT_TRUE(Update(erase, &updated).ok());
  EXPECT_EQ(updated, 5u);
  EXPECT_EQ(Payloads()[4], R"({"tag":"even"})");

  v1::UpdatePayloadRequest both;
  both.add_ids()->set_number(5);
  both.add_ids()->set_number(6);
  *both.mutable_filter() = Tag("odd");
  both.mutable_overwrite()->set_payload(R"({"x":{"y":1}})");
  ASSERT_TRUE(Update(both, &updated).ok());
  EXPECT_EQ(updated, 1u);
  EXPECT_EQ(Payloads()[5], R"({"x":{"y":1}})");
  ASSERT_TRUE(Update(both, &updated).ok());  // it does not match any more
  EXPECT_EQ(updated, 0u);

  v1::UpdatePayloadRequest nested;
  nested.add_ids()->set_number(5);
  nested.mutable_set()->set_payload(R"({"z":2})");
  nested.mutable_set()->set_key("x");
  ASSERT_TRUE(Update(nested).ok());
  EXPECT_EQ(Payloads()[5], R"({"x":{"y":1,"z":2}})");

  v1::UpdatePayloadRequest clear;
  clear.mutable_filter();  // all of them
  clear.mutable_clear();
  ASSERT_TRUE(Update(clear, &updated).ok());
  EXPECT_EQ(updated, 10u);
  EXPECT_EQ(Payloads()[0], "");
}

TEST_F(PayloadCallsTest, BadEditsAreNamedAndChangeNothing) {
  const auto before = Payloads();
  const auto expect = [this](const v1::UpdatePayloadRequest& request, grpc::StatusCode code,
                             const std::string& message) {
    const grpc::Status status = Update(request);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_NE(status.error_message().find(message), std::string::npos) << status.error_message();
  };
  v1::UpdatePayloadRequest request;
  request.mutable_clear();
  expect(request, grpc::StatusCode::INVALID_ARGUMENT, "neither ids nor filter is set");
  request.clear_edit();
  request.add_ids()->set_number(1);
  expect(request, grpc::StatusCode::INVALID_ARGUMENT, "no edit is set");
  request.mutable_set()->set_payload("[1]");
  expect(request, grpc::StatusCode::INVALID_ARGUMENT, "set.payload is '[1]'; need a JSON object");
  request.mutable_set()->set_payload(R"({"a":1})");
  request.add_ids()->set_number(1);
  expect(request, grpc::StatusCode::INVALID_ARGUMENT, "ids[1] 1 is there twice");
  request.mutable_ids(1)->set_number(2);
  request.mutable_set()->set_key("tag");
  expect(request, grpc::StatusCode::FAILED_PRECONDITION,
         "point 1: set.key 'tag' leads through 'tag'");
  request.mutable_set()->clear_key();
  request.mutable_set()->set_payload(R"({"a":")" + std::string((1 << 20) - 20, 'x') + "\"}");
  expect(request, grpc::StatusCode::INVALID_ARGUMENT, "point 1: the payload would have");
  EXPECT_EQ(Payloads(), before);
}

TEST_F(PayloadCallsTest, AnIndexIsMadeListedUsedAndDeleted) {
  v1::PayloadIndexInfo info;
  ASSERT_TRUE(CreateIndex("tag", v1::PAYLOAD_INDEX_KIND_KEYWORD, &info).ok());
  EXPECT_EQ(info.key(), "tag");
  EXPECT_EQ(info.kind(), v1::PAYLOAD_INDEX_KIND_KEYWORD);
  EXPECT_EQ(info.points(), 10u);
  EXPECT_TRUE(info.ready());
  EXPECT_TRUE(CreateIndex("tag", v1::PAYLOAD_INDEX_KIND_KEYWORD).ok());
  EXPECT_EQ(Count(Tag("odd")), 5u);
  v1::UpdatePayloadRequest request;
  request.add_ids()->set_number(0);
  request.mutable_set()->set_payload(R"({"tag":"odd"})");
  ASSERT_TRUE(Update(request).ok());
  EXPECT_EQ(Count(Tag("odd")), 6u);

  const grpc::Status other = CreateIndex("tag", v1::PAYLOAD_INDEX_KIND_TEXT);
  EXPECT_EQ(other.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(CreateIndex("a..b", v1::PAYLOAD_INDEX_KIND_TEXT).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CreateIndex("k", v1::PAYLOAD_INDEX_KIND_UNSPECIFIED).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::GetCollectionRequest get;
  get.set_collection("c");
  v1::GetCollectionResponse got;
  grpc::ClientContext get_context;
  ASSERT_TRUE(collections_->GetCollection(&get_context, get, &got).ok());
  ASSERT_EQ(got.collection().payload_indexes_size(), 1);
  EXPECT_EQ(got.collection().payload_indexes(0).key(), "tag");

  v1::DeletePayloadIndexRequest drop;
  drop.set_collection("c");
  drop.set_key("tag");
  v1::DeletePayloadIndexResponse dropped;
  grpc::ClientContext first, second;
  EXPECT_TRUE(collections_->DeletePayloadIndex(&first, drop, &dropped).ok());
  EXPECT_EQ(collections_->DeletePayloadIndex(&second, drop, &dropped).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Count(Tag("odd")), 6u);
}

}  // namespace payload_calls_test
}  // namespace tqdb::server
