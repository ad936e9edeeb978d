// Tests the conversions between protobuf and plain values, and the computed size of answers, whose
// oracle is protobuf.
#include "server/grpc/convert.h"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "base/quoted.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/grpc/convert_collection.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_search.h"
#include "server/grpc/grpc_status.h"
#include "service/answer_size.h"

namespace tqdb::server {
namespace convert_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

storage::CollectionConfig TwoSpaces() {
  storage::CollectionConfig config;
  for (const char* name : {"a", "b"}) {
    storage::VectorSpaceConfig space;
    space.name = name;
    space.codec.dim = name[0] == 'a' ? 8 : 9;
    config.spaces.push_back(space);
  }
  return config;
}

void AddVector(const char* name, size_t dim, float value, v1::Point* point) {
  v1::NamedVector* named = point->add_vectors();
  named->set_name(name);
  for (size_t i = 0; i < dim; ++i) named->mutable_vector()->mutable_values()->add_values(value);
}

TEST(ConvertTest, IdsRoundTrip) {
  for (const PointId& id : {PointId::Number(0), PointId::Number(~uint64_t{0}),
                            PointId::Uuid(0x6ba7b8109dad11d1, 0x80b400c04fd430c8)}) {
    v1::PointId proto;
    IdToProto(id, &proto);
    const absl::StatusOr<PointId> back = IdFromProto(proto, [] { return std::string("id"); });
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, id);
  }
}

// Messages quote values of callers, which may be long or hold any bytes.
TEST(ConvertTest, ValuesInMessagesAreEscapedAndCut) {
  EXPECT_EQ(storage::Quoted("a\nb"), "'a\\nb'");
  EXPECT_EQ(storage::Quoted(std::string(100, 'x')), "'" + std::string(64, 'x') + "...'");
}

// A description of a collection tells the values in force, so that it can be used to create the
// same collection elsewhere.
TEST(ConvertTest, ConfigRoundTripsWithDefaultsFilledIn) {
  v1::CollectionConfig proto;
  proto.add_vector_spaces()->set_dim(100);
  (*proto.mutable_metadata())["k"] = "v";
  const absl::StatusOr<storage::CollectionConfig> config = ConfigFromProto(proto);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->spaces[0].codec.seed, CodecOptions().seed);
  EXPECT_EQ(config->spaces[0].codec.code_bits, 4);
  v1::CollectionConfig back;
  ConfigToProto(*config, &back);
  EXPECT_EQ(back.vector_spaces(0).dim(), 100u);
  EXPECT_EQ(back.vector_spaces(0).store_vectors(), v1::STORE_VECTORS_F32);
  EXPECT_EQ(back.metadata().at("k"), "v");
  const absl::StatusOr<storage::CollectionConfig> again = ConfigFromProto(back);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->spaces[0].codec.seed, config->spaces[0].codec.seed);
}

TEST(ConvertTest, UpsertPassesEveryPointOn) {
  v1::UpsertRequest request;
  for (uint64_t id = 0; id < 3; ++id) request.add_points()->mutable_id()->set_number(id);
  AddVector("a", 8, 0, request.mutable_points(0));
  AddVector("a", 8, 1, request.mutable_points(1));
  AddVector("b", 9, 11, request.mutable_points(1));
  AddVector("b", 9, 12, request.mutable_points(2));
  request.mutable_points(1)->set_payload("{}");
  const absl::StatusOr<service::PreparedUpsert> upsert = UpsertFromProto(
      request,
      service::UpsertBuilder::Create(std::make_shared<storage::CollectionConfig>(TwoSpaces()), 3)
          .value());
  ASSERT_TRUE(upsert.ok()) << upsert.status();
  const storage::UpsertBatch& batch = upsert->batch;
  EXPECT_EQ(batch.ids.size(), 3u);
  EXPECT_THAT(batch.payloads, ElementsAre("", "{}", ""));
  EXPECT_EQ(batch.payloads[1].data(), request.points(1).payload().data());  // not copied
  EXPECT_EQ(batch.durability, storage::Durability::kSync);
  ASSERT_EQ(batch.vectors.size(), 2u);
  EXPECT_THAT(batch.vectors[0].points, ElementsAre(0, 1));
  EXPECT_EQ(batch.vectors[0].rows.row(1)[7], 1);
  EXPECT_THAT(batch.vectors[1].points, ElementsAre(1, 2));
  EXPECT_EQ(batch.vectors[1].rows.row(0)[8], 11);
}

TEST(ConvertTest, QueriesKeepWhatTheyAskFor) {
  v1::SearchQuery query;
  query.set_vector_name("a");
  query.set_limit(3);
  query.set_offset(2);
  query.set_score_threshold(0.5f);
  query.mutable_select()->set_with_payload(true);
  query.mutable_params()->set_rerank(true);
  query.mutable_params()->set_oversampling(2);
  query.mutable_params()->set_error_bound(4);
  query.mutable_mmr()->set_diversity(0.25f);
  query.mutable_mmr()->set_candidates(50);
  for (int i = 0; i < 8; ++i) query.mutable_vector()->mutable_values()->add_values(1);
  const service::Query plain = QueryFromProto(query, "query").value();
  EXPECT_TRUE(std::holds_alternative<service::VectorView>(plain.find));
  EXPECT_EQ(plain.vector_name, "a");
  EXPECT_EQ(plain.spec.limit, 3u);
  EXPECT_EQ(plain.spec.offset, 2u);
  EXPECT_EQ(plain.spec.score_threshold, 0.5f);
  EXPECT_TRUE(plain.spec.select.payload && !plain.spec.select.vectors);
  EXPECT_TRUE(plain.spec.rerank && !plain.spec.exact);
  EXPECT_EQ(plain.spec.oversampling, 2);
  EXPECT_EQ(plain.spec.error_bound, 4);
  EXPECT_EQ(plain.spec.mmr, (storage::SearchSpec::Mmr{0.25f, 50}));
  v1::SearchQuery text;
  text.mutable_text()->set_key("title");
  text.mutable_text()->set_text("word");
  EXPECT_EQ(std::get<storage::TextQuery>(QueryFromProto(text, "query")->find),
            (storage::TextQuery{"title", "word"}));
}

// A message can name millions of empty queries, whose plain values would fill the memory.
TEST(ConvertTest, ABatchOfTooManyIsRefusedBeforeItIsConverted) {
  v1::SearchBatchRequest batch;
  for (size_t i = 0; i <= storage::kMaxQueries; ++i) batch.add_queries();
  EXPECT_THAT(std::string(QueriesFromProto(batch.queries()).status().message()),
              HasSubstr("queries has 1001 entries"));
  v1::SearchHybridRequest hybrid;
  for (size_t i = 0; i <= storage::kMaxHybridParts; ++i) hybrid.add_parts();
  EXPECT_THAT(std::string(PartsFromProto(hybrid.parts()).status().message()),
              HasSubstr("parts has 17 entries"));
  v1::GetRequest get;
  for (size_t i = 0; i <= storage::kMaxBatchPoints; ++i) get.add_ids();
  EXPECT_THAT(std::string(IdsFromProto(get.ids()).status().message()),
              HasSubstr("ids has 10001 entries"));
}

// The service computes the bytes of an answer without protobuf. Here random answers are compared
// with the sizes that protobuf computes.
TEST(AnswerSizeTest, IsThatOfTheMessagesToTheByte) {
  std::mt19937 random(1);
  const auto below = [&random](uint64_t n) { return random() % n; };
  for (int round = 0; round < 200; ++round) {
    std::vector<storage::PointRecord> points(below(20));
    for (storage::PointRecord& point : points) {
      const uint64_t low = random() >> below(32), high = (uint64_t{random()} << 32) | random();
      point.id =
          below(2) == 0 ? PointId::Number(below(2) == 0 ? low : high) : PointId::Uuid(high, low);
      if (below(2) == 0) point.score = static_cast<float>(below(3)) - 1;
      if (below(8) == 0) point.score = -0.0f;
      point.payload = std::string(below(2) * below(40'000), 'x');
      for (uint64_t v = below(3); v > 0; --v) {
        point.vectors.push_back(
            {std::string(below(3) * 50, 'n'), std::vector<float>(below(2'000))});
      }
      for (uint64_t v = below(3); v > 0; --v) {
        storage::PointSparseVector& sparse = point.sparse_vectors.emplace_back();
        sparse.name = std::string(below(200), 'n');
        for (uint64_t i = below(50); i > 0; --i) {
          sparse.vector.indices.push_back(static_cast<uint32_t>(random() >> below(32)));
          sparse.vector.values.push_back(1);
        }
      }
    }
    std::vector<storage::PointGroup> groups(below(5));
    for (storage::PointGroup& group : groups) {
      group.points = points;
      switch (below(3)) {
        case 0: group.value = {std::string(below(2) * 200, 'k')}; break;
        case 1: group.value = {static_cast<int64_t>(below(1'000)) - 500}; break;
        default: group.value = {below(2) == 0};
      }
    }
    std::vector<storage::FacetCount> facets;
    for (const storage::PointGroup& group : groups) {
      facets.push_back({group.value, random() >> below(32)});
    }

    v1::SearchResponse hits;
    HitsToProto(points, hits.mutable_points());
    EXPECT_EQ(service::AnswerBytes(points), hits.ByteSizeLong());
    size_t batch_bytes = 0;
    v1::SearchBatchResponse batch;
    for (uint64_t i = below(4); i > 0; --i) {
      *batch.add_results() = hits;
      batch_bytes += service::NestedBytes(service::AnswerBytes(points));
    }
    EXPECT_EQ(batch_bytes, batch.ByteSizeLong());
    v1::SearchGroupsResponse grouped;
    GroupsToProto(groups, grouped.mutable_groups());
    EXPECT_EQ(service::AnswerBytes(groups), grouped.ByteSizeLong());
    v1::FacetResponse counted;
    FacetsToProto(facets, counted.mutable_counts());
    EXPECT_EQ(service::AnswerBytes(facets), counted.ByteSizeLong());
    for (storage::PointRecord& point : points) point.score = 0;
    v1::GetResponse got;
    PointsToProto(points, got.mutable_points());
    EXPECT_EQ(service::AnswerBytes(points), got.ByteSizeLong());
    for (size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(service::PointBytes(points[i]), got.points(static_cast<int>(i)).ByteSizeLong());
    }
  }
}

// Half a character would make the message invalid UTF-8. Each character has two bytes here, so a
// right cut lies at an even place.
TEST(GrpcStatusTest, CodesAndMessagesPassAndLongOnesAreCutBetweenCharacters) {
  const grpc::Status status = ToGrpc(absl::DataLossError("checksum"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(status.error_message(), "checksum");
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  std::string umlauts;
  for (int i = 0; i < 3000; ++i) umlauts += "\xc3\xa4";
  const std::string cut = StatusMessage(umlauts);
  EXPECT_LE(cut.size(), kMaxStatusMessageBytes);
  EXPECT_THAT(cut, HasSubstr("(cut)"));
  EXPECT_EQ(cut.find(" ...") % 2, 0u);
}

}  // namespace convert_test
}  // namespace tqdb::server
