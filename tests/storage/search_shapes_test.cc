// Compares offset, diversity, groups, recommendation and fusion each with a plain computation from
// ordinary searches, which other tests compare with exact scores.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/json_number.h"
#include "core/space/vector_space.h"
#include "storage/read/mmr.h"
#include "storage/search/fusion.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "storage/search/recommend.h"
#include "tests/storage/fixture.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace search_shapes_test {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr size_t kDim = 16;
constexpr uint64_t kPoints = 700;

// Points with random vectors in two spaces. At the key "g" they have values of every type, of which
// floats name no group.
class SearchShapesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    collection_ =
        MustCreate(*database_, "c", ConfigOf({SpaceOf("", kDim), SpaceOf("title", kDim)}));
    std::vector<TestPoint> points;
    for (uint64_t id = 0; id < kPoints; ++id) {
      json payload = {{"parity", id % 2 == 0 ? "even" : "odd"}};
      switch (random_.Below(5)) {  // the kind of value at the key "g"
        case 0: payload["g"] = "s" + std::to_string(random_.Below(30)); break;
        case 1: payload["g"] = random_.Below(20); break;
        case 2:
          payload["g"] = {random_.Below(2) == 0, "s" + std::to_string(random_.Below(5)), 0.5};
          break;
        case 3:
          payload["g"] = 0.25;  // no group
          break;
        default: break;
      }
      points.push_back({PointId::Number(id),
                        {{"", random_.Vector(kDim)}, {"title", random_.Vector(kDim)}},
                        payload.dump()});
    }
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
    query_ = random_.Vector(kDim);
  }

  MatrixView query() const { return {query_.data(), 1, kDim}; }
  std::vector<PointRecord> Search(const SearchSpec& spec) const {
    auto lists = collection_->Search(query(), spec);
    EXPECT_TRUE(lists.ok()) << lists.status();
    return lists.ok() ? (*lists)[0] : std::vector<PointRecord>();
  }
  static std::vector<uint64_t> Ids(const std::vector<PointRecord>& records) {
    std::vector<uint64_t> ids;
    for (const PointRecord& record : records) ids.push_back(record.id.low);
    return ids;
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  testing::Gaussian random_{20'261'125};
  std::vector<float> query_;
};

TEST_F(SearchShapesTest, OffsetsCutOneListIntoPages) {
  const std::vector<uint64_t> all = Ids(Search({.limit = 50}));
  std::vector<uint64_t> paged;
  for (size_t offset = 0; offset < 50; offset += 10) {
    const std::vector<uint64_t> page = Ids(Search({.limit = 10, .offset = offset}));
    paged.insert(paged.end(), page.begin(), page.end());
  }
  EXPECT_EQ(paged, all);
  EXPECT_TRUE(Search({.limit = 10, .offset = kPoints}).empty());
  EXPECT_TRUE(absl::IsInvalidArgument(
      collection_->Search(query(), {.limit = 10, .offset = kMaxTopK}).status()));
}

// One bit says little about the order, so candidates of a later page beat hits of an earlier one.
TEST_F(SearchShapesTest, PagesOfARerankNeitherOverlapNorLosePoints) {
  VectorSpaceConfig coarse = SpaceOf("", 64);
  coarse.codec.code_bits = 1;
  coarse.codec.residual = Residual::kNone;
  const auto collection = MustCreate(*database_, "coarse", ConfigOf({coarse}));
  std::vector<TestPoint> points;
  for (uint64_t id = 0; id < 3000; ++id) {
    points.push_back({PointId::Number(id), {{"", random_.Vector(64)}}, ""});
  }
  ASSERT_TRUE(UpsertPoints(*collection, points).ok());
  const std::vector<float> query = random_.Vector(64);
  for (const size_t limit : {7, 10, 50}) {
    std::set<uint64_t> ids;
    for (size_t offset = 0; offset < 3000; offset += limit) {
      const auto page = collection->Search({query.data(), 1, query.size()},
                                           {.limit = limit, .offset = offset, .rerank = true});
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_TRUE(std::is_sorted(
          page->front().begin(), page->front().end(),
          [](const PointRecord& a, const PointRecord& b) { return a.score > b.score; }));
      for (const uint64_t id : Ids(page->front())) EXPECT_TRUE(ids.insert(id).second) << id;
    }
    EXPECT_EQ(ids.size(), points.size());
  }
}

// The oracle picks one hit after the other by the formula of storage/read/mmr.h, from all
// candidates.
TEST_F(SearchShapesTest, DiverseHitsAreThoseOfAPlainSelection) {
  const std::vector<PointRecord> candidates = Search({.limit = 40, .select = {.vectors = true}});
  for (const float diversity : {0.0f, 0.3f, 0.7f, 1.0f}) {
    std::vector<size_t> picked;
    while (picked.size() < 8) {
      size_t best = 0;
      double best_value = -1e30;
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (std::count(picked.begin(), picked.end(), i) != 0) continue;
        double nearest = -1e30;
        for (const size_t p : picked) {
          nearest = std::max<double>(
              nearest, ExactScore(Metric::kCosine, candidates[p].vectors[0].values.data(),
                                  candidates[i].vectors[0].values.data(), kDim));
        }
        const double score = candidates[i].score;
        const double value = picked.empty() ? score : (1 - diversity) * score - diversity * nearest;
        if (value > best_value) {
          best_value = value;
          best = i;
        }
      }
      picked.push_back(best);
    }
    std::vector<uint64_t> expected;
    for (const size_t i : picked) expected.push_back(candidates[i].id.low);
    SearchSpec spec{.limit = 5};
    spec.offset = 3;
    spec.mmr = {diversity, 40};
    const std::vector<PointRecord> hits = Search(spec);
    EXPECT_EQ(Ids(hits), std::vector<uint64_t>(expected.begin() + 3, expected.end())) << diversity;
    for (const PointRecord& hit : hits) EXPECT_TRUE(hit.vectors.empty());
  }
  SearchSpec bad{.limit = 10};
  bad.mmr = {0.5f, 9};
  EXPECT_THAT(std::string(collection_->Search(query(), bad).status().message()),
              HasSubstr("mmr.candidates is 9; need limit + offset, 10, to 1000"));
  bad.mmr = {1.5f, 0};
  EXPECT_THAT(std::string(collection_->Search(query(), bad).status().message()),
              HasSubstr("mmr.diversity is 1.5; need 0 to 1"));
}

// The oracle sorts the whole ranking into groups. SearchGroups reads only parts of it, by several
// searches with filters, and so could lose, repeat or reorder points.
TEST_F(SearchShapesTest, GroupsAreThoseOfTheWholeRanking) {
  for (const bool indexed : {false, true}) {
    if (indexed) {
      ASSERT_TRUE(collection_->CreatePayloadIndex("g", FieldKind::kKeyword, true, {}).ok());
    }
    for (const bool filtered : {false, true}) {
      SearchSpec spec{.limit = kPoints, .select = {.payload = true}};
      if (filtered)
        spec.filter = *FilterFromJson(R"({"must":[{"key":"parity","match":{"value":"odd"}}]})");
      const std::vector<PointRecord> ranking = Search(spec);
      for (const auto& [limit, group_size] :
           {std::pair<size_t, size_t>{1, 1}, {4, 3}, {10, 2}, {45, 4}, {200, 30}}) {
        using Group = std::pair<json, std::vector<uint64_t>>;
        std::vector<Group> expected;
        for (const PointRecord& record : ranking) {
          const json payload = json::parse(record.payload);
          if (!payload.contains("g")) continue;
          const json values = payload["g"].is_array() ? payload["g"] : json::array({payload["g"]});
          for (const json& value : values) {
            if (value.is_number_float()) continue;
            auto group = std::find_if(expected.begin(), expected.end(),
                                      [&value](const auto& g) { return g.first == value; });
            if (group == expected.end()) {
              if (expected.size() == limit) continue;
              group = expected.insert(expected.end(), Group(value, {}));
            }
            if (group->second.size() < group_size) group->second.push_back(record.id.low);
          }
        }
        spec.select.payload = false;
        const auto groups = SearchGroups(*collection_, query(), spec, {"g", limit, group_size});
        ASSERT_TRUE(groups.ok()) << groups.status();
        std::vector<Group> found;
        for (const PointGroup& group : *groups) {
          json value;
          if (const auto* text = std::get_if<std::string>(&group.value.value)) value = *text;
          if (const auto* flag = std::get_if<bool>(&group.value.value)) value = *flag;
          if (const auto* integer = std::get_if<Integer>(&group.value.value)) {
            value = NumberToJson<json>(*integer);
          }
          found.emplace_back(value, Ids(group.points));
          for (const PointRecord& point : group.points) EXPECT_TRUE(point.payload.empty());
        }
        EXPECT_EQ(found, expected) << limit << " groups of " << group_size;
        // The next pages of groups are those of one longer list.
        for (const size_t offset : {size_t{1}, limit / 2, limit, size_t{500}}) {
          const auto page =
              SearchGroups(*collection_, query(), spec, {"g", limit, group_size, offset});
          const auto all =
              SearchGroups(*collection_, query(), spec, {"g", limit + offset, group_size});
          ASSERT_TRUE(page.ok() && all.ok()) << page.status() << all.status();
          ASSERT_EQ(page->size(), all->size() - std::min(offset, all->size()));
          for (size_t i = 0; i < page->size(); ++i) {
            EXPECT_EQ((*page)[i].value, (*all)[offset + i].value);
            EXPECT_EQ(Ids((*page)[i].points), Ids((*all)[offset + i].points));
          }
        }
        spec.select.payload = true;
      }
    }
  }
  EXPECT_THAT(
      std::string(SearchGroups(*collection_, query(), {}, {"g", 600, 1, 401}).status().message()),
      HasSubstr("limit + offset is 1001; allowed: 1..1000"));
  EXPECT_THAT(std::string(SearchGroups(*collection_, query(), {}, {"g", 0, 1}).status().message()),
              HasSubstr("limit is 0"));
  EXPECT_THAT(
      std::string(SearchGroups(*collection_, query(), {}, {"g..h", 1, 1}).status().message()),
      HasSubstr("group_by: "));
}

// The oracle takes twice the mean of the positive examples minus the negative one, all of them
// scaled to norm 1. The search must leave out the examples themselves.
TEST_F(SearchShapesTest, RecommendationsAreNearTheDifferenceOfMeans) {
  const Examples examples{{PointId::Number(3), PointId::Number(5)}, {PointId::Number(8)}};
  const auto vector = RecommendVector(*collection_, "title", examples);
  ASSERT_TRUE(vector.ok()) << vector.status();
  std::map<uint64_t, std::vector<float>> unit;
  const std::vector<PointId> ids = {PointId::Number(3), PointId::Number(5), PointId::Number(8)};
  const auto records = collection_->Get(ids, {.vectors = true});
  ASSERT_TRUE(records.ok()) << records.status();
  for (const PointRecord& record : *records) {
    std::vector<float> values = record.vectors[1].values;
    float squares = 0;
    for (const float value : values) squares += value * value;
    for (float& value : values) value /= std::sqrt(squares);
    unit[record.id.low] = values;
  }
  for (size_t d = 0; d < kDim; ++d) {
    const float mean = (unit[3][d] + unit[5][d]) / 2;
    EXPECT_NEAR((*vector)[d], 2 * mean - unit[8][d], 1e-5);
  }
  SearchSpec spec{.space = "title", .limit = kPoints};
  spec.filter = WithoutExamples({}, examples);
  const auto lists = collection_->Search(MatrixView(vector->data(), 1, kDim), spec);
  ASSERT_TRUE(lists.ok());
  EXPECT_EQ((*lists)[0].size(), kPoints - 3);
  for (const PointRecord& hit : (*lists)[0]) EXPECT_FALSE(unit.contains(hit.id.low));

  EXPECT_TRUE(absl::IsInvalidArgument(RecommendVector(*collection_, "", {}).status()));
  const auto missing =
      RecommendVector(*collection_, "", {{PointId::Number(3)}, {PointId::Number(kPoints)}});
  EXPECT_TRUE(absl::IsNotFound(missing.status()));
  EXPECT_THAT(std::string(missing.status().message()),
              HasSubstr("recommend.negative[0]: point 700"));
  EXPECT_TRUE(absl::IsInvalidArgument(RecommendVector(*collection_, "other", examples).status()));
}

// Examples given as vectors count like points that have these vectors. Negative ones alone give the
// opposite of their mean, so that the hits come by ascending likeness.
TEST_F(SearchShapesTest, ExamplesMayBeVectorsAndNegativeAlone) {
  const auto record = collection_->Get({{PointId::Number(8)}}, {.vectors = true});
  ASSERT_TRUE(record.ok());
  const std::vector<float> own = (*record)[0].vectors[1].values;
  const auto by_id = RecommendVector(*collection_, "title", {{}, {PointId::Number(8)}});
  const auto by_vector = RecommendVector(*collection_, "title", {.negative_vectors = {own}});
  ASSERT_TRUE(by_id.ok() && by_vector.ok()) << by_id.status() << by_vector.status();
  EXPECT_EQ(*by_id, *by_vector);
  float squares = 0;
  for (const float value : own) squares += value * value;
  for (size_t d = 0; d < kDim; ++d) EXPECT_NEAR((*by_id)[d], -own[d] / std::sqrt(squares), 1e-5);

  SearchSpec spec{.space = "title", .limit = kPoints, .exact = true};
  const auto near = collection_->Search(MatrixView(own.data(), 1, kDim), spec);
  const auto far = collection_->Search(MatrixView(by_id->data(), 1, kDim), spec);
  ASSERT_TRUE(near.ok() && far.ok()) << near.status() << far.status();
  std::vector<uint64_t> turned = Ids((*far)[0]);
  std::reverse(turned.begin(), turned.end());
  EXPECT_EQ(turned, Ids((*near)[0]));

  const auto message = [this](const char* space, const Examples& examples) {
    return std::string(RecommendVector(*collection_, space, examples).status().message());
  };
  EXPECT_THAT(message("title", {}), HasSubstr("recommend has 0 examples"));
  EXPECT_THAT(message("title", {.positive_vectors = {{1, 2}}}),
              HasSubstr("recommend.positive_vectors[0] has 2 numbers; need"));
  EXPECT_THAT(message("title", {.positive_vectors = {std::vector<float>(kDim)}}),
              HasSubstr("recommend.positive_vectors[0] is zero"));
  EXPECT_THAT(message("title", {.positive_sparse = {{{1}, {1}}}}),
              HasSubstr("recommend.positive_sparse is set, but 'title' is a vector space"));
  std::vector<float> opposite = own;
  for (float& value : opposite) value = -value;
  EXPECT_THAT(message("title", {.positive_vectors = {own, opposite}}), HasSubstr("cancel out"));
}

// The oracle adds up the shares of every list as storage/search/fusion.h defines them.
TEST_F(SearchShapesTest, HybridListsAreFusedByRankOrByScore) {
  const std::vector<float> other = random_.Vector(kDim);
  const std::vector<HybridPart> parts = {
      {query(), {.limit = 30}, 1},
      {MatrixView(other.data(), 1, kDim), {.space = "title", .limit = 20}, 2.5}};
  for (const Fusion::Method method :
       {Fusion::Method::kReciprocalRank, Fusion::Method::kWeightedScore}) {
    std::map<uint64_t, double> expected;
    for (const HybridPart& part : parts) {
      const auto list = (*collection_->Search(part.query, part.spec))[0];
      for (size_t i = 0; i < list.size(); ++i) {
        const double by_score =
            (list[i].score - list.back().score) / (list[0].score - list.back().score);
        expected[list[i].id.low] += part.weight * (method == Fusion::Method::kReciprocalRank
                                                       ? 1.0 / (7.0 + static_cast<double>(i) + 1)
                                                       : by_score);
      }
    }
    const HybridSpec spec{{method, 7}, 12, 2, {.payload = true}};
    const auto hits = SearchHybrid(*collection_, parts, spec);
    ASSERT_TRUE(hits.ok()) << hits.status();
    ASSERT_EQ(hits->size(), 12u);
    std::vector<double> ordered;
    for (const auto& [id, score] : expected) ordered.push_back(score);
    std::sort(ordered.rbegin(), ordered.rend());
    for (size_t i = 0; i < hits->size(); ++i) {
      EXPECT_NEAR((*hits)[i].score, ordered[i + 2], 1e-6);
      EXPECT_NEAR((*hits)[i].score, expected.at((*hits)[i].id.low), 1e-6);
      EXPECT_FALSE((*hits)[i].payload.empty());
    }
  }
  std::vector<HybridPart> bad = parts;
  bad[1].spec.space = "none";
  EXPECT_THAT(std::string(SearchHybrid(*collection_, bad, {}).status().message()),
              HasSubstr("parts[1]: vector_name"));
  bad[1].weight = -1;
  EXPECT_THAT(std::string(SearchHybrid(*collection_, bad, {}).status().message()),
              HasSubstr("parts[1].weight is -1"));
  EXPECT_THAT(std::string(SearchHybrid(*collection_, {}, {}).status().message()),
              HasSubstr("parts has 0 entries"));
}

// Equal scores must not leave the order to a hash map. A list with one score has no range to scale
// by, so its points get the full share.
TEST(FusionTest, TiesAreOrderedByIdAndOneScoreCountsFully) {
  const std::vector<RankedList> lists = {
      {{{PointId::Number(9), 0.5}, {PointId::Number(4), 0.5}}, 1}, {{{PointId::Number(4), 3}}, 1}};
  const auto fused = Fuse(lists, {Fusion::Method::kWeightedScore}, 5);
  ASSERT_EQ(fused.size(), 2u);
  EXPECT_EQ(fused[0].id, PointId::Number(4));
  EXPECT_DOUBLE_EQ(fused[0].score, 2);
  EXPECT_DOUBLE_EQ(fused[1].score, 1);
  const std::vector<RankedList> even = {{{{PointId::Number(2), 1}}, 1},
                                        {{{PointId::Number(1), 1}}, 1}};
  EXPECT_EQ(Fuse(even, {}, 1)[0].id, PointId::Number(1));
}

}  // namespace search_shapes_test
}  // namespace tqdb::storage
