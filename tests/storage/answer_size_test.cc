// Tests that Select::max_bytes bounds the bytes that a call returns, even if it reads more on the
// way.
//
// Every payload has exactly kPayload bytes, so each test knows the size of its answer. It checks
// that a bound of this size is accepted, and that a bound of one byte less refuses the call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace answer_size_test {

using ::testing::HasSubstr;

constexpr size_t kDim = 8;
constexpr size_t kPoints = 200;
constexpr size_t kPayload = 1'000;  // bytes

class AnswerSizeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    CollectionConfig config = ConfigOf({SpaceOf("", kDim)});
    config.sparse_spaces.push_back({"terms"});
    collection_ = MustCreate(*database_, "c", config);
    std::vector<TestPoint> points;
    for (uint64_t id = 0; id < kPoints; ++id) {
      nlohmann::json payload = {{"g", id % 4}, {"text", "word"}, {"fill", ""}};
      payload["fill"] = std::string(kPayload - payload.dump().size(), 'x');
      points.push_back({PointId::Number(id), {{"", random_.Vector(kDim)}}, payload.dump()});
      points.back().sparse["terms"] = {{1}, {1.0f + static_cast<float>(id)}};
    }
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
    ASSERT_TRUE(collection_->CreatePayloadIndex("text", FieldKind::kText, true, {}).ok());
    for (int i = 0; i < 3; ++i) {
      const std::vector<float> row = random_.Vector(kDim);
      queries_.insert(queries_.end(), row.begin(), row.end());
    }
  }

  MatrixView queries(size_t n) const { return {queries_.data(), n, kDim}; }
  static Select Payloads(size_t max_bytes) { return {.payload = true, .max_bytes = max_bytes}; }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  testing::Gaussian random_{1};
  std::vector<float> queries_;
};

TEST_F(AnswerSizeTest, SearchesAreRefusedAboveIt) {
  for (const bool exact : {false, true}) {
    SearchSpec spec{.limit = 20};
    spec.exact = exact;
    spec.select = Payloads(20 * kPayload);
    EXPECT_TRUE(collection_->Search(queries(1), spec).ok());
    spec.select = Payloads(20 * kPayload - 1);
    const absl::Status status = collection_->Search(queries(1), spec).status();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("more than 19999 bytes"));
    // The bound holds for all queries of a batch together.
    spec.select = Payloads(60 * kPayload);
    EXPECT_TRUE(collection_->Search(queries(3), spec).ok());
    spec.select = Payloads(60 * kPayload - 1);
    EXPECT_TRUE(absl::IsResourceExhausted(collection_->Search(queries(3), spec).status()));
    // A vector counts four bytes a float, and the sparse vector of each point counts eight for its
    // one entry.
    spec.select = {.vectors = true, .max_bytes = 20 * (kDim * 4 + 8)};
    EXPECT_TRUE(collection_->Search(queries(1), spec).ok());
    --spec.select.max_bytes;
    EXPECT_TRUE(absl::IsResourceExhausted(collection_->Search(queries(1), spec).status()));
  }
}

// Points before the offset are ranked but not returned. If they counted, a later page of a list
// would be refused although its first page was not.
TEST_F(AnswerSizeTest, WhatTheOffsetLeavesOutDoesNotCount) {
  SearchSpec dense{.limit = 10, .offset = 150};
  dense.select = Payloads(10 * kPayload);
  EXPECT_TRUE(collection_->Search(queries(1), dense).ok());
  const Filter in_a_group = {.must = {{FieldCondition{"g", Presence::kExists}}},
                             .should = {},
                             .must_not = {},
                             .min_should = {}};
  dense.filter = in_a_group;
  EXPECT_TRUE(collection_->Search(queries(1), dense).ok());

  SearchSpec words{.text = TextQuery{"text", "word"}, .limit = 10, .offset = 150};
  words.select = Payloads(10 * kPayload);
  EXPECT_TRUE(collection_->Search({}, words).ok());
  --words.select.max_bytes;
  EXPECT_TRUE(absl::IsResourceExhausted(collection_->Search({}, words).status()));

  SearchSpec sparse{.space = "terms", .sparse = SparseVector{{1}, {1}}, .limit = 10, .offset = 150};
  sparse.select = Payloads(10 * kPayload);
  const auto lists = collection_->Search({}, sparse);
  ASSERT_TRUE(lists.ok()) << lists.status();
  ASSERT_EQ((*lists)[0].size(), 10u);
  EXPECT_EQ((*lists)[0][0].id, PointId::Number(kPoints - 1 - 150));
}

// A diverse search compares 40 candidates for each query, but returns five. Only the five count.
TEST_F(AnswerSizeTest, CandidatesOfDiverseHitsDoNotCount) {
  SearchSpec spec{.limit = 5, .offset = 2};
  spec.mmr = {0.5f, 40};
  spec.select = Payloads(3 * 5 * kPayload);
  EXPECT_TRUE(collection_->Search(queries(3), spec).ok());
  --spec.select.max_bytes;
  EXPECT_TRUE(absl::IsResourceExhausted(collection_->Search(queries(3), spec).status()));
}

// A search by groups reads more points than it returns, and a hybrid search fuses longer lists. In
// both, only the result counts.
TEST_F(AnswerSizeTest, GroupsAndFusedListsToo) {
  SearchSpec spec;
  spec.select = Payloads(4 * 5 * kPayload);
  const GroupSpec groups{.key = "g", .limit = 4, .group_size = 5};
  EXPECT_TRUE(SearchGroups(*collection_, queries(1), spec, groups).ok());
  --spec.select.max_bytes;
  EXPECT_TRUE(
      absl::IsResourceExhausted(SearchGroups(*collection_, queries(1), spec, groups).status()));
  spec.select = {.max_bytes = 4 * 5 * kPayload};  // payloads are read, but not returned
  EXPECT_TRUE(SearchGroups(*collection_, queries(1), spec, groups).ok());

  std::vector<HybridPart> parts = {{queries(1), SearchSpec{.limit = 100}, 1}};
  HybridSpec hybrid{.limit = 7, .offset = 20};
  hybrid.select = Payloads(7 * kPayload);
  EXPECT_TRUE(SearchHybrid(*collection_, parts, hybrid).ok());
  --hybrid.select.max_bytes;
  EXPECT_TRUE(absl::IsResourceExhausted(SearchHybrid(*collection_, parts, hybrid).status()));
}

}  // namespace answer_size_test
}  // namespace tqdb::storage
