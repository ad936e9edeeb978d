// Compares searches by the words of payloads with a separate index of the same texts. That index is
// new for every query, so it has no history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "storage/sparse/bm25_index.h"
#include "tests/storage/fixture.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace text_search_test {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr size_t kDim = 8;
constexpr uint64_t kIds = 400;
const MatrixView kNoVector{nullptr, 0, 0};

class TextSearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    collection_ = MustCreate(*database_, "c", ConfigOf({SpaceOf("", kDim)}));
  }
  void Reopen() {
    collection_.reset();
    database_.reset();
    database_ = MustOpen(directory_.path());
    collection_ = MustGet(*database_, "c");
  }
  std::string RandomText(size_t words) {
    std::string text;
    for (size_t i = 0; i < words; ++i)
      absl::StrAppend(&text, i == 0 ? "" : " ", "w", random_.Below(1 + random_.Below(60)));
    return text;
  }
  // Upserts points of which some have one text, some two, and some none.
  void UpsertSome() {
    std::vector<TestPoint> points;
    for (uint64_t id = random_.Below(3); id < kIds; id += 1 + random_.Below(4)) {
      json payload = {{"odd", id % 2 == 1}};
      std::vector<std::string> texts;
      for (uint64_t n = random_.Below(3); n > 0; --n)
        texts.push_back(RandomText(1 + random_.Below(20)));
      if (texts.size() == 1) payload["doc"]["text"] = texts[0];
      if (texts.size() == 2) payload["doc"]["text"] = texts;
      texts_[id] = texts;
      points.push_back({PointId::Number(id), {{"", random_.Vector(kDim)}}, payload.dump()});
    }
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
  }
  // Replaces the texts of some points by an edit of their payloads.
  void EditSome() {
    for (uint64_t id = random_.Below(20); id < kIds; id += 1 + random_.Below(30)) {
      if (!texts_.contains(id)) continue;
      texts_[id] = {RandomText(5)};
      const PayloadEdit edit{.kind = PayloadEdit::Kind::kSet,
                             .json = json{{"text", texts_[id][0]}}.dump(),
                             .key = "doc"};
      const PointId point = PointId::Number(id);
      ASSERT_TRUE(collection_->UpdatePayload({.ids = {&point, 1}, .edit = edit}).ok());
    }
  }
  void DeleteSome() {
    std::vector<PointId> ids;
    for (uint64_t id = random_.Below(20); id < kIds; id += 1 + random_.Below(20)) {
      ids.push_back(PointId::Number(id));
      texts_.erase(id);
    }
    ASSERT_TRUE(collection_->Delete(ids, Durability::kAsync).ok());
  }

  // Compares a search for the words of `query` with the texts.
  void ExpectHits(const std::string& query, bool filtered) {
    Bm25Index model{Bm25Options()};
    size_t matching = 0;
    for (const auto& [id, texts] : texts_) {
      if (texts.empty()) continue;
      const std::vector<absl::string_view> views(texts.begin(), texts.end());
      model.Add(id, PointId::Number(id), views);
    }
    std::map<uint64_t, float> scores;
    const auto found = model.Search(query, {.top_k = kIds});
    ASSERT_TRUE(found.ok());
    for (const Hit& hit : *found) {
      if (!filtered || hit.row % 2 == 1) scores[hit.row] = hit.score;
    }
    matching = scores.size();
    SearchSpec spec{
        .text = TextQuery{"doc.text", query}, .limit = kIds, .select = {.payload = true}};
    if (filtered)
      spec.filter = *FilterFromJson(R"({"must":[{"key":"odd","match":{"value":true}}]})");
    const auto lists = collection_->Search(kNoVector, spec);
    ASSERT_TRUE(lists.ok()) << lists.status();
    ASSERT_EQ(lists->size(), 1u);
    const std::vector<PointRecord>& hits = (*lists)[0];
    ASSERT_EQ(hits.size(), matching) << query;
    for (size_t i = 0; i < hits.size(); ++i) {
      ASSERT_TRUE(scores.contains(hits[i].id.low)) << query;
      EXPECT_EQ(hits[i].score, scores[hits[i].id.low]);
      if (i > 0) {
        const bool tie = hits[i - 1].score == hits[i].score;
        EXPECT_TRUE(tie ? hits[i - 1].id < hits[i].id : hits[i - 1].score > hits[i].score);
      }
      EXPECT_FALSE(hits[i].payload.empty());
    }
    spec.limit = 5;
    spec.offset = 2;
    const auto page = (*collection_->Search(kNoVector, spec))[0];
    for (size_t i = 0; i < page.size(); ++i) EXPECT_EQ(page[i].score, hits[i + 2].score);
    EXPECT_EQ(page.size(), std::min<size_t>(5, hits.size() > 2 ? hits.size() - 2 : 0));
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::map<uint64_t, std::vector<std::string>> texts_;
  testing::Gaussian random_{20'261'126};
};

TEST_F(TextSearchTest, HitsAreThoseOfTheTextsWhilePointsComeAndGo) {
  UpsertSome();
  ASSERT_TRUE(collection_->CreatePayloadIndex("doc.text", FieldKind::kText, true, {}).ok());
  for (int round = 0; round < 9; ++round) {
    for (int query = 0; query < 4; ++query)
      ExpectHits(RandomText(1 + random_.Below(4)), query % 2 == 1);
    if (HasFatalFailure()) return;
    UpsertSome();
    EditSome();
    DeleteSome();
    if (round % 3 != 2) continue;
    // The index is built again in the background.
    Reopen();
    ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
    for (int query = 0; query < 6; ++query)
      ExpectHits(RandomText(1 + random_.Below(4)), query % 2 == 1);
    if (HasFatalFailure()) return;
  }
}

TEST_F(TextSearchTest, GroupsAndHybridListsTakeTexts) {
  UpsertSome();
  ASSERT_TRUE(collection_->CreatePayloadIndex("doc.text", FieldKind::kText, true, {}).ok());
  SearchSpec spec{.text = TextQuery{"doc.text", "w0 w1 w2"}, .limit = 50};
  const auto groups = SearchGroups(*collection_, kNoVector, spec, {"odd", 2, 3});
  ASSERT_TRUE(groups.ok()) << groups.status();
  ASSERT_EQ(groups->size(), 2u);
  for (const PointGroup& group : *groups) EXPECT_EQ(group.points.size(), 3u);
  const std::vector<float> vector = random_.Vector(kDim);
  const auto hits = SearchHybrid(
      *collection_, {{{kNoVector, spec}, {MatrixView(vector.data(), 1, kDim), {.limit = 50}}}}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->size(), 10u);
}

TEST_F(TextSearchTest, BadQueriesByTextAreRefused) {
  UpsertSome();
  const auto error = [this](SearchSpec spec, MatrixView vector = kNoVector) {
    return collection_->Search(vector, spec).status();
  };
  const SearchSpec good{.text = TextQuery{"doc.text", "w1"}};
  EXPECT_TRUE(absl::IsFailedPrecondition(error(good)));
  ASSERT_TRUE(collection_->CreatePayloadIndex("doc.text", FieldKind::kKeyword, true, {}).ok());
  EXPECT_THAT(std::string(error(good).message()),
              HasSubstr("key 'doc.text' has no payload index of texts"));
  ASSERT_TRUE(collection_->DeletePayloadIndex("doc.text").ok());
  ASSERT_TRUE(collection_->CreatePayloadIndex("doc.text", FieldKind::kText, true, {}).ok());
  EXPECT_TRUE(error(good).ok());
  SearchSpec bad = good;
  for (size_t i = 0; i <= kMaxQueryWords; ++i) bad.text->text += " w1";
  EXPECT_THAT(std::string(error(bad).message()), HasSubstr("text.text has more than 4096 words"));
  bad = good;
  bad.text->key = "a..b";
  EXPECT_THAT(std::string(error(bad).message()), HasSubstr("text.key: "));
  bad = good;
  bad.exact = true;
  EXPECT_THAT(std::string(error(bad).message()), HasSubstr("exact is for searches by vector"));
  const std::vector<float> vector = random_.Vector(kDim);
  EXPECT_THAT(std::string(error(good, MatrixView(vector.data(), 1, kDim)).message()),
              HasSubstr("more than one of vector, sparse and text"));
}

}  // namespace text_search_test
}  // namespace tqdb::storage
