// Compares random filters over indexed payloads, which come and go, with an evaluation of the
// filter for every row.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "storage/payload/payload_index.h"
#include "tests/storage/payload/random_filter.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace payload_index_model_test {

using nlohmann::json;
using testing::Gaussian;

constexpr size_t kRows = 20'000;
constexpr size_t kPayloads = 300;  // different payloads; a filter is evaluated once for each
constexpr size_t kRounds = 20;
constexpr size_t kFiltersPerRound = 200;

using Fields = std::vector<std::pair<const char*, FieldKind>>;

// Adds the ids that a filter names to `ids`.
void CollectIds(const PreparedGroup& group, absl::flat_hash_set<PointId>& ids) {
  for (const auto* list : {&group.must, &group.should, &group.must_not, &group.min_should}) {
    for (const PreparedCondition& condition : *list) {
      if (const auto* own = std::get_if<PreparedIds>(&condition.of)) {
        ids.insert(own->ids.begin(), own->ids.end());
      } else if (const auto* nested = std::get_if<PreparedNested>(&condition.of)) {
        CollectIds(nested->group, ids);
      } else if (const auto* inner = std::get_if<PreparedGroup>(&condition.of)) {
        CollectIds(*inner, ids);
      }
    }
  }
}

class PayloadIndexModelTest : public ::testing::TestWithParam<Fields> {
 protected:
  static constexpr uint64_t kIds = 30'000;  // of which some have no row

  void Insert(uint64_t id, size_t payload) {
    const uint64_t row = (next_row_++) + (uint64_t{1} << 32) - kRows / 2;  // on both sides of 2^32
    points_[id] = {row, payload};
    rows_of_[payload].Add(row);
    index_.Add(row, payloads_[payload]);
  }
  void Erase(uint64_t id) {
    const auto [row, payload] = points_.at(id);
    points_.erase(id);
    rows_of_[payload].Remove(row);
    index_.Remove(row);
  }
  void Edit(uint64_t id, size_t payload) {
    auto& [row, own] = points_.at(id);
    rows_of_[own].Remove(row);
    rows_of_[payload].Add(row);
    index_.Replace(row, payloads_[own], payloads_[payload]);
    own = payload;
  }
  void Replace(Gaussian& random) {
    const uint64_t id = random.Below(kIds);
    if (points_.contains(id) && random.Below(2) == 0) return Edit(id, random.Below(kPayloads));
    if (points_.contains(id)) Erase(id);
    if (random.Below(3) != 0) Insert(id, random.Below(kPayloads));
  }

  RowSet Expected(const PreparedFilter& filter) const {
    RowSet rows;
    const PointId stranger = PointId::Uuid(~uint64_t{0}, 0);  // an id that no filter names
    for (size_t p = 0; p < kPayloads; ++p) {
      if (filter.Matches(stranger, payloads_[p])) rows |= rows_of_[p];
    }
    absl::flat_hash_set<PointId> ids;
    CollectIds(filter.root(), ids);
    for (const PointId& id : ids) {
      const auto it = id.is_uuid() ? points_.end() : points_.find(id.low);
      if (it == points_.end()) continue;
      const auto [row, payload] = it->second;
      filter.Matches(id, payloads_[payload]) ? rows.Add(row) : rows.Remove(row);
    }
    return rows;
  }

  std::vector<json> payloads_;
  std::vector<RowSet> rows_of_;
  absl::flat_hash_map<uint64_t, std::pair<uint64_t, size_t>> points_;  // id to row and payload
  PayloadIndex index_;
  uint64_t next_row_ = 0;
};

TEST_P(PayloadIndexModelTest, RowsAreThoseOfEvaluatingEveryPayload) {
  Gaussian random(20'240'602);
  for (size_t p = 0; p < kPayloads; ++p)
    payloads_.push_back(json::parse(RandomPayload(random).dump()));
  rows_of_.resize(kPayloads);
  for (size_t f = 0; f + 1 < GetParam().size(); ++f) {
    ASSERT_TRUE(index_.CreateField(GetParam()[f].first, GetParam()[f].second).ok());
  }
  for (uint64_t id = 0; points_.size() < kRows; ++id) Insert(id, random.Below(kPayloads));
  // The last index is made now. It sees the rows little by little.
  const auto [late_key, late_kind] = GetParam().back();
  ASSERT_TRUE(index_.CreateField(late_key, late_kind).ok());

  size_t exact = 0, useful = 0;
  for (size_t round = 0; round < kRounds; ++round) {
    for (size_t f = 0; f < kFiltersPerRound; ++f) {
      const Filter filter = RandomFilter(random, kIds);
      const PreparedFilter prepared = *PreparedFilter::Create(filter);
      const RowSet expected = Expected(prepared);
      const RowMatches matches =
          index_.Match(prepared, [this](const PointId& id) -> std::optional<uint64_t> {
            const auto it = id.is_uuid() ? points_.end() : points_.find(id.low);
            if (it == points_.end()) return std::nullopt;
            return it->second.first;
          });
      // The rows that are expected and not certain must be among the undecided ones.
      ASSERT_EQ(matches.certain | (matches.undecided & expected), expected)
          << "round " << round << " " << FilterToJson(filter);
      ASSERT_TRUE((matches.certain & matches.undecided).empty());
      exact += matches.exact();
      useful += matches.undecided.size() < index_.rows().size() / 2;
    }
    for (int change = 0; change < 300; ++change) Replace(random);
    if (round % 4 == 3) index_.Vacuum();
    for (const auto& [id, point] : points_) {
      if (random.Below(8) == 0)
        index_.AddToField(*KeyPath::Parse(late_key), point.first, payloads_[point.second]);
    }
  }
  EXPECT_GT(exact, kRounds * kFiltersPerRound / 20);
  EXPECT_GT(useful, kRounds * kFiltersPerRound / 6);

  while (!points_.empty()) Erase(points_.begin()->first);
  EXPECT_TRUE(index_.rows().empty());
  for (const FieldInfo& field : index_.Fields(index_.rows())) EXPECT_EQ(field.rows, 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PayloadIndexModelTest,
                         ::testing::Values(Fields{{"s", FieldKind::kKeyword},
                                                  {"n", FieldKind::kInteger},
                                                  {"b", FieldKind::kBool},
                                                  {"t", FieldKind::kDatetime},
                                                  {"l.s", FieldKind::kText},
                                                  {"o.n", FieldKind::kFloat},
                                                  {"\"x.y\"", FieldKind::kInteger},
                                                  {"missing", FieldKind::kText},
                                                  {"l.n", FieldKind::kFloat}},
                                           Fields{{"s", FieldKind::kText},
                                                  {"n", FieldKind::kFloat},
                                                  {"t", FieldKind::kKeyword},
                                                  {"o.s", FieldKind::kKeyword},
                                                  {"l.n", FieldKind::kInteger},
                                                  {"l.b", FieldKind::kBool},
                                                  {"o.l.n", FieldKind::kInteger},
                                                  {"l.l.s", FieldKind::kKeyword},
                                                  {"l.t", FieldKind::kDatetime}},
                                           // Each at odds with most of its values.
                                           Fields{{"s", FieldKind::kDatetime},
                                                  {"n", FieldKind::kKeyword},
                                                  {"b", FieldKind::kText},
                                                  {"t", FieldKind::kFloat},
                                                  {"o", FieldKind::kBool},
                                                  {"l", FieldKind::kInteger}}));

}  // namespace payload_index_model_test
}  // namespace tqdb::storage
