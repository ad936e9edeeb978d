// Scores and order of searches by words and by sparse vectors depend on the live points alone: a
// collection that was edited answers as a new one does that was given the same points.
//
// TQDB_EDITS=n makes at least n random edits in place of the default.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "tests/storage/fixture.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace score_history_test {

using nlohmann::json;
using ::testing::ElementsAre;

const MatrixView kNoVector{nullptr, 0, 0};

// Returns how many edits the long test makes: TQDB_EDITS, or else `usual`.
size_t EditsOr(size_t usual) {
  const char* text = getenv("TQDB_EDITS");
  return text != nullptr ? static_cast<size_t>(atoll(text)) : usual;
}

// An id with its score: hits are compared for equality, scores to the last bit.
using ScoredId = std::pair<std::string, float>;

std::vector<ScoredId> Pairs(const std::vector<PointRecord>& points) {
  std::vector<ScoredId> pairs;
  for (const PointRecord& point : points) pairs.emplace_back(point.id.ToString(), point.score);
  return pairs;
}

std::vector<ScoredId> Hits(const Collection& collection, const SearchSpec& spec) {
  const auto lists = collection.Search(kNoVector, spec);
  if (!lists.ok()) {
    ADD_FAILURE() << lists.status();
    return {};
  }
  return Pairs((*lists)[0]);
}

std::vector<std::string> Ids(const std::vector<ScoredId>& hits) {
  std::vector<std::string> ids;
  for (const auto& [id, score] : hits) ids.push_back(id);
  return ids;
}

SearchSpec ByText(std::string words) { return {.text = TextQuery{"t", std::move(words)}}; }
SearchSpec BySparse(absl::string_view space, SparseVector vector) {
  return {.space = space, .sparse = std::move(vector)};
}

class ScoreHistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    collection_ = MakeCollection("c");
  }
  std::shared_ptr<Collection> MakeCollection(const std::string& name) {
    CollectionConfig config = ConfigOf({SpaceOf("", 8)});
    config.sparse_spaces = {{"plain"}, {"idf", SparseModifier::kIdf}};
    auto collection = MustCreate(*database_, name, config);
    EXPECT_TRUE(collection->CreatePayloadIndex("t", FieldKind::kText, true, {}).ok());
    return collection;
  }
  // Opens the collection again; its indexes are made from the disk.
  void Reopen() {
    collection_.reset();
    database_.reset();
    database_ = MustOpen(directory_.path());
    collection_ = MustGet(*database_, "c");
    ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  }
  TestPoint PointOf(uint64_t id, absl::string_view text) {
    TestPoint point = {PointId::Number(id), {}, json{{"t", text}}.dump()};
    // One entry for each word: 1 for alpha, 2 for beta, 3 for any other word.
    point.sparse["idf"] = {{text[0] == 'a' ? 1u : 2u, 3}, {1, 1}};
    return point;
  }
  void Upsert(Collection& collection, const std::vector<TestPoint>& points) {
    const auto result = UpsertPoints(collection, points);
    ASSERT_TRUE(result.ok()) << result.status();
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
};

// 200 upserts of a point as it was turned the ranking of 15 points over.
TEST_F(ScoreHistoryTest, IdenticalUpsertsChangeNoScore) {
  std::vector<TestPoint> points;
  for (uint64_t id = 1; id <= 5; ++id) points.push_back(PointOf(id, "alpha common"));
  for (uint64_t id = 11; id <= 20; ++id) points.push_back(PointOf(id, "beta common"));
  Upsert(*collection_, points);
  const auto by_text = Hits(*collection_, ByText("alpha beta"));
  const SearchSpec sparse = BySparse("idf", {{1, 2}, {1, 1}});
  const auto by_sparse = Hits(*collection_, sparse);
  EXPECT_NEAR(by_text[0].second, 1.068, 0.01);
  EXPECT_EQ(by_text[0].first, "1");
  for (int i = 0; i < 200; ++i) Upsert(*collection_, {points[0]});
  EXPECT_EQ(Hits(*collection_, ByText("alpha beta")), by_text);
  EXPECT_EQ(Hits(*collection_, sparse), by_sparse);
  Reopen();
  EXPECT_EQ(Hits(*collection_, ByText("alpha beta")), by_text);
  EXPECT_EQ(Hits(*collection_, sparse), by_sparse);
}

TEST_F(ScoreHistoryTest, EditsOfAnotherKeyChangeNoScore) {
  Upsert(*collection_, {PointOf(1, "alpha common"), PointOf(2, "beta common")});
  const auto before = Hits(*collection_, ByText("alpha common"));
  const PointId id = PointId::Number(1);
  for (int i = 0; i < 300; ++i) {
    const PayloadEdit edit{.kind = PayloadEdit::Kind::kSet, .json = json{{"n", i}}.dump()};
    ASSERT_TRUE(collection_->UpdatePayload({.ids = {&id, 1}, .edit = edit}).ok());
  }
  EXPECT_EQ(Hits(*collection_, ByText("alpha common")), before);
}

TEST_F(ScoreHistoryTest, DeletedPointsStopCounting) {
  std::vector<TestPoint> points;
  std::vector<PointId> gone;
  for (uint64_t id = 0; id < 95; ++id) {
    points.push_back(PointOf(id, "alpha and many words of no use"));
    gone.push_back(PointId::Number(id));
  }
  const std::vector<TestPoint> rest = {PointOf(100, "alpha one"), PointOf(101, "beta one"),
                                       PointOf(102, "beta two")};
  points.insert(points.end(), rest.begin(), rest.end());
  Upsert(*collection_, points);
  ASSERT_TRUE(collection_->Delete(gone, Durability::kAsync).ok());
  const auto fresh = MakeCollection("fresh");
  Upsert(*fresh, rest);
  EXPECT_EQ(Hits(*collection_, ByText("alpha beta")), Hits(*fresh, ByText("alpha beta")));
  const SearchSpec sparse = BySparse("idf", {{1, 2}, {1, 1}});
  EXPECT_EQ(Hits(*collection_, sparse), Hits(*fresh, sparse));
}

// A read that began before keeps replaced points in memory. They must not count all the same.
TEST_F(ScoreHistoryTest, ReadsInProgressKeepNoStatistics) {
  Upsert(*collection_, {PointOf(1, "alpha common"), PointOf(2, "beta common common")});
  const auto before = Hits(*collection_, ByText("alpha beta"));
  const SearchSpec sparse = BySparse("idf", {{1, 2}, {1, 1}});
  const auto before_sparse = Hits(*collection_, sparse);
  auto held = collection_->Now();
  ASSERT_TRUE(held.ok());
  for (int i = 0; i < 20; ++i) Upsert(*collection_, {PointOf(1, "alpha common")});
  ASSERT_GT(collection_->Info().kept_rows, 0u);
  EXPECT_EQ(Hits(*collection_, ByText("alpha beta")), before);
  EXPECT_EQ(Hits(*collection_, sparse), before_sparse);
  // The read itself finds the points that it saw.
  SearchSpec old = ByText("alpha beta");
  old.moment = *held;
  EXPECT_THAT(Ids(Hits(*collection_, old)), ElementsAre("1", "2"));
  // An index that is made while dead rows are there does not count them either.
  ASSERT_TRUE(collection_->DeletePayloadIndex("t").ok());
  ASSERT_TRUE(collection_->CreatePayloadIndex("t", FieldKind::kText, true, {}).ok());
  EXPECT_EQ(Hits(*collection_, ByText("alpha beta")), before);
  held = absl::CancelledError();
  old.moment = nullptr;
  Upsert(*collection_, {PointOf(1, "alpha common")});
  EXPECT_EQ(Hits(*collection_, ByText("alpha beta")), before);
}

TEST_F(ScoreHistoryTest, EqualScoresAreOrderedById) {
  const PointId uuid = PointId::Uuid(0, 5);
  for (const uint64_t id : {7, 3, 9}) Upsert(*collection_, {PointOf(id, "alpha")});
  TestPoint last = PointOf(0, "alpha");
  last.id = uuid;
  Upsert(*collection_, {last, PointOf(4, "alpha")});
  Upsert(*collection_, {PointOf(3, "alpha")});  // again, as it was
  for (SearchSpec spec : {ByText("alpha"), BySparse("idf", {{1}, {1}})}) {
    EXPECT_THAT(Ids(Hits(*collection_, spec)), ElementsAre("3", "4", "7", "9", uuid.ToString()));
    // The cut goes by id as well, not only the order of what was found.
    spec.limit = 2;
    EXPECT_THAT(Ids(Hits(*collection_, spec)), ElementsAre("3", "4"));
    spec.offset = 2;
    EXPECT_THAT(Ids(Hits(*collection_, spec)), ElementsAre("7", "9"));
    const auto fused = SearchHybrid(*collection_, {{{kNoVector, spec}}}, {.limit = 2});
    ASSERT_TRUE(fused.ok()) << fused.status();
    EXPECT_THAT(Ids(Pairs(*fused)), ElementsAre("7", "9"));
  }
}

// Texts that were edited after a read began are scored from the disk. Their ties go by id, too.
TEST_F(ScoreHistoryTest, EqualScoresOfEditedTextsAreOrderedById) {
  for (const uint64_t id : {7, 3, 9, 1}) Upsert(*collection_, {PointOf(id, "alpha")});
  SearchSpec old = ByText("alpha");
  old.moment = *collection_->Now();
  const PayloadEdit edit{.kind = PayloadEdit::Kind::kSet, .json = json{{"t", "beta"}}.dump()};
  const PointId ids[] = {PointId::Number(3), PointId::Number(9)};
  ASSERT_TRUE(collection_->UpdatePayload({.ids = ids, .edit = edit}).ok());
  EXPECT_THAT(Ids(Hits(*collection_, old)), ElementsAre("1", "3", "7", "9"));
  old.limit = 3;
  EXPECT_THAT(Ids(Hits(*collection_, old)), ElementsAre("1", "3", "7"));
}

// What has no words, or an empty sparse vector, finds nothing. It is no fault of the caller, who
// passes on what users type.
TEST_F(ScoreHistoryTest, QueriesWithoutWordsFindNothing) {
  Upsert(*collection_, {PointOf(1, "alpha"), PointOf(2, "beta")});
  for (const SearchSpec& empty : {ByText("?!"), ByText(""), BySparse("idf", {})}) {
    EXPECT_TRUE(Hits(*collection_, empty).empty());
    const auto groups = SearchGroups(*collection_, kNoVector, empty, {"t", 2, 3});
    ASSERT_TRUE(groups.ok()) << groups.status();
    EXPECT_TRUE(groups->empty());
    const auto fused =
        SearchHybrid(*collection_, {{{kNoVector, ByText("alpha")}, {kNoVector, empty}}}, {});
    ASSERT_TRUE(fused.ok()) << fused.status();
    EXPECT_THAT(Ids(Pairs(*fused)), ElementsAre("1"));
    const auto nothing = SearchHybrid(*collection_, {{{kNoVector, empty}}}, {});
    ASSERT_TRUE(nothing.ok()) << nothing.status();
    EXPECT_TRUE(nothing->empty());
  }
  // Faults of the request stay faults.
  SearchSpec bad = ByText("");
  bad.text->key = "other";
  EXPECT_TRUE(absl::IsFailedPrecondition(collection_->Search(kNoVector, bad).status()));
  bad = BySparse("none", {});
  EXPECT_TRUE(absl::IsInvalidArgument(collection_->Search(kNoVector, bad).status()));
  bad = ByText("");
  bad.limit = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(collection_->Search(kNoVector, bad).status()));
}

// The long test: random edits, replacements and deletions.
class RandomHistoryTest : public ScoreHistoryTest {
 protected:
  PointId RandomId() {
    const uint64_t number = random_.Below(900);
    return number % 5 == 0 ? PointId::Uuid(number % 2, number) : PointId::Number(number);
  }
  // Few words and few lengths, so many scores are equal.
  std::string RandomText() {
    std::string text;
    for (size_t n = random_.Below(5); n > 0; --n) {
      absl::StrAppend(&text, text.empty() ? "" : " ", "w", random_.Below(1 + random_.Below(40)));
    }
    return text;
  }
  SparseVector RandomVector() {
    std::map<uint32_t, float> entries;
    for (size_t n = 1 + random_.Below(5); n > 0; --n) {
      const auto index = static_cast<uint32_t>(random_.Below(1 + random_.Below(40)));
      entries[index] = static_cast<float>(random_.Below(5)) / 3 - 0.5f;
    }
    SparseVector vector;
    for (const auto& [index, value] : entries) {
      vector.indices.push_back(index);
      vector.values.push_back(value);
    }
    return vector;
  }
  TestPoint RandomPoint(const PointId& id) {
    TestPoint point = {id, {}, ""};
    json payload = json::object();
    const size_t texts = random_.Below(4);
    if (texts == 1 || texts == 2) payload["t"] = RandomText();
    if (texts == 3) payload["t"] = {RandomText(), RandomText()};
    if (random_.Below(3) > 0) payload["n"] = random_.Below(6);
    if (!payload.empty()) point.payload = payload.dump();
    if (random_.Below(4) > 0) point.sparse["idf"] = RandomVector();
    if (random_.Below(2) > 0 || point.sparse.empty()) point.sparse["plain"] = RandomVector();
    return point;
  }
  void UpsertSome() {
    std::map<PointId, TestPoint> batch;
    for (size_t n = 1 + random_.Below(20); n > 0; --n) {
      const PointId id = RandomId();
      const auto own = model_.find(id);
      const bool as_it_was = own != model_.end() && random_.Below(3) == 0;
      batch.insert_or_assign(id, as_it_was ? own->second : RandomPoint(id));
    }
    std::vector<TestPoint> points;
    for (const auto& [id, point] : batch) {
      points.push_back(point);
      model_.insert_or_assign(id, point);
    }
    Upsert(*collection_, points);
  }
  // Edits the payload of a random point.
  void EditOne() {
    if (model_.empty()) return;
    const PointId id = AnyPoint();
    std::string& text = model_.at(id).payload;
    json payload = text.empty() ? json::object() : json::parse(text);
    PayloadEdit edit;
    switch (random_.Below(5)) {
      case 0: {
        const json set = {{"t", RandomText()}};
        edit = {.kind = PayloadEdit::Kind::kSet, .json = set.dump()};
        payload.update(set);
        break;
      }
      case 1: {
        const json set = {{"n", random_.Below(6)}};
        edit = {.kind = PayloadEdit::Kind::kSet, .json = set.dump()};
        payload.update(set);
        break;
      }
      case 2:
        payload = {{"t", {RandomText(), RandomText()}}, {"n", 3}};
        edit = {.kind = PayloadEdit::Kind::kOverwrite, .json = payload.dump()};
        break;
      case 3:
        edit = {.kind = PayloadEdit::Kind::kDeleteKeys, .keys = {"t"}};
        payload.erase("t");
        break;
      default:
        edit = {.kind = PayloadEdit::Kind::kClear};
        payload = json::object();
        break;
    }
    const auto edited = collection_->UpdatePayload({.ids = {&id, 1}, .edit = edit});
    ASSERT_TRUE(edited.ok()) << edited.status();
    text = payload.empty() ? "" : payload.dump();
  }
  void DeleteSome() {
    std::vector<PointId> ids;
    for (size_t n = random_.Below(8); n > 0 && !model_.empty(); --n) {
      ids.push_back(AnyPoint());
      model_.erase(ids.back());
    }
    if (ids.empty()) return;
    ASSERT_TRUE(collection_->Delete(ids, Durability::kAsync).ok());
  }
  PointId AnyPoint() {
    auto it = model_.begin();
    std::advance(it, static_cast<ptrdiff_t>(random_.Below(model_.size())));
    return it->first;
  }
  SearchSpec RandomSearch() {
    std::string words = RandomText();
    SearchSpec spec;
    if (random_.Below(2) == 0) {
      spec = ByText(absl::StrCat("w", random_.Below(5), " ", words));
    } else {
      spec = BySparse(random_.Below(3) == 0 ? "plain" : "idf", RandomVector());
    }
    spec.limit = random_.Below(3) == 0 ? 1'000 : 1 + random_.Below(20);
    spec.offset = random_.Below(3) == 0 ? random_.Below(30) : 0;
    if (random_.Below(4) == 0) {
      spec.filter = *FilterFromJson(R"({"must":[{"key":"n","range":{"gte":3}}]})");
    }
    return spec;
  }
  // Compares searches with those of a new collection, which was given the points in another order.
  void ExpectAnswersOfANewCollection() {
    const auto fresh = MakeCollection("fresh");
    std::vector<TestPoint> points;
    for (const auto& [id, point] : model_) points.push_back(point);
    for (size_t i = points.size(); i > 1; --i) std::swap(points[i - 1], points[random_.Below(i)]);
    if (!points.empty()) Upsert(*fresh, points);
    for (int i = 0; i < 30 && !HasFailure(); ++i) {
      const SearchSpec spec = RandomSearch();
      EXPECT_EQ(Hits(*collection_, spec), Hits(*fresh, spec));
      SearchSpec other = RandomSearch();
      const auto fused = [&](const Collection& collection) {
        return Pairs(
            *SearchHybrid(collection, {{{kNoVector, spec}, {kNoVector, other}}}, {.limit = 30}));
      };
      EXPECT_EQ(fused(*collection_), fused(*fresh));
      const auto groups = [&](const Collection& collection) {
        SearchSpec own = spec;
        own.offset = 0;
        const auto found = SearchGroups(collection, kNoVector, own, {"n", 4, 3});
        EXPECT_TRUE(found.ok()) << found.status();
        std::vector<std::vector<ScoredId>> all;
        if (!found.ok()) return all;
        for (const PointGroup& group : *found) all.push_back(Pairs(group.points));
        return all;
      };
      EXPECT_EQ(groups(*collection_), groups(*fresh));
    }
    ASSERT_TRUE(database_->DeleteCollection("fresh").ok());
  }

  std::map<PointId, TestPoint> model_;
  testing::Gaussian random_{20'261'130};
};

TEST_F(RandomHistoryTest, AnswersAreThoseOfANewCollection) {
  const size_t edits = EditsOr(1'500);
  absl::StatusOr<std::shared_ptr<const Moment>> held = absl::CancelledError();
  for (size_t edit = 0; edit < edits && !HasFailure(); ++edit) {
    const size_t kind = random_.Below(4);
    if (kind == 0) DeleteSome();
    if (kind == 1) UpsertSome();
    if (kind > 1) EditOne();
    // A read is in progress for half of the time.
    if (edit % 100 == 30) held = collection_->Now();
    if (edit % 100 == 80) held = absl::CancelledError();
    if (edit % 250 == 60 || edit % 250 == 249 || edit + 1 == edits) ExpectAnswersOfANewCollection();
    if (edit % 2'000 == 1'199) Reopen();
  }
}

}  // namespace score_history_test
}  // namespace tqdb::storage
