// The requests of calls about payloads and their indexes, and of searches beyond the plain one. The
// services here only record requests and answer them; transport_test.cc has the other calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "client/cpp/client.h"
#include "tests/client/loopback_server.h"
#include "tqdb/v1/collections.grpc.pb.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::client {
namespace calls_test {

const grpc::Status kUnavailable(grpc::StatusCode::UNAVAILABLE, "try later");

class Points : public v1::PointService::Service {
 public:
  grpc::Status UpdatePayload(grpc::ServerContext*, const v1::UpdatePayloadRequest* request,
                             v1::UpdatePayloadResponse* response) override {
    update_ = *request;
    response->set_updated(3);
    ++calls_;
    return failures_-- > 0 ? kUnavailable : grpc::Status::OK;
  }
  grpc::Status Scroll(grpc::ServerContext*, const v1::ScrollRequest* request,
                      v1::ScrollResponse*) override {
    scroll_ = *request;
    return grpc::Status::OK;
  }
  grpc::Status Facet(grpc::ServerContext*, const v1::FacetRequest* request,
                     v1::FacetResponse* response) override {
    facet_ = *request;
    v1::FacetCount* count = response->add_counts();
    count->set_keyword("en");
    count->set_points(9);
    count = response->add_counts();
    count->set_integer(-7);
    count->set_points(2);
    response->add_counts()->set_boolean(false);
    if (request->key() == "broken") response->add_counts();
    return grpc::Status::OK;
  }
  grpc::Status Upsert(grpc::ServerContext*, const v1::UpsertRequest* request,
                      v1::UpsertResponse*) override {
    stored_ = request->points();
    return grpc::Status::OK;
  }
  grpc::Status Get(grpc::ServerContext*, const v1::GetRequest*,
                   v1::GetResponse* response) override {
    *response->mutable_points() = stored_;
    return grpc::Status::OK;
  }
  grpc::Status Search(grpc::ServerContext*, const v1::SearchRequest* request,
                      v1::SearchResponse*) override {
    search_ = *request;
    return grpc::Status::OK;
  }
  grpc::Status SearchGroups(grpc::ServerContext*, const v1::SearchGroupsRequest* request,
                            v1::SearchGroupsResponse* response) override {
    groups_ = *request;
    v1::PointGroup* group = response->add_groups();
    group->set_integer(5);
    group->add_points()->mutable_id()->set_number(8);
    group->mutable_points(0)->set_score(0.5f);
    if (request->group_by() == "broken") response->add_groups();
    return grpc::Status::OK;
  }
  grpc::Status SearchHybrid(grpc::ServerContext*, const v1::SearchHybridRequest* request,
                            v1::SearchResponse* response) override {
    hybrid_ = *request;
    response->add_points()->mutable_id()->set_number(4);
    return grpc::Status::OK;
  }

  google::protobuf::RepeatedPtrField<v1::Point> stored_;
  v1::UpdatePayloadRequest update_;
  v1::ScrollRequest scroll_;
  v1::FacetRequest facet_;
  v1::SearchRequest search_;
  v1::SearchGroupsRequest groups_;
  v1::SearchHybridRequest hybrid_;
  int calls_ = 0;
  int failures_ = 0;
};

class Collections : public v1::CollectionService::Service {
 public:
  grpc::Status CreateCollection(grpc::ServerContext*, const v1::CreateCollectionRequest* request,
                                v1::CreateCollectionResponse* response) override {
    *response->mutable_collection()->mutable_config() = request->config();
    v1::SparseSpaceInfo* held = response->mutable_collection()->add_sparse_spaces();
    held->set_name("terms");
    held->set_rows(5);
    held->set_memory_bytes(90);
    return grpc::Status::OK;
  }
  grpc::Status CreatePayloadIndex(grpc::ServerContext*,
                                  const v1::CreatePayloadIndexRequest* request,
                                  v1::CreatePayloadIndexResponse* response) override {
    create_ = *request;
    FillIndex(*request, response->mutable_index());
    return failures_-- > 0 ? kUnavailable : grpc::Status::OK;
  }
  grpc::Status DeletePayloadIndex(grpc::ServerContext*,
                                  const v1::DeletePayloadIndexRequest* request,
                                  v1::DeletePayloadIndexResponse*) override {
    delete_ = *request;
    return failures_-- > 0 ? kUnavailable : grpc::Status::OK;
  }
  grpc::Status GetCollection(grpc::ServerContext*, const v1::GetCollectionRequest*,
                             v1::GetCollectionResponse* response) override {
    FillIndex(create_, response->mutable_collection()->add_payload_indexes());
    return grpc::Status::OK;
  }

  v1::CreatePayloadIndexRequest create_;
  v1::DeletePayloadIndexRequest delete_;
  int failures_ = 0;

 private:
  static void FillIndex(const v1::CreatePayloadIndexRequest& request, v1::PayloadIndexInfo* index) {
    index->set_key(request.key());
    index->set_kind(request.kind());
    index->set_points(12);
    index->set_memory_bytes(34);
    index->set_ready(!request.no_wait());
  }
};

class CallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto client = Client::Connect({.address = server_.address()});
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  Points points_;
  Collections collections_;
  LoopbackServer server_{&points_, &collections_};
  std::unique_ptr<Client> client_;
};

Filter LangIsEnglish() {
  Filter filter;
  filter.must = {{FieldCondition{"lang", MatchValue{"en"}}}};
  return filter;
}

TEST_F(CallsTest, EveryEditOfAPayloadIsSentAsItIs) {
  const PayloadTarget target = {.ids = {PointId::Number(1), PointId::Number(2)}};
  ASSERT_EQ(
      *client_->UpdatePayload("c", target, SetPayload{R"({"a":1})", "b.c"}, Durability::kAsync),
      3u);
  EXPECT_EQ(points_.update_.collection(), "c");
  EXPECT_EQ(points_.update_.ids_size(), 2);
  EXPECT_EQ(points_.update_.ids(1).number(), 2u);
  EXPECT_FALSE(points_.update_.has_filter());
  EXPECT_EQ(points_.update_.set().payload(), R"({"a":1})");
  EXPECT_EQ(points_.update_.set().key(), "b.c");
  EXPECT_EQ(points_.update_.durability(), v1::DURABILITY_ASYNC);

  ASSERT_TRUE(
      client_->UpdatePayload("c", {.filter = LangIsEnglish()}, OverwritePayload{"{}"}).ok());
  EXPECT_EQ(points_.update_.ids_size(), 0);
  EXPECT_EQ(points_.update_.filter().must(0).field().match().keyword(), "en");
  EXPECT_EQ(points_.update_.overwrite().payload(), "{}");
  EXPECT_EQ(points_.update_.durability(), v1::DURABILITY_SYNC);

  ASSERT_TRUE(client_->UpdatePayload("c", target, DeletePayloadKeys{{"x", "y.z"}}).ok());
  ASSERT_EQ(points_.update_.delete_keys().keys_size(), 2);
  EXPECT_EQ(points_.update_.delete_keys().keys(1), "y.z");
  ASSERT_TRUE(client_->UpdatePayload("c", {.filter = Filter()}, ClearPayload()).ok());
  EXPECT_TRUE(points_.update_.has_clear());
  EXPECT_TRUE(points_.update_.has_filter());  // empty, which is every point
}

TEST_F(CallsTest, AnEditIsRepeatedUnlessAFilterDecidesOnIt) {
  PayloadTarget target = {.ids = {PointId::Number(1)}};
  points_.failures_ = 1;
  EXPECT_TRUE(client_->UpdatePayload("c", target, ClearPayload()).ok());
  EXPECT_EQ(points_.calls_, 2);
  target.filter = LangIsEnglish();
  points_.failures_ = 1;
  points_.calls_ = 0;
  EXPECT_EQ(client_->UpdatePayload("c", target, ClearPayload()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(points_.calls_, 1);
}

TEST_F(CallsTest, PayloadIndexesAreCreatedDescribedAndDeleted) {
  collections_.failures_ = 1;  // and tried again
  const auto created = client_->CreatePayloadIndex("c", "a.b", PayloadIndexKind::kDatetime);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(collections_.create_.key(), "a.b");
  EXPECT_EQ(collections_.create_.kind(), v1::PAYLOAD_INDEX_KIND_DATETIME);
  EXPECT_FALSE(collections_.create_.no_wait());
  EXPECT_TRUE(created->ready);
  ASSERT_TRUE(client_->CreatePayloadIndex("c", "t", PayloadIndexKind::kText, /*wait=*/false).ok());
  EXPECT_TRUE(collections_.create_.no_wait());

  const auto info = client_->GetCollection("c");
  ASSERT_TRUE(info.ok());
  ASSERT_EQ(info->payload_indexes.size(), 1u);
  EXPECT_EQ(info->payload_indexes[0].key, "t");
  EXPECT_EQ(PayloadIndexKindName(info->payload_indexes[0].kind), "text");
  EXPECT_EQ(info->payload_indexes[0].points, 12u);
  EXPECT_EQ(info->payload_indexes[0].memory_bytes, 34u);
  EXPECT_FALSE(info->payload_indexes[0].ready);

  EXPECT_TRUE(client_->DeletePayloadIndex("c", "t").ok());
  EXPECT_EQ(collections_.delete_.key(), "t");
  collections_.failures_ = 1;
  EXPECT_EQ(client_->DeletePayloadIndex("c", "t").code(), absl::StatusCode::kUnavailable);
}

TEST_F(CallsTest, ASearchSendsItsOffsetItsExamplesItsDiversityAndItsText) {
  Query query{.limit = 5, .offset = 10};
  query.recommend = Recommend{.positive = {PointId::Number(1), PointId::Number(2)},
                              .negative = {PointId::Number(3)}};
  query.mmr = Mmr{.diversity = 0.25f, .candidates = 60};
  ASSERT_TRUE(client_->Search("c", query).ok());
  v1::SearchQuery sent = points_.search_.query();
  EXPECT_FALSE(sent.has_vector());
  EXPECT_EQ(sent.offset(), 10u);
  EXPECT_EQ(sent.recommend().positive_size(), 2);
  EXPECT_EQ(sent.recommend().negative(0).number(), 3u);
  EXPECT_EQ(sent.mmr().diversity(), 0.25f);
  EXPECT_EQ(sent.mmr().candidates(), 60u);
  ASSERT_TRUE(client_->Search("c", Query{.vector = {1}}).ok());
  sent = points_.search_.query();
  EXPECT_TRUE(sent.has_vector());
  EXPECT_FALSE(sent.has_recommend() || sent.has_mmr() || sent.has_text());
  ASSERT_TRUE(client_->Search("c", Query{.text = TextQuery{"body", "white whale"}}).ok());
  sent = points_.search_.query();
  EXPECT_FALSE(sent.has_vector());
  EXPECT_EQ(sent.text().key(), "body");
  EXPECT_EQ(sent.text().text(), "white whale");
  ASSERT_TRUE(
      client_->Search("c", Query{.vector_name = "terms", .sparse = SparseVector{{7, 2}, {1, 0.5f}}})
          .ok());
  sent = points_.search_.query();
  EXPECT_FALSE(sent.has_vector());
  EXPECT_EQ(sent.vector_name(), "terms");
  EXPECT_THAT(sent.sparse().indices(), ::testing::ElementsAre(7, 2));
  EXPECT_THAT(sent.sparse().values(), ::testing::ElementsAre(1, 0.5f));
}

TEST_F(CallsTest, AQueryWithTwoThingsToFindIsNotSent) {
  const Query text{.text = TextQuery{"body", "white whale"}};
  Query both = text;
  both.vector = {1};
  const std::string message =
      " has more than one of vector, recommend, sparse and text; set one of them";
  EXPECT_EQ(client_->Search("c", both).status(), absl::InvalidArgumentError("query" + message));
  EXPECT_EQ(client_->SearchGroups("c", both, {.by = "k"}).status(),
            absl::InvalidArgumentError("query" + message));
  EXPECT_EQ(client_->SearchBatch("c", {text, both}).status(),
            absl::InvalidArgumentError("queries[1]" + message));
  EXPECT_EQ(client_->SearchHybrid("c", HybridQuery{.parts = {{text}, {both}}}).status(),
            absl::InvalidArgumentError("parts[1].query" + message));
  EXPECT_FALSE(points_.search_.has_query());
}

TEST_F(CallsTest, SparseVectorsTravelBothWays) {
  CollectionConfig config;
  config.vector_spaces = {{.dim = 8}};
  config.sparse_spaces = {{"terms", SparseModifier::kIdf}, {.name = "more"}};
  const auto created = client_->CreateCollection("c", config);
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_EQ(created->config.sparse_spaces.size(), 2u);
  EXPECT_EQ(created->config.sparse_spaces[0].name, "terms");
  EXPECT_EQ(SparseModifierName(created->config.sparse_spaces[0].modifier), "idf");
  EXPECT_EQ(SparseModifierName(created->config.sparse_spaces[1].modifier), "none");
  ASSERT_EQ(created->sparse_spaces.size(), 1u);
  EXPECT_EQ(created->sparse_spaces[0].rows, 5u);
  EXPECT_EQ(created->sparse_spaces[0].memory_bytes, 90u);

  const std::vector<Point> points = {
      {PointId::Number(1), {{"", {1, 2}}}, "{}", {{"terms", {{5, 9}, {0.5f, 2}}}}},
      {PointId::Number(2), {}, "", {{"terms", {{7}, {1}}}, {"more", {{1}, {-1}}}}}};
  ASSERT_TRUE(client_->Upsert("c", points).ok());
  const std::vector<PointId> ids = {PointId::Number(1), PointId::Number(2)};
  const auto stored = client_->Get("c", ids, {.vectors = true});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(*stored, points);

  points_.stored_.Mutable(0)->mutable_sparse_vectors(0)->mutable_vector()->add_indices(8);
  EXPECT_EQ(client_->Get("c", ids, {.vectors = true}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(CallsTest, GroupsComeWithTheirValues) {
  const auto groups =
      client_->SearchGroups("c", {.vector = {1, 2}, .limit = 4}, {.by = "author", .size = 2});
  ASSERT_TRUE(groups.ok()) << groups.status();
  EXPECT_EQ(points_.groups_.group_by(), "author");
  EXPECT_EQ(points_.groups_.group_size(), 2u);
  EXPECT_EQ(points_.groups_.query().limit(), 4u);
  EXPECT_EQ(points_.groups_.query().vector().f32().size(), 8u);
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_EQ((*groups)[0].value, PayloadValue(int64_t{5}));
  EXPECT_EQ((*groups)[0].points.at(0).id, PointId::Number(8));
  EXPECT_EQ((*groups)[0].points.at(0).score, 0.5f);
  EXPECT_EQ(client_->SearchGroups("c", {}, {.by = "broken"}).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(CallsTest, AHybridSearchSendsItsPartsAndItsFusion) {
  HybridQuery query;
  query.parts = {{{.vector = {1}, .limit = 50}, 1}, {{.vector = {2}, .vector_name = "n"}, 0.5f}};
  query.fusion = ReciprocalRankFusion{.constant = 10};
  query.limit = 7;
  query.offset = 2;
  query.select.payload = true;
  const auto hits = client_->SearchHybrid("c", query);
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->at(0).id, PointId::Number(4));
  const v1::SearchHybridRequest& sent = points_.hybrid_;
  EXPECT_EQ(sent.collection(), "c");
  ASSERT_EQ(sent.parts_size(), 2);
  EXPECT_EQ(sent.parts(0).query().limit(), 50u);
  EXPECT_EQ(sent.parts(1).query().vector_name(), "n");
  EXPECT_EQ(sent.parts(1).weight(), 0.5f);
  EXPECT_EQ(sent.reciprocal_rank().constant(), 10);
  EXPECT_EQ(sent.limit(), 7u);
  EXPECT_EQ(sent.offset(), 2u);
  EXPECT_TRUE(sent.select().with_payload());
  query.fusion = WeightedFusion();
  ASSERT_TRUE(client_->SearchHybrid("c", query).ok());
  EXPECT_TRUE(sent.has_weighted());
}

TEST_F(CallsTest, AFacetCountsValuesOfThreeTypes) {
  const auto counts = client_->Facet("c", "lang", {.limit = 20, .filter = LangIsEnglish()});
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(points_.facet_.key(), "lang");
  EXPECT_EQ(points_.facet_.limit(), 20u);
  EXPECT_EQ(points_.facet_.filter().must_size(), 1);
  ASSERT_EQ(counts->size(), 3u);
  EXPECT_EQ((*counts)[0].value, PayloadValue("en"));
  EXPECT_EQ((*counts)[0].points, 9u);
  EXPECT_EQ((*counts)[1].value, PayloadValue(int64_t{-7}));
  EXPECT_EQ((*counts)[2].value, PayloadValue(false));
  ASSERT_TRUE(client_->Facet("c", "lang").ok());
  EXPECT_FALSE(points_.facet_.has_filter());
  EXPECT_EQ(client_->Facet("c", "broken").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(CallsTest, AScrollSendsItsOrder) {
  Scroll scroll = client_->ScrollPoints("c", {.order_by = OrderBy{"year", true, true}});
  ASSERT_TRUE(scroll.NextPage().ok());
  EXPECT_EQ(points_.scroll_.order_by().key(), "year");
  EXPECT_TRUE(points_.scroll_.order_by().descending());
  EXPECT_TRUE(points_.scroll_.order_by().once());
  ASSERT_TRUE(client_->ScrollPoints("c").NextPage().ok());
  EXPECT_FALSE(points_.scroll_.has_order_by());
}

}  // namespace calls_test
}  // namespace tqdb::client
