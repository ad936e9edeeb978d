#include "server/grpc/convert.h"

#include <cstring>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/grpc/convert_collection.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_search.h"
#include "server/grpc/grpc_status.h"

namespace tqdb::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(ConvertTest, PageTokensRoundTripAndAreBoundToTheirCall) {
  const std::string token = MakePageToken('p', "42");
  EXPECT_EQ(ParsePageToken('p', token).value(), "42");
  EXPECT_EQ(ParsePageToken('c', token).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParsePageToken('p', "42").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParsePageToken('p', "").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ConvertTest, ValuesInMessagesAreEscapedAndCut) {
  EXPECT_EQ(Quoted("a\nb"), "'a\\nb'");
  EXPECT_EQ(Quoted(std::string(100, 'x')), "'" + std::string(64, 'x') + "...'");
}

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

TEST(ConvertTest, UpsertGathersOneMatrixASpaceWithThePointsItsRowsBelongTo) {
  v1::UpsertRequest request;
  for (uint64_t id = 0; id < 3; ++id) request.add_points()->mutable_id()->set_number(id);
  AddVector("a", 8, 0, request.mutable_points(0));
  AddVector("a", 8, 1, request.mutable_points(1));
  AddVector("b", 9, 11, request.mutable_points(1));
  AddVector("b", 9, 12, request.mutable_points(2));
  AddVector("a", 8, 2, request.mutable_points(2));
  request.mutable_points(1)->set_payload("{}");
  const absl::StatusOr<DecodedUpsert> decoded = UpsertFromProto(request, TwoSpaces());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  const storage::UpsertBatch& batch = decoded->batch;
  EXPECT_EQ(batch.ids.size(), 3u);
  EXPECT_THAT(batch.payloads, ElementsAre("", "{}", ""));
  EXPECT_EQ(batch.durability, storage::Durability::kSync);
  ASSERT_EQ(batch.vectors.size(), 2u);
  EXPECT_EQ(batch.vectors[0].name, "a");
  EXPECT_TRUE(batch.vectors[0].points.empty());  // every point has one
  ASSERT_EQ(batch.vectors[0].rows.rows(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch.vectors[0].rows.row(i)[7], static_cast<float>(i));
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(batch.vectors[0].rows.data()) % 64, 0u);
  EXPECT_EQ(batch.vectors[1].name, "b");
  EXPECT_THAT(batch.vectors[1].points, ElementsAre(1, 2));
  EXPECT_EQ(batch.vectors[1].rows.row(0)[8], 11);
  EXPECT_EQ(batch.vectors[1].rows.row(1)[8], 12);
}

TEST(ConvertTest, UpsertWithoutPayloadsPassesNone) {
  v1::UpsertRequest request;
  request.add_points()->mutable_id()->set_number(1);
  AddVector("a", 8, 1, request.mutable_points(0));
  EXPECT_TRUE(UpsertFromProto(request, TwoSpaces())->batch.payloads.empty());
}

TEST(ConvertTest, QueriesShareAPassOnlyWhenNothingButTheVectorDiffers) {
  const storage::CollectionConfig config = TwoSpaces();
  v1::SearchQuery query;
  query.set_vector_name("a");
  query.set_limit(3);
  for (int i = 0; i < 8; ++i) query.mutable_vector()->mutable_values()->add_values(1);
  v1::SearchQuery other = query;
  other.mutable_vector()->mutable_values()->set_values(0, 2);
  const DecodedQuery first = QueryFromProto(query, config, "query").value();
  EXPECT_TRUE(SameSpec(first, QueryFromProto(other, config, "query").value()));
  other.set_score_threshold(0.5);
  EXPECT_FALSE(SameSpec(first, QueryFromProto(other, config, "query").value()));
  other = query;
  other.mutable_select()->set_with_payload(true);
  EXPECT_FALSE(SameSpec(first, QueryFromProto(other, config, "query").value()));
}

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

}  // namespace
}  // namespace tqdb::server
