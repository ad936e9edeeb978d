#include "storage/payload/payload_index.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "values/filter_json.h"

namespace tqdb::storage {
namespace payload_index_test {

using nlohmann::json;

class PayloadIndexTest : public ::testing::Test {
 protected:
  void Create(const char* key, FieldKind kind) { ASSERT_TRUE(index_.CreateField(key, kind).ok()); }
  void Add(const std::vector<const char*>& payloads) {
    for (const char* payload : payloads) index_.Add(next_row_++, json::parse(payload));
  }
  static PreparedFilter Prepare(const std::string& condition) {
    const auto filter = FilterFromJson(R"({"must":[)" + condition + "]}");
    EXPECT_TRUE(filter.ok()) << filter.status();
    return *PreparedFilter::Create(*filter);
  }
  RowMatches Match(const std::string& condition) const {
    // Ids are twice their row.
    return index_.Match(Prepare(condition), [](const PointId& id) -> std::optional<uint64_t> {
      if (id.low % 2 != 0) return std::nullopt;
      return id.low / 2;
    });
  }
  std::vector<uint64_t> Certain(const std::string& condition) const {
    return Match(condition).certain.ToVector();
  }
  std::vector<uint64_t> Undecided(const std::string& condition) const {
    return Match(condition).undecided.ToVector();
  }

  using Rows = std::vector<uint64_t>;
  PayloadIndex index_;
  uint64_t next_row_ = 0;
};

TEST_F(PayloadIndexTest, EachKindDecidesTheTestsThatItServes) {
  Create("k", FieldKind::kKeyword);
  Create("i", FieldKind::kInteger);
  Create("f", FieldKind::kFloat);
  Create("b", FieldKind::kBool);
  Create("t", FieldKind::kDatetime);
  Create("w", FieldKind::kText);
  Add({R"({"k":"x","i":1,"f":0.5,"b":true,"t":"2023-01-01","w":"a red house"})",
       R"({"k":["y","x"],"i":[2,5],"f":2,"b":false,"t":"2024-01-01","w":["red","roof"]})", R"({})",
       R"({"k":null,"i":[],"f":-3.5,"b":[true,false],"t":null,"w":""})"});
  const struct {
    const char* condition;
    Rows rows;
  } kCases[] = {
      {R"({"key":"k","match":{"value":"x"}})", {0, 1}},
      {R"({"key":"k","match":{"any":["y","z"]}})", {1}},
      {R"({"key":"i","match":{"value":5}})", {1}},
      {R"({"key":"i","match":{"except":[7]}})", {0, 1}},
      {R"({"key":"i","range":{"gte":1.5}})", {1}},
      {R"({"key":"f","match":{"value":2}})", {1}},
      {R"({"key":"f","range":{"gt":-3.5,"lt":2}})", {0}},
      {R"({"key":"f","range":{"gte":-3.5,"lte":2}})", {0, 1, 3}},
      {R"({"key":"b","match":{"value":true}})", {0, 3}},
      {R"({"key":"t","range":{"gt":"2023-01-01"}})", {1}},
      {R"({"key":"w","match":{"text":"RED house"}})", {0}},
      {R"({"key":"w","match":{"text":"roof red"}})", {1}},
      {R"({"key":"w","match":{"text":"blue"}})", {}},
      {R"({"exists":{"key":"k"}})", {0, 1, 3}},
      {R"({"is_empty":{"key":"i"}})", {2, 3}},
      {R"({"is_null":{"key":"t"}})", {3}},
      {R"({"has_id":[0,3,6,100]})", {0, 3}},
      {R"({"must_not":[{"key":"k","match":{"value":"x"}}]})", {2, 3}},
      {R"({"min_should":{"min_count":2,"conditions":[{"key":"k","match":{"value":"x"}},)"
       R"({"key":"b","match":{"value":false}},{"key":"i","match":{"value":1}}]}})",
       {0, 1}},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Certain(c.condition), c.rows) << c.condition;
    EXPECT_TRUE(Match(c.condition).exact()) << c.condition;
  }
}

TEST_F(PayloadIndexTest, ExceptDecidesAllButRowsThatHaveListedAndOtherValues) {
  Create("k", FieldKind::kKeyword);
  Add({R"({"k":"x"})", R"({"k":"y"})", R"({"k":["x","y"]})", R"({"k":["x","z"]})", R"({"k":7})"});
  const char* kExcept = R"({"key":"k","match":{"except":["x","y"]}})";
  EXPECT_EQ(Certain(kExcept), Rows({4}));
  EXPECT_EQ(Undecided(kExcept), Rows({2, 3}));
}

TEST_F(PayloadIndexTest, ValuesThatTheIndexDoesNotHoldLeaveTheirRowsUndecided) {
  Create("i", FieldKind::kInteger);
  Add({R"({"i":1})", R"({"i":1.5})", R"({"i":"1"})", R"({"i":[1,true]})", R"({"i":2.0})"});
  EXPECT_EQ(Certain(R"({"key":"i","range":{"gt":0}})"), Rows({0, 3, 4}));
  EXPECT_EQ(Undecided(R"({"key":"i","range":{"gt":0}})"), Rows({1, 2}));
  EXPECT_TRUE(Match(R"({"key":"i","match":{"any":[1,2]}})").exact());
  EXPECT_EQ(Undecided(R"({"key":"i","match":{"value":"1"}})"), Rows({1, 2, 3}));
  EXPECT_EQ(Undecided(R"({"key":"i","match":{"value":true}})"), Rows({1, 2, 3}));
}

TEST_F(PayloadIndexTest, KeysWithoutIndexAndNestedFiltersAreBoundedByTheOthers) {
  Create("k", FieldKind::kKeyword);
  Create("l.x", FieldKind::kInteger);
  Add({R"({"k":"x","l":[{"x":1,"y":1}]})", R"({"k":"y","l":[{"x":2}]})", R"({"k":"x"})"});
  const std::string both = R"({"key":"k","match":{"value":"x"}},{"key":"u","match":{"value":1}})";
  EXPECT_EQ(Undecided(both), Rows({0, 2}));
  EXPECT_EQ(Certain(both), Rows({}));
  const char* kNested = R"({"nested":{"key":"l","filter":{"must":[{"key":"x","match":{"value":1}},)"
                        R"({"exists":{"key":"y"}}]}}})";
  EXPECT_EQ(Undecided(kNested), Rows({0}));
  EXPECT_EQ(Undecided(R"({"key":"u","match":{"value":1}})"), Rows({0, 1, 2}));
}

TEST_F(PayloadIndexTest, AnIndexMadeLaterAnswersRightlyBeforeAndWhileItIsFilled) {
  Add({R"({"k":"x"})", R"({"k":"y"})", R"({"k":"x"})"});
  Create("k", FieldKind::kKeyword);
  const char* kX = R"({"key":"k","match":{"value":"x"}})";
  EXPECT_EQ(Undecided(kX), Rows({0, 1, 2}));
  index_.AddToField(*KeyPath::Parse("k"), 0, json::parse(R"({"k":"x"})"));
  index_.AddToField(*KeyPath::Parse("k"), 0, json::parse(R"({"k":"x"})"));
  index_.AddToField(*KeyPath::Parse("k"), 77, json::parse(R"({"k":"x"})"));  // no such row
  index_.AddToField(*KeyPath::Parse("u"), 1, json::parse(R"({"k":"x"})"));   // no such field
  EXPECT_EQ(Certain(kX), Rows({0}));
  EXPECT_EQ(Undecided(kX), Rows({1, 2}));
  index_.Remove(2);  // before the index has seen it
  index_.AddToField(*KeyPath::Parse("k"), 2, json::parse(R"({"k":"x"})"));
  index_.AddToField(*KeyPath::Parse("k"), 1, json::parse(R"({"k":"y"})"));
  EXPECT_EQ(Certain(kX), Rows({0}));
  EXPECT_TRUE(Match(kX).exact());
  EXPECT_EQ(index_.Fields(index_.rows())[0].rows, 2u);
}

TEST_F(PayloadIndexTest, FieldsAreNamedByTheirPath) {
  Create("a[].b", FieldKind::kKeyword);
  EXPECT_EQ(index_.CreateField("a.b", FieldKind::kText).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(index_.CreateField("a..b", FieldKind::kText).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(index_.Fields(index_.rows())[0].key, "a.b");
  EXPECT_EQ(index_.DeleteField("b").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(index_.DeleteField("a.b[]").ok());
  EXPECT_TRUE(index_.Fields(index_.rows()).empty());
  for (size_t i = 0; i < kMaxIndexedFields; ++i) {
    Create(("k" + std::to_string(i)).c_str(), FieldKind::kBool);
  }
  EXPECT_EQ(index_.CreateField("k", FieldKind::kBool).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(PayloadIndexTest, MemoryIsAccountedForAndGivenBack) {
  Create("k", FieldKind::kKeyword);
  Create("i", FieldKind::kInteger);
  const size_t empty = index_.memory_bytes();
  const auto payload = [](uint64_t row) {
    return json{{"k", "a keyword longer than a string holds in place " + std::to_string(row)},
                {"i", row * 7919 % 10'007}};
  };
  constexpr uint64_t kRows = 10'000;
  for (uint64_t row = 0; row < kRows; ++row) index_.Add(row, payload(row));
  const size_t full = index_.memory_bytes();
  EXPECT_GT(full, empty + kRows * 100);  // the keywords alone take 50 bytes each
  EXPECT_LT(full, empty + kRows * 500);
  const std::vector<FieldInfo> fields = index_.Fields(index_.rows());
  EXPECT_EQ(fields[0].memory_bytes + fields[1].memory_bytes + index_.rows().memory_bytes(), full);
  for (uint64_t row = 0; row < kRows; ++row) index_.Remove(row);
  EXPECT_TRUE(index_.wants_vacuum());
  index_.Vacuum();
  EXPECT_FALSE(index_.wants_vacuum());
  EXPECT_LT(index_.memory_bytes(), empty + kRows * 120);  // a hash table keeps its size
  EXPECT_TRUE(index_.rows().empty());
}

}  // namespace payload_index_test
}  // namespace tqdb::storage
