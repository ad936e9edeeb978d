// The requests that the library sends, and the calls that it tries again. The services here only
// record requests and answer them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/client.h"
#include "tests/client/loopback_server.h"
#include "tqdb/v1/collections.grpc.pb.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::client {
namespace transport_test {

using ::testing::HasSubstr;

const grpc::Status kUnavailable(grpc::StatusCode::UNAVAILABLE, "try later");

// Answers the first `failures` calls with `status`.
class Failing {
 public:
  grpc::Status Next() {
    ++calls_;
    return failures_-- > 0 ? status_ : grpc::Status::OK;
  }
  void Fail(int failures, grpc::Status status = kUnavailable) {
    failures_ = failures;
    status_ = std::move(status);
    calls_ = 0;
  }
  int calls() const { return calls_; }

 private:
  std::atomic<int> failures_{0};
  std::atomic<int> calls_{0};
  grpc::Status status_;
};

class Points : public v1::PointService::Service, public Failing {
 public:
  grpc::Status Upsert(grpc::ServerContext*, const v1::UpsertRequest* request,
                      v1::UpsertResponse* response) override {
    upsert_ = *request;
    response->set_inserted(static_cast<uint64_t>(request->points_size()));
    return Next();
  }
  grpc::Status Delete(grpc::ServerContext*, const v1::DeleteRequest* request,
                      v1::DeleteResponse* response) override {
    delete_ = *request;
    response->set_deleted(5);
    return Next();
  }
  grpc::Status Count(grpc::ServerContext* context, const v1::CountRequest* request,
                     v1::CountResponse* response) override {
    count_ = *request;
    for (int i = 0; i < 200 && sleeping_ && !context->IsCancelled(); ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    response->set_count(7);
    return Next();
  }
  grpc::Status Scroll(grpc::ServerContext*, const v1::ScrollRequest* request,
                      v1::ScrollResponse* response) override {
    // Pages have two points. The second page is empty although it is not the last one.
    scroll_ = *request;
    const std::string& token = request->page_token();
    const uint64_t first = token.empty() ? 0 : 2;
    if (token != "a") {
      for (uint64_t i = first; i < first + 2; ++i) {
        v1::Point* point = response->add_points();
        point->mutable_id()->set_number(i);
        v1::NamedVector* vector = point->add_vectors();
        if (i == 0) vector->mutable_vector()->set_f16(std::string("\x00\x3c\x00\xc0", 4));
        if (i > 0) vector->mutable_vector()->mutable_values()->add_values(0.5f);
      }
    }
    response->set_next_page_token(token.empty() ? "a" : token == "a" ? "b" : "");
    return Next();
  }
  grpc::Status SearchBatch(grpc::ServerContext*, const v1::SearchBatchRequest* request,
                           v1::SearchBatchResponse* response) override {
    search_ = *request;
    response->add_results()->add_points()->mutable_id()->set_number(4);
    return grpc::Status::OK;
  }
  grpc::Status Search(grpc::ServerContext*, const v1::SearchRequest*,
                      v1::SearchResponse* response) override {
    response->add_points();  // without an id
    return grpc::Status::OK;
  }

  v1::UpsertRequest upsert_;
  v1::DeleteRequest delete_;
  v1::CountRequest count_;
  v1::ScrollRequest scroll_;
  v1::SearchBatchRequest search_;
  std::atomic<bool> sleeping_{false};
};

class Collections : public v1::CollectionService::Service, public Failing {
 public:
  grpc::Status CreateCollection(grpc::ServerContext*, const v1::CreateCollectionRequest* request,
                                v1::CreateCollectionResponse* response) override {
    response->mutable_collection()->set_name(request->collection());
    *response->mutable_collection()->mutable_config() = request->config();
    return Next();
  }
  grpc::Status DeleteCollection(grpc::ServerContext*, const v1::DeleteCollectionRequest*,
                                v1::DeleteCollectionResponse*) override {
    return Next();
  }
  grpc::Status ListCollections(grpc::ServerContext*, const v1::ListCollectionsRequest* request,
                               v1::ListCollectionsResponse* response) override {
    const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    response->add_collections()->set_name(absl::StrCat("c", page));
    if (page < 4) response->set_next_page_token(absl::StrCat(page + 1));
    return Next();
  }
};

class TransportTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> Connect(absl::Duration timeout = absl::Seconds(10), int attempts = 4) {
    auto client = Client::Connect(
        {.address = server_.address(), .timeout = timeout, .max_attempts = attempts});
    EXPECT_TRUE(client.ok());
    return *std::move(client);
  }

  Points points_;
  Collections collections_;
  LoopbackServer server_{&points_, &collections_};
};

TEST_F(TransportTest, RepeatsCallsThatCanBeRepeated) {
  auto client = Connect();
  points_.Fail(3);
  EXPECT_EQ(*client->Count("c"), 7u);
  EXPECT_EQ(points_.calls(), 4);
  points_.Fail(3);
  EXPECT_EQ(client->Upsert("c", {Point{PointId::Number(1), {{"", {1}}}, ""}})->inserted, 1u);
  EXPECT_EQ(points_.calls(), 4);
}

TEST_F(TransportTest, GivesUpAfterTheAttempts) {
  points_.Fail(100);
  const auto count = Connect()->Count("c");
  EXPECT_EQ(count.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(count.status().message(), HasSubstr("try later"));
  EXPECT_THAT(count.status().message(), HasSubstr(server_.address()));
  EXPECT_EQ(points_.calls(), 4);
  points_.Fail(100);
  EXPECT_FALSE(Connect(absl::Seconds(10), 1)->Count("c").ok());
  EXPECT_EQ(points_.calls(), 1);
}

TEST_F(TransportTest, NeverRepeatsCreateDropOrOtherErrors) {
  auto client = Connect();
  collections_.Fail(1);
  EXPECT_FALSE(client->CreateCollection("c", {}).ok());
  EXPECT_EQ(collections_.calls(), 1);
  collections_.Fail(1);
  EXPECT_FALSE(client->DeleteCollection("c").ok());
  EXPECT_EQ(collections_.calls(), 1);
  points_.Fail(1, grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "dim: 3 is not 8"));
  const auto count = client->Count("c");
  EXPECT_EQ(count.status(), absl::InvalidArgumentError("dim: 3 is not 8"));
  EXPECT_EQ(points_.calls(), 1);
}

TEST_F(TransportTest, KeepsTheTimeoutOverAllAttempts) {
  points_.sleeping_ = true;
  const absl::Time start = absl::Now();
  EXPECT_EQ(Connect(absl::Milliseconds(300))->Count("c").status().code(),
            absl::StatusCode::kDeadlineExceeded);
  points_.sleeping_ = false;
  points_.Fail(1000000);
  EXPECT_EQ(Connect(absl::Milliseconds(300), 1000000)->Count("c").status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(TransportTest, WaitsForAServerThatComesLater) {
  int port = 0;
  { port = LoopbackServer({&points_}).port(); }
  EXPECT_EQ(Client::Connect({.address = absl::StrCat("127.0.0.1:", port),
                             .timeout = absl::Milliseconds(200),
                             .wait_for_ready = true})
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
  Points points;
  std::optional<LoopbackServer> server;
  std::thread later([&] {
    absl::SleepFor(absl::Milliseconds(300));
    server.emplace(std::initializer_list<grpc::Service*>{&points}, port);
  });
  auto client = Client::Connect({.address = absl::StrCat("127.0.0.1:", port),
                                 .timeout = absl::Seconds(20),
                                 .wait_for_ready = true});
  later.join();
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(*(*client)->Count("c"), 7u);
}

// Nothing listens on the port of the proxy.
TEST_F(TransportTest, IgnoresTheProxyOfTheEnvironmentForThisMachine) {
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  auto client = Connect();
  const auto count = client->Count("c");
  const auto far = Client::Connect({.address = "192.0.2.1:6334", .timeout = absl::Seconds(5)});
  ASSERT_TRUE(far.ok());
  const absl::Status unreachable = (*far)->Count("c").status();
  unsetenv("http_proxy");
  EXPECT_EQ(count.status(), absl::OkStatus());
  EXPECT_THAT(std::string(unreachable.message()),
              HasSubstr("192.0.2.1:6334 by way of the proxy 127.0.0.1:9 (http_proxy)"));
}

TEST_F(TransportTest, RefusesOptionsOutOfRange) {
  EXPECT_FALSE(Client::Connect({.address = ""}).ok());
  EXPECT_FALSE(Client::Connect({.timeout = absl::ZeroDuration()}).ok());
  EXPECT_FALSE(Client::Connect({.max_message_bytes = 0}).ok());
  EXPECT_FALSE(Client::Connect({.max_attempts = 0}).ok());
  const auto spaced = Client::Connect({.api_key = "sec ret"});
  EXPECT_EQ(spaced.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(spaced.status().message()), ::testing::Not(HasSubstr("ret")));
  EXPECT_FALSE(Client::Connect({.tls = {.ca_file = "ca.pem"}}).ok());  // not enabled
  EXPECT_FALSE(Client::Connect({.tls = {.enabled = true, .cert_file = "c.pem"}}).ok());
  EXPECT_EQ(Client::Connect({.tls = {.enabled = true, .ca_file = "/nonexistent"}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(TransportTest, SendsVectorsAsFloat32Bytes) {
  auto client = Connect();
  const std::vector<Point> batch = {
      {PointId::Number(3), {{"", {1.5f, -0.0f}}}, R"({"a":1})"},
      {*PointId::Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), {{"n", {2}}, {"m", {3}}}, ""}};
  ASSERT_TRUE(client->Upsert("c", batch, Durability::kAsync).ok());
  ASSERT_EQ(points_.upsert_.points_size(), 2);
  const v1::Point& first = points_.upsert_.points(0);
  ASSERT_EQ(first.vectors(0).vector().f32().size(), 8u);
  float values[2];
  std::memcpy(values, first.vectors(0).vector().f32().data(), 8);
  EXPECT_EQ(values[0], 1.5f);
  EXPECT_TRUE(std::signbit(values[1]));
  EXPECT_EQ(first.payload(), R"({"a":1})");
  EXPECT_EQ(points_.upsert_.durability(), v1::DURABILITY_ASYNC);
  EXPECT_EQ(points_.upsert_.points(1).id().uuid(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(points_.upsert_.points(1).vectors(1).name(), "m");
}

TEST_F(TransportTest, SendsAllParametersOfASearch) {
  auto client = Connect();
  Query query{.vector = {1, 2},
              .vector_name = "n",
              .limit = 5,
              .score_threshold = -0.5f,
              .select = {.payload = true, .vectors = true},
              .exact = true,
              .rerank = true,
              .oversampling = 4,
              .error_bound = 2};
  ASSERT_TRUE(client->SearchBatch("c", {query}).ok());
  const v1::SearchQuery& sent = points_.search_.queries(0);
  EXPECT_EQ(sent.vector().f32().size(), 8u);
  EXPECT_EQ(sent.vector_name(), "n");
  EXPECT_EQ(sent.limit(), 5u);
  EXPECT_EQ(sent.score_threshold(), -0.5f);
  EXPECT_TRUE(sent.select().with_payload() && sent.select().with_vectors());
  EXPECT_TRUE(sent.params().exact() && sent.params().rerank());
  EXPECT_EQ(sent.params().oversampling(), 4);
  EXPECT_EQ(sent.params().error_bound(), 2);
  query.score_threshold.reset();
  ASSERT_TRUE(client->SearchBatch("c", {query}).ok());
  EXPECT_FALSE(points_.search_.queries(0).has_score_threshold());
}

TEST_F(TransportTest, SendsTheFilterOfEveryCallThatHasOne) {
  auto client = Connect();
  Filter filter;
  filter.must = {{FieldCondition{"lang", MatchValue{"en"}}},
                 {FieldCondition{"year", NumberRange{{.gte = 1990}}}}};
  filter.must_not = {
      {HasIds({PointId::Number(7), *PointId::Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")})}};
  const auto expect_sent = [&](bool has, const v1::Filter& sent) {
    EXPECT_TRUE(has);
    ASSERT_EQ(sent.must_size(), 2);
    EXPECT_EQ(sent.must(0).field().key(), "lang");
    EXPECT_EQ(sent.must(0).field().match().keyword(), "en");
    EXPECT_EQ(sent.must(1).field().range().gte(), 1990);
    EXPECT_FALSE(sent.must(1).field().range().has_lt());
    EXPECT_EQ(sent.must_not(0).has_id().ids(0).number(), 7u);
    EXPECT_EQ(sent.must_not(0).has_id().ids(1).uuid(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  };
  ASSERT_TRUE(client->SearchBatch("c", {Query{.vector = {1}, .filter = filter}}).ok());
  expect_sent(points_.search_.queries(0).has_filter(), points_.search_.queries(0).filter());
  EXPECT_EQ(*client->Count("c", filter), 7u);
  expect_sent(points_.count_.has_filter(), points_.count_.filter());
  EXPECT_EQ(*client->DeleteMatching("c", filter, Durability::kAsync), 5u);
  expect_sent(points_.delete_.has_filter(), points_.delete_.filter());
  EXPECT_EQ(points_.delete_.durability(), v1::DURABILITY_ASYNC);
  Scroll scroll = client->ScrollPoints("c", {.filter = filter});
  ASSERT_TRUE(scroll.NextPage().ok());
  ASSERT_TRUE(scroll.NextPage().ok());
  EXPECT_EQ(points_.scroll_.page_token(), "b");
  expect_sent(points_.scroll_.has_filter(), points_.scroll_.filter());

  ASSERT_TRUE(client->SearchBatch("c", {Query{.vector = {1}}}).ok());
  EXPECT_FALSE(points_.search_.queries(0).has_filter());
  ASSERT_TRUE(client->Count("c").ok());
  EXPECT_FALSE(points_.count_.has_filter());
  ASSERT_TRUE(client->Delete("c", {PointId::Number(1)}).ok());
  EXPECT_FALSE(points_.delete_.has_filter());
}

TEST_F(TransportTest, FollowsPages) {
  auto client = Connect();
  const auto all = client->ListCollections();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 5u);
  EXPECT_EQ(all->back().name, "c4");

  Scroll scroll = client->ScrollPoints("c");
  const auto first = scroll.NextPage();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].vectors[0].values, (std::vector<float>{1, -2}));
  EXPECT_EQ((*first)[1].vectors[0].values, (std::vector<float>{0.5f}));
  points_.Fail(1, grpc::Status(grpc::StatusCode::INTERNAL, "once"));
  EXPECT_FALSE(scroll.NextPage().ok());
  const auto second = scroll.NextPage();  // asks again, and passes over the empty page
  ASSERT_EQ(second->size(), 2u);
  EXPECT_EQ((*second)[1].id, PointId::Number(3));
  EXPECT_TRUE(scroll.NextPage()->empty());
  EXPECT_TRUE(scroll.done());
}

TEST_F(TransportTest, CarriesTheConfigurationThereAndBack) {
  CollectionConfig config;
  config.metadata = {{"k", "v"}};
  config.vector_spaces.push_back({.name = "n",
                                  .dim = 9,
                                  .metric = Metric::kL2,
                                  .code_bits = 3,
                                  .residual = Residual::kNone,
                                  .centering = Centering::kOff,
                                  .store_vectors = StoreVectors::kF16,
                                  .seed = 11});
  const auto info = Connect()->CreateCollection("c", config);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->config.metadata, config.metadata);
  const VectorSpaceConfig& space = info->config.vector_spaces.at(0);
  EXPECT_EQ(space.name, "n");
  EXPECT_EQ(space.dim, 9u);
  EXPECT_EQ(MetricName(space.metric), "l2");
  EXPECT_EQ(space.code_bits, 3u);
  EXPECT_EQ(ResidualName(space.residual), "none");
  EXPECT_EQ(CenteringName(space.centering), "off");
  EXPECT_EQ(StoreVectorsName(space.store_vectors), "f16");
  EXPECT_EQ(space.seed, 11u);
}

TEST_F(TransportTest, ReportsAnswersThatBreakTheProtocol) {
  auto client = Connect();
  EXPECT_EQ(client->SearchBatch("c", {Query{}, Query{}}).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(client->Search("c", Query{}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(TransportTest, RefusesMessagesAboveTheLimit) {
  auto client = Client::Connect({.address = server_.address(), .max_message_bytes = 1000});
  ASSERT_TRUE(client.ok());
  EXPECT_EQ((*client)
                ->Upsert("c", {Point{PointId::Number(1), {{"", std::vector<float>(1000)}}, ""}})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace transport_test
}  // namespace tqdb::client
