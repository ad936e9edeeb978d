// Compares calls by filter with a std::map of payloads: scroll, count, delete, edit, search and
// facet.
//
// The oracle tests every payload of the map by itself (tests/storage/payload/brute_force.h) and
// knows no index. Filters, payloads and edits are random, from a fixed seed. Indexes come and go
// between the rounds, so the same kinds of filter are answered with and without them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "tests/storage/fixture.h"
#include "tests/storage/payload/brute_force.h"
#include "tests/storage/payload/random_filter.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace filtered_calls_test {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr size_t kDim = 8;

class FilteredCallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    collection_ = MustCreate(*database_, "c", ConfigOf({SpaceOf("", kDim)}));
  }

  void Upsert(const std::vector<uint64_t>& ids) {
    std::vector<TestPoint> points;
    for (const uint64_t id : ids) {
      const json payload = random_.Below(10) == 0 ? json() : RandomPayload(random_);
      const std::string text = payload.is_null() ? "" : payload.dump();
      points.push_back({PointId::Number(id), {{"", random_.Vector(kDim)}}, text});
      model_[id] = payload.is_null() ? json::object() : json::parse(text);
    }
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
  }

  // Makes or deletes the index of a random key.
  void ChangeAnIndex() {
    static constexpr std::pair<const char*, FieldKind> kFields[] = {
        {"s", FieldKind::kKeyword},  {"n", FieldKind::kInteger},  {"b", FieldKind::kBool},
        {"t", FieldKind::kDatetime}, {"l.s", FieldKind::kText},   {"o.n", FieldKind::kFloat},
        {"s", FieldKind::kText},     {"l.n", FieldKind::kInteger}};
    const auto [key, kind] = kFields[random_.Below(std::size(kFields))];
    const auto own = indexes_.find(key);
    if (own == indexes_.end() || own->second == kind) {
      const auto made = collection_->CreatePayloadIndex(key, kind, random_.Below(2) == 0, {});
      ASSERT_TRUE(made.ok()) << made.status();
      EXPECT_EQ(made->key, key);
      indexes_[key] = kind;
    } else {
      EXPECT_TRUE(
          absl::IsAlreadyExists(collection_->CreatePayloadIndex(key, kind, true, {}).status()));
      ASSERT_TRUE(collection_->DeletePayloadIndex(key).ok());
      EXPECT_TRUE(absl::IsNotFound(collection_->DeletePayloadIndex(key)));
      indexes_.erase(own);
    }
    std::map<std::string, FieldKind> listed;
    for (const PayloadIndexInfo& info : collection_->Info().payload_indexes) {
      listed[info.key] = info.kind;
    }
    EXPECT_EQ(listed, indexes_);
  }

  // Edits the payloads of some points, by ids, by a filter, or by both.
  void EditPayloads(uint64_t num_ids) {
    PayloadEdit edit;
    edit.kind = static_cast<PayloadEdit::Kind>(random_.Below(4));
    const json members = RandomPayload(random_);
    edit.json = members.dump();
    edit.keys = {"s", "o.n", "l.s"};
    Filter filter = RandomFilter(random_, num_ids);
    std::vector<uint64_t> numbers = Expected(filter);
    std::vector<PointId> ids;
    const bool by_ids = random_.Below(2) == 0, by_filter = !by_ids || random_.Below(2) == 0;
    if (by_ids) {
      std::vector<uint64_t> both;
      for (uint64_t id = random_.Below(20); id < num_ids; id += 1 + random_.Below(20)) {
        ids.push_back(PointId::Number(id));
        const bool edited = by_filter ? std::binary_search(numbers.begin(), numbers.end(), id)
                                      : model_.contains(id);
        if (edited) both.push_back(id);
      }
      numbers = both;
    }
    PayloadUpdate update{.ids = ids, .filter = {}, .edit = edit, .durability = Durability::kAsync};
    if (by_filter) update.filter = filter;
    const auto edited = collection_->UpdatePayload(update);
    ASSERT_TRUE(edited.ok()) << edited.status();
    ASSERT_EQ(*edited, numbers.size()) << FilterToJson(filter);
    for (const uint64_t id : numbers) {
      // Makes the edit in the model, for the keys "s", "o.n" and "l.s" by hand.
      json& payload = model_.at(id);
      if (edit.kind == PayloadEdit::Kind::kSet) payload.update(members);
      if (edit.kind == PayloadEdit::Kind::kOverwrite) payload = members;
      if (edit.kind == PayloadEdit::Kind::kClear) payload = json::object();
      if (edit.kind != PayloadEdit::Kind::kDeleteKeys) continue;
      payload.erase("s");
      if (payload.contains("o") && payload["o"].is_object()) payload["o"].erase("n");
      if (payload.contains("o") && payload["o"].is_array()) {
        for (json& element : payload["o"])
          if (element.is_object()) element.erase("n");
      }
      if (!payload.contains("l")) continue;
      if (payload["l"].is_object()) payload["l"].erase("s");
      if (!payload["l"].is_array()) continue;
      for (json& element : payload["l"])
        if (element.is_object()) element.erase("s");
    }
  }

  // Returns the ids of the points of the model that match, ascending.
  std::vector<uint64_t> Expected(const Filter& filter) const {
    const json oracle = json::parse(FilterToJson(filter));
    std::vector<uint64_t> ids;
    for (const auto& [id, payload] : model_) {
      if (BruteForceMatches(oracle, json(id), payload)) ids.push_back(id);
    }
    return ids;
  }

  // Returns the ids that a scroll in pages of `page_size` returns, and checks every page on the
  // way.
  std::vector<uint64_t> Scrolled(const Filter& filter, size_t page_size, Select select = {}) const {
    std::vector<uint64_t> ids;
    std::optional<PointId> last;
    for (bool more = true; more;) {
      const auto page = collection_->ScrollMatching(
          last ? &*last : nullptr, {.limit = page_size, .select = select}, {filter});
      if (!page.ok()) {
        ADD_FAILURE() << page.status();
        return ids;
      }
      EXPECT_LE(page->points.size(), page_size);
      more = page->more;
      EXPECT_TRUE(!more || page->points.size() == page_size);  // nobody writes at this time
      for (const PointRecord& record : page->points) {
        ids.push_back(record.id.low);
        EXPECT_EQ(record.vectors.size(), select.vectors ? 1u : 0u);
        EXPECT_TRUE(select.payload || record.payload.empty());
      }
      if (!page->points.empty()) last = page->points.back().id;
    }
    return ids;
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::map<uint64_t, json> model_;
  std::map<std::string, FieldKind> indexes_;
  testing::Gaussian random_{20'240'603};
};

// Each round changes an index, payloads and points, and then asks 20 filters. An index that misses
// a write, an edit or a delete gives a wrong count.
TEST_F(FilteredCallsTest, AgreeWithAModelWhilePointsComeAndGo) {
  constexpr uint64_t kIds = 1'500;
  for (int round = 0; round < 12; ++round) {
    if (round > 0) ChangeAnIndex();
    if (round > 1) EditPayloads(kIds);
    std::vector<uint64_t> ids;
    for (uint64_t id = 0; id < kIds; ++id) {
      if (random_.Below(4) == 0) ids.push_back(id);
    }
    Upsert(ids);
    for (int query = 0; query < 20; ++query) {
      const Filter filter = RandomFilter(random_, kIds);
      const std::vector<uint64_t> expected = Expected(filter);
      const auto count = collection_->CountMatching({filter});
      ASSERT_TRUE(count.ok()) << count.status();
      ASSERT_EQ(*count, expected.size()) << FilterToJson(filter);
      const Select select{.payload = random_.Below(2) == 0, .vectors = random_.Below(4) == 0};
      ASSERT_EQ(Scrolled(filter, 1 + random_.Below(400), select), expected) << FilterToJson(filter);
    }
    Filter filter;
    while (filter == Filter()) filter = RandomFilter(random_, kIds);
    const std::vector<uint64_t> doomed = Expected(filter);
    const auto deleted = collection_->DeleteMatching({filter}, Durability::kAsync);
    ASSERT_TRUE(deleted.ok()) << deleted.status();
    ASSERT_EQ(*deleted, doomed.size());
    for (const uint64_t id : doomed) model_.erase(id);
    ASSERT_EQ(collection_->Count(), model_.size());
    if (round % 3 == 2) {
      collection_.reset();
      database_.reset();
      database_ = MustOpen(directory_.path());
      collection_ = MustGet(*database_, "c");
    }
  }
}

// The hits of a filtered search are the best of the points that match, in the order of an
// unfiltered one.
TEST_F(FilteredCallsTest, SearchFindsTheBestOfWhatMatches) {
  constexpr uint64_t kIds = 900;
  for (int round = 0; round < 3; ++round) {
    std::vector<uint64_t> ids;
    for (uint64_t id = 0; id < kIds; ++id) {
      if (round == 0 || random_.Below(5) == 0) ids.push_back(id);
    }
    Upsert(ids);
    for (int query = 0; query < 30; ++query) {
      const Filter filter = RandomFilter(random_, kIds);
      std::vector<uint64_t> matching = Expected(filter);
      const std::vector<float> vectors = random_.Vector(2 * kDim);
      const MatrixView queries(vectors.data(), 2, kDim);
      SearchSpec spec;
      spec.exact = query % 3 == 0;
      spec.rerank = query % 3 == 1;
      spec.oversampling = spec.rerank ? 100 : 0;
      spec.error_bound = 8;  // so that no hit is lost by chance
      spec.limit = kIds;
      const auto all = collection_->Search(queries, spec);
      ASSERT_TRUE(all.ok()) << all.status();
      spec.filter = filter;
      spec.limit = 1 + random_.Below(40);
      spec.select.payload = random_.Below(2) == 0;
      const auto found = collection_->Search(queries, spec);
      ASSERT_TRUE(found.ok()) << found.status();
      for (size_t q = 0; q < 2; ++q) {
        std::vector<uint64_t> want, got;
        for (const PointRecord& record : (*all)[q]) {
          if (std::binary_search(matching.begin(), matching.end(), record.id.low))
            want.push_back(record.id.low);
        }
        if (want.size() > spec.limit) want.resize(spec.limit);
        for (const PointRecord& record : (*found)[q]) {
          got.push_back(record.id.low);
          EXPECT_TRUE(spec.select.payload || record.payload.empty());
        }
        ASSERT_EQ(got, want) << FilterToJson(filter) << " exact " << spec.exact << " rerank "
                             << spec.rerank;
      }
    }
  }
}

// A point that is replaced again and again, always matching, is found nonetheless.
TEST_F(FilteredCallsTest, SearchFindsPointsThatAreReplacedMeanwhile) {
  const std::vector<float> vector(kDim, 1);
  std::vector<TestPoint> points;
  for (uint64_t id = 0; id < 200; ++id)
    points.push_back({PointId::Number(id), {{"", vector}}, R"({"a":0})"});
  points[7].payload = R"({"a":1})";
  ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done) {
      EXPECT_TRUE(UpsertPoints(*collection_, {points[7], points[8]}).ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  SearchSpec spec;
  spec.filter = *FilterFromJson(R"({"must":[{"key":"a","match":{"value":1}}]})");
  size_t seen = 0;
  for (int i = 0; i < 200; ++i) {
    const auto found = collection_->Search(MatrixView(vector.data(), 1, kDim), spec);
    ASSERT_TRUE(found.ok()) << found.status();
    for (const PointRecord& record : (*found)[0]) EXPECT_EQ(record.id.low, 7u);
    seen += (*found)[0].size();
  }
  done = true;
  writer.join();
  // A search gives up after a point has changed under it three times.
  EXPECT_GE(seen, 180u);
}

// A delete by filter works in batches. It must also delete and count the points beyond the first
// one.
TEST_F(FilteredCallsTest, DeleteGoesOnBeyondOneBatch) {
  std::vector<TestPoint> points;
  const std::vector<float> vector(kDim, 1);
  for (uint64_t id = 0; id < kMaxBatchPoints + 10; ++id) {
    points.push_back({PointId::Number(id), {{"", vector}}, R"({"a":1})"});
    if (points.size() < kMaxBatchPoints / 2) continue;
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
    points.clear();
  }
  ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
  const Filter filter = *FilterFromJson(R"({"must":[{"key":"a","match":{"value":1}}]})");
  EXPECT_EQ(*collection_->DeleteMatching({filter}, Durability::kSync), kMaxBatchPoints + 10);
  EXPECT_EQ(collection_->Count(), 0u);
}

// A delete by filter first finds points and then deletes them. A point that is replaced in between
// does not match any more, and must stay.
TEST_F(FilteredCallsTest, DeleteLeavesAloneWhatIsReplacedMeanwhile) {
  const Filter filter = *FilterFromJson(R"({"must":[{"key":"a","match":{"value":1}}]})");
  const std::vector<float> vector(kDim, 1);
  for (int round = 0; round < 10; ++round) {
    std::vector<TestPoint> old_points, new_points;
    for (uint64_t id = 0; id < 400; ++id) {
      old_points.push_back({PointId::Number(id), {{"", vector}}, R"({"a":1})"});
      new_points.push_back({PointId::Number(id), {{"", vector}}, R"({"a":2})"});
    }
    ASSERT_TRUE(UpsertPoints(*collection_, old_points).ok());
    std::thread replacer([&] {
      for (const TestPoint& point : new_points)
        ASSERT_TRUE(UpsertPoints(*collection_, {point}).ok());
    });
    EXPECT_TRUE(collection_->DeleteMatching({filter}, Durability::kAsync).ok());
    replacer.join();
    // Whether the deletion or the upsert came first, every point ends as its replacement.
    EXPECT_EQ(collection_->Count(), 400u);
    EXPECT_EQ(*collection_->CountMatching({filter}), 0u);
  }
}

// An empty filter matches every point. Count and scroll accept it. Delete refuses it, because it is
// probably a mistake.
TEST_F(FilteredCallsTest, BadFiltersAndPageSizesAreRefusedBeforeAnythingHappens) {
  Upsert({1, 2, 3});
  const Filter bad = {.must = {{FieldCondition{"", Presence::kExists}}},
                      .should = {},
                      .must_not = {},
                      .min_should = {}};
  EXPECT_TRUE(absl::IsInvalidArgument(collection_->CountMatching({bad}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(collection_->ScrollMatching(nullptr, {.limit = 5}, {bad}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(collection_->DeleteMatching({bad}, Durability::kSync).status()));
  const Filter all;
  EXPECT_TRUE(
      absl::IsInvalidArgument(collection_->ScrollMatching(nullptr, {.limit = 0}, {all}).status()));
  const absl::Status status = collection_->DeleteMatching({all}, Durability::kSync).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("would delete every point"));
  EXPECT_EQ(*collection_->CountMatching({all}), 3u);
}

// Compares the counted values of a key with those in the model, with and without an index of the
// key, while points come and go.
TEST_F(FilteredCallsTest, FacetsCountWhatTheModelHolds) {
  constexpr uint64_t kIds = 600;
  for (int round = 0; round < 10; ++round) {
    std::vector<uint64_t> ids;
    for (uint64_t id = 0; id < kIds; ++id)
      if (random_.Below(4) == 0) ids.push_back(id);
    Upsert(ids);
    if (round > 0) ChangeAnIndex();
    if (round > 3) EditPayloads(kIds);
    for (const std::string key : {"s", "n", "b", "l.n", "o"}) {
      const Filter filter = RandomFilter(random_, kIds);
      const bool filtered = random_.Below(2) == 0;
      using Value = std::variant<std::string, Integer, bool>;
      std::map<Value, uint64_t> expected;
      std::vector<uint64_t> matching = Expected(filtered ? filter : Filter());
      for (const uint64_t id : matching) {
        std::vector<json> values;
        const json& payload = model_[id];
        if (key == "l.n") {
          if (payload.contains("l")) {
            const json list = payload["l"].is_array() ? payload["l"] : json::array({payload["l"]});
            for (const json& element : list)
              if (element.is_object() && element.contains("n")) values.push_back(element["n"]);
          }
        } else if (payload.contains(key)) {
          values.push_back(payload[key]);
        }
        // A point counts once for each of its distinct values. A float counts if it is an integer
        // of 64 bits, with a sign or without one.
        std::set<Value> own;
        for (const json& found : values) {
          for (const json& value : found.is_array() ? found : json::array({found})) {
            if (value.is_string()) own.insert(value.get<std::string>());
            if (value.is_boolean()) own.insert(value.get<bool>());
            if (value.is_number_unsigned()) {
              own.insert(value.get<uint64_t>());
            } else if (value.is_number_integer()) {
              own.insert(value.get<int64_t>());
            }
            if (!value.is_number_float()) continue;
            const double number = value.get<double>();
            if (number != std::floor(number) || number < -0x1p63 || number >= 0x1p64) continue;
            if (number < 0) {
              own.insert(static_cast<int64_t>(number));
            } else {
              own.insert(static_cast<uint64_t>(number));
            }
          }
        }
        for (const auto& value : own) ++expected[value];
      }
      FacetSpec spec{.key = key, .limit = 10'000};
      if (filtered) spec.filter = filter;
      const auto facets = collection_->Facet(spec);
      ASSERT_TRUE(facets.ok()) << facets.status();
      std::map<Value, uint64_t> counted;
      for (size_t i = 0; i < facets->size(); ++i) {
        counted[(*facets)[i].value.value] = (*facets)[i].count;
        if (i > 0) {
          EXPECT_LE((*facets)[i].count, (*facets)[i - 1].count);
        }
      }
      EXPECT_EQ(counted, expected) << key << " " << (filtered ? FilterToJson(filter) : "");
      spec.limit = 2;
      EXPECT_LE(collection_->Facet(spec)->size(), 2u);
    }
  }
}

// Scrolls by the numbers of a key in pages of random sizes. A point with several numbers appears
// once for each, so the oracle is a multiset of pairs (number, id); or once, at the first of them.
TEST_F(FilteredCallsTest, OrderedScrollsSortByTheValuesOfAKey) {
  constexpr uint64_t kIds = 800;
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < kIds; ++id) ids.push_back(id);
  Upsert(ids);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(collection_->ScrollOrdered({"n"}, nullptr, {}, nullptr).status()));
  ASSERT_TRUE(collection_->CreatePayloadIndex("n", FieldKind::kFloat, true, {}).ok());
  ASSERT_TRUE(collection_->CreatePayloadIndex("s", FieldKind::kKeyword, true, {}).ok());
  EXPECT_TRUE(
      absl::IsFailedPrecondition(collection_->ScrollOrdered({"s"}, nullptr, {}, nullptr).status()));
  for (int round = 0; round < 12; ++round) {
    const Filter filter = RandomFilter(random_, kIds);
    const bool filtered = round % 2 == 1, descending = round % 4 >= 2, once = round % 3 == 0;
    // Exact for doubles and integers of 64 bits.
    std::multiset<std::pair<long double, uint64_t>> expected;
    for (const uint64_t id : Expected(filtered ? filter : Filter())) {
      if (!model_[id].contains("n")) continue;
      const json found =
          model_[id]["n"].is_array() ? model_[id]["n"] : json::array({model_[id]["n"]});
      std::set<long double> own;
      for (const json& value : found) {
        if (!value.is_number()) continue;
        own.insert(value.is_number_unsigned()  ? static_cast<long double>(value.get<uint64_t>())
                   : value.is_number_integer() ? static_cast<long double>(value.get<int64_t>())
                                               : static_cast<long double>(value.get<double>()));
      }
      if (once && !own.empty()) own = {descending ? *own.rbegin() : *own.begin()};
      for (const long double value : own) expected.emplace(value, id);
    }
    std::multiset<std::pair<long double, uint64_t>> scrolled;
    std::vector<long double> order;
    std::optional<OrderedPosition> last;
    const FilterSpec spec{filter};
    for (bool more = true; more;) {
      const auto page =
          collection_->ScrollOrdered({"n", descending, once}, last ? &*last : nullptr,
                                     {.limit = 1 + random_.Below(60), .select = {.payload = true}},
                                     filtered ? &spec : nullptr);
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_EQ(page->points.size(), page->positions.size());
      for (size_t i = 0; i < page->points.size(); ++i) {
        const Number& number = page->positions[i].value;
        const long double value = !number.is_integer() ? number.real()
                                  : number.integer().fits_int64()
                                      ? static_cast<long double>(number.integer().int64())
                                      : static_cast<long double>(number.integer().uint64());
        scrolled.emplace(value, page->points[i].id.low);
        order.push_back(value);
        EXPECT_FALSE(page->points[i].payload.empty());
      }
      more = page->more;
      if (!page->positions.empty()) last = page->positions.back();
    }
    EXPECT_EQ(scrolled, expected);
    if (descending) std::reverse(order.begin(), order.end());
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    Upsert({random_.Below(kIds), random_.Below(kIds) / 2 + kIds});
    EditPayloads(kIds);
  }
  const OrderedPosition integer{int64_t{3}, 0};
  EXPECT_TRUE(
      absl::IsInvalidArgument(collection_->ScrollOrdered({"n"}, &integer, {}, nullptr).status()));
}

TEST_F(FilteredCallsTest, CancelledCallsEnd) {
  Upsert({1, 2, 3});
  const Filter filter = *FilterFromJson(R"({"must":[{"key":"s","match":{"value":"x"}}]})");
  const FilterSpec spec{filter, [] { return true; }};
  EXPECT_TRUE(absl::IsCancelled(collection_->CountMatching(spec).status()));
  EXPECT_TRUE(absl::IsCancelled(collection_->ScrollMatching(nullptr, {.limit = 5}, spec).status()));
  EXPECT_TRUE(absl::IsCancelled(collection_->DeleteMatching(spec, Durability::kSync).status()));
}

}  // namespace filtered_calls_test
}  // namespace tqdb::storage
