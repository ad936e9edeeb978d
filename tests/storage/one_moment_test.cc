// Every read sees the collection at one moment: of each write all of it or nothing.
//
// Writers replace the same ten points again and again, in one batch, or edit their payloads in one
// call. Each write gives all ten points one version. Every kind of read must always find all ten
// points, and all of one version. Around them lie points that never change, so that the ten are a
// few among many, as in ordinary use.
//
// TQDB_MOMENT_SECONDS sets how long each case runs.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "storage/search/recommend.h"
#include "tests/storage/fixture.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace one_moment_test {

constexpr uint64_t kPoints = 10;
constexpr uint64_t kOthers = 500;
constexpr size_t kDim = 8;

absl::Duration TimeOfCase() {
  const char* seconds = getenv("TQDB_MOMENT_SECONDS");
  return seconds != nullptr ? absl::Seconds(atof(seconds)) : absl::Seconds(0.7);
}

Filter FilterOf(absl::string_view json) {
  const absl::StatusOr<Filter> filter = FilterFromJson(json);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return *filter;
}

// The vector (1, 0, ..) scores 1 with the ten points and 0 with all others.
std::vector<float> UnitVector(size_t axis) {
  std::vector<float> vector(kDim);
  vector[axis] = 1;
  return vector;
}

TestPoint PointOf(uint64_t id, uint64_t version) {
  return {PointId::Number(id),
          {{"", UnitVector(0)}},
          absl::StrCat("{\"k\": \"z\", \"v\": ", version, ", \"t\": \"common word", version, "\"}"),
          {{"terms", SparseVector{{1, 2}, {1.0f, 0.5f}}}}};
}

// What a case writes, by how many writers, and whether the keys have payload indexes.
enum class Writes { kReplaceAll, kReplaceOne, kEdit, kReplaceAndEdit };
class OneMomentTest : public ::testing::TestWithParam<std::tuple<Writes, int, bool>> {
 protected:
  OneMomentTest() : database_(MustOpen(directory_.path())) {
    CollectionConfig config = ConfigOf({SpaceOf("", kDim)});
    config.sparse_spaces.push_back({.name = "terms"});
    collection_ = MustCreate(*database_, "c", config);
    if (indexed()) {
      for (const auto& [key, kind] : std::map<std::string, FieldKind>{
               {"k", FieldKind::kKeyword}, {"v", FieldKind::kInteger}, {"t", FieldKind::kText}}) {
        EXPECT_TRUE(collection_->CreatePayloadIndex(key, kind, true, {}).ok());
      }
    }
    std::vector<TestPoint> points;
    for (uint64_t id = 0; id < kPoints; ++id) points.push_back(PointOf(id, 0));
    for (uint64_t id = kPoints; id < kPoints + kOthers; ++id) {
      points.push_back({PointId::Number(id), {{"", UnitVector(1 + id % 7)}}, "{\"k\": \"y\"}"});
    }
    EXPECT_TRUE(UpsertPoints(*collection_, points).ok());
    for (uint64_t id = 0; id < kPoints; ++id) ids_.push_back(PointId::Number(id));
  }

  Writes writes() const { return std::get<0>(GetParam()); }
  bool indexed() const { return std::get<2>(GetParam()); }
  // Returns whether all ten points have one version at every moment.
  bool one_version() const { return writes() != Writes::kReplaceOne; }

  void Write(uint64_t version) {
    if (writes() == Writes::kEdit || (writes() == Writes::kReplaceAndEdit && version % 2 == 0)) {
      const PayloadEdit edit = {
          .kind = PayloadEdit::Kind::kSet,
          .json = absl::StrCat("{\"v\": ", version, ", \"t\": \"common word", version, "\"}")};
      const auto edited =
          collection_->UpdatePayload({.ids = ids_, .edit = edit, .durability = Durability::kAsync});
      ASSERT_TRUE(edited.ok()) << edited.status();
      ASSERT_EQ(*edited, kPoints);
      return;
    }
    std::vector<TestPoint> points;
    for (uint64_t id = 0; id < kPoints; ++id) {
      if (one_version() || id == version % kPoints) points.push_back(PointOf(id, version));
    }
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
  }

  // Runs `read` over and over while the writers write. `read` adds failures when it has seen
  // something wrong.
  void WhileWriting(const std::function<void()>& read) {
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> version{1};
    std::vector<std::thread> writers;
    for (int i = 0; i < std::get<1>(GetParam()); ++i) {
      writers.emplace_back([&] {
        while (!stop) Write(version.fetch_add(1));
      });
    }
    const absl::Time end = absl::Now() + TimeOfCase();
    while (absl::Now() < end && !HasFailure()) read();
    stop = true;
    for (std::thread& writer : writers) writer.join();
  }

  // Expects the ten points, of one version.
  void ExpectAll(const std::vector<PointRecord>& points, const std::string& what) {
    EXPECT_EQ(points.size(), kPoints) << what;
    std::vector<uint64_t> ids;
    std::map<int64_t, int> versions;
    for (const PointRecord& point : points) {
      ids.push_back(point.id.low);
      ++versions[nlohmann::json::parse(point.payload).value("v", int64_t{-1})];
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end()) << what;
    if (one_version()) {
      EXPECT_EQ(versions.size(), 1u) << what;
    }
  }

  void ExpectAllFound(const std::vector<float>& query, const SearchSpec& spec,
                      const std::string& what) {
    const auto found =
        collection_->Search(MatrixView(query.data(), query.empty() ? 0 : 1, kDim), spec);
    ASSERT_TRUE(found.ok()) << what << ": " << found.status();
    ExpectAll((*found)[0], what);
  }

  const Filter matching_ = FilterOf(R"({"must":[{"key":"k","match":{"value":"z"}}]})");
  const Filter with_version_ = FilterOf(R"({"must":[{"key":"v","range":{"gte":0}}]})");
  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::vector<PointId> ids_;
};

TEST_P(OneMomentTest, Counts) {
  const Filter these = FilterOf(R"({"must":[{"has_id":[0,1,2,3,4,5,6,7,8,9]}]})");
  WhileWriting([&] {
    EXPECT_EQ(collection_->Count(), kPoints + kOthers);
    for (const Filter* filter : {&matching_, &with_version_, &these}) {
      const auto count = collection_->CountMatching({*filter});
      ASSERT_TRUE(count.ok()) << count.status();
      EXPECT_EQ(*count, kPoints);
    }
    const auto facets = collection_->Facet({.key = "v", .filter = matching_});
    ASSERT_TRUE(facets.ok()) << facets.status();
    uint64_t counted = 0;
    for (const FacetCount& facet : *facets) counted += facet.count;
    EXPECT_EQ(counted, kPoints);
    if (one_version()) {
      EXPECT_EQ(facets->size(), 1u);
    }
    const auto kinds = collection_->Facet({.key = "k"});
    ASSERT_TRUE(kinds.ok()) << kinds.status();
    ASSERT_EQ(kinds->size(), 2u);
    EXPECT_EQ((*kinds)[0].count, kOthers);
    EXPECT_EQ((*kinds)[1].count, kPoints);
  });
}

TEST_P(OneMomentTest, Pages) {
  const Select select = {.payload = true, .vectors = true};
  WhileWriting([&] {
    const auto points = collection_->Get(ids_, select);
    ASSERT_TRUE(points.ok()) << points.status();
    ExpectAll(*points, "get");
    const auto first = collection_->Scroll(nullptr, {.limit = kPoints, .select = select});
    ASSERT_TRUE(first.ok()) << first.status();
    ExpectAll(first->points, "scroll");
    for (const Filter* filter : {&matching_, &with_version_}) {
      const auto page =
          collection_->ScrollMatching(nullptr, {.limit = 2 * kPoints, .select = select}, {*filter});
      ASSERT_TRUE(page.ok()) << page.status();
      ExpectAll(page->points, "scroll by a filter");
      EXPECT_FALSE(page->more);
    }
    if (!indexed()) return;
    for (const bool descending : {false, true}) {
      const FilterSpec spec = {matching_};
      const auto page = collection_->ScrollOrdered({"v", descending, descending}, nullptr,
                                                   {.limit = 2 * kPoints, .select = select},
                                                   descending ? &spec : nullptr);
      ASSERT_TRUE(page.ok()) << page.status();
      ExpectAll(page->points, "ordered scroll");
    }
  });
}

TEST_P(OneMomentTest, VectorSearches) {
  const std::vector<float> query = UnitVector(0);
  WhileWriting([&] {
    SearchSpec spec;
    spec.select = {.payload = true};
    ExpectAllFound(query, spec, "search");
    spec.rerank = true;
    ExpectAllFound(query, spec, "rerank");
    spec.rerank = false;
    spec.exact = true;
    ExpectAllFound(query, spec, "exact");
    spec.exact = false;
    spec.filter = matching_;
    ExpectAllFound(query, spec, "search by a filter");
    spec.filter = with_version_;
    spec.mmr = SearchSpec::Mmr{.diversity = 0.1f, .candidates = 10};
    ExpectAllFound(query, spec, "diverse search");

    SearchSpec whole;
    whole.select = {.payload = true};
    const auto groups = SearchGroups(*collection_, MatrixView(query.data(), 1, kDim), whole,
                                     {.key = "k", .limit = 2, .group_size = kPoints});
    ASSERT_TRUE(groups.ok()) << groups.status();
    ASSERT_EQ(groups->size(), 2u);
    ExpectAll((*groups)[0].points, "groups");
  });
}

TEST_P(OneMomentTest, TermSearches) {
  WhileWriting([&] {
    SearchSpec sparse;
    sparse.space = "terms";
    sparse.sparse = SparseVector{{1}, {1.0f}};
    sparse.limit = 2 * kPoints;
    sparse.select = {.payload = true};
    ExpectAllFound({}, sparse, "sparse search");
    sparse.filter = matching_;
    ExpectAllFound({}, sparse, "sparse search by a filter");

    const std::vector<float> query = UnitVector(0);
    std::vector<HybridPart> parts(2);
    parts[0].query = MatrixView(query.data(), 1, kDim);
    parts[0].spec.limit = kPoints;
    parts[1].query = MatrixView(query.data(), 0, kDim);
    parts[1].spec = sparse;
    if (indexed()) {
      SearchSpec text;
      text.text = TextQuery{"t", "common"};
      text.limit = 2 * kPoints;
      text.select = {.payload = true};
      ExpectAllFound({}, text, "text search");
      text.filter = with_version_;
      ExpectAllFound({}, text, "text search by a filter");
      parts.resize(3);
      parts[2].query = parts[1].query;
      parts[2].spec = text;
    }
    HybridSpec spec;
    spec.limit = 2 * kPoints;
    spec.select = {.payload = true};
    const auto fused = SearchHybrid(*collection_, parts, spec);
    ASSERT_TRUE(fused.ok()) << fused.status();
    ExpectAll(*fused, "hybrid search");
  });
}

// A write by a filter starts from one moment, too: it reaches every point that matches all the
// time.
TEST_P(OneMomentTest, EditsByFilter) {
  const PayloadEdit edit = {.kind = PayloadEdit::Kind::kSet, .json = "{\"m\": 1}"};
  WhileWriting([&] {
    const auto edited = collection_->UpdatePayload(
        {.ids = {}, .filter = matching_, .edit = edit, .durability = Durability::kAsync});
    ASSERT_TRUE(edited.ok()) << edited.status();
    EXPECT_EQ(*edited, kPoints);
  });
}

// Several reads that hold one moment see the same state, however long they take.
TEST_P(OneMomentTest, HeldMoments) {
  const std::vector<float> query = UnitVector(0);
  WhileWriting([&] {
    const auto moment = collection_->Now();
    ASSERT_TRUE(moment.ok()) << moment.status();
    SearchSpec spec;
    spec.select = {.payload = true};
    spec.moment = *moment;
    std::optional<std::vector<PointRecord>> before;
    for (int i = 0; i < 4; ++i) {
      const auto points = collection_->Get(ids_, spec.select, *moment);
      ASSERT_TRUE(points.ok()) << points.status();
      ExpectAll(*points, "get");
      const auto found = collection_->Search(MatrixView(query.data(), 1, kDim), spec);
      ASSERT_TRUE(found.ok()) << found.status();
      ASSERT_EQ((*found)[0].size(), kPoints);
      std::map<uint64_t, std::string> payloads;
      for (const PointRecord& point : (*found)[0]) payloads[point.id.low] = point.payload;
      for (size_t p = 0; p < kPoints; ++p) {
        EXPECT_EQ((*points)[p].payload, payloads[p]);
        if (before) {
          EXPECT_EQ((*points)[p].payload, (*before)[p].payload);
        }
      }
      before = *points;
    }
  });
  // Nothing is kept once the reads have ended.
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  EXPECT_EQ(collection_->Info().kept_rows, 0u);
  EXPECT_EQ(collection_->Info().spaces[0].rows, kPoints + kOthers);
}

std::string NameOf(const ::testing::TestParamInfo<OneMomentTest::ParamType>& info) {
  const auto& [writes, writers, indexed] = info.param;
  const std::string names[] = {"ReplaceAll", "ReplaceOne", "Edit", "ReplaceAndEdit"};
  return absl::StrCat(names[static_cast<size_t>(writes)], "By", writers, indexed ? "Indexed" : "");
}

INSTANTIATE_TEST_SUITE_P(Cases, OneMomentTest,
                         ::testing::Combine(::testing::Values(Writes::kReplaceAll,
                                                              Writes::kReplaceAndEdit),
                                            ::testing::Values(1), ::testing::Bool()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Others, OneMomentTest,
                         ::testing::Values(std::make_tuple(Writes::kReplaceOne, 1, true),
                                           std::make_tuple(Writes::kEdit, 1, true),
                                           std::make_tuple(Writes::kReplaceAndEdit, 8, true)),
                         NameOf);

}  // namespace one_moment_test
}  // namespace tqdb::storage
