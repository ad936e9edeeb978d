#include "client/cli/flags/query_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

namespace tqdb::client {
namespace query_flags_test {

using ::testing::HasSubstr;

QueryFlags Words() {
  QueryFlags flags;
  flags.text = {"title", "white whale"};
  return flags;
}

TEST(QueryFlagsTest, OnePartIsAPlainSearch) {
  QueryFlags flags;
  flags.vector = "[1, 2.5]";
  flags.vector_name = "image";
  flags.limit = 5;
  flags.offset = 20;
  flags.rerank = true;
  flags.mmr = 0.25f;
  auto plan = ReadQueryFlags(flags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_FALSE(plan->hybrid.has_value() || plan->point.has_value());
  EXPECT_EQ(plan->query.vector, (std::vector<float>{1, 2.5f}));
  EXPECT_EQ(plan->query.vector_name, "image");
  EXPECT_EQ(plan->query.limit, 5u);
  EXPECT_EQ(plan->query.offset, 20u);
  EXPECT_TRUE(plan->query.rerank);
  EXPECT_EQ(plan->query.mmr->diversity, 0.25f);

  plan = ReadQueryFlags(Words());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->query.text->key, "title");
  EXPECT_TRUE(plan->query.vector.empty());

  QueryFlags sparse;
  sparse.sparse = R"({"indices":[7,1],"values":[0.5,2]})";
  sparse.sparse_name = "terms";
  plan = ReadQueryFlags(sparse);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->query.sparse, (SparseVector{{7, 1}, {0.5f, 2}}));
  EXPECT_EQ(plan->query.vector_name, "terms");
}

TEST(QueryFlagsTest, SeveralPartsAreAHybridSearch) {
  QueryFlags flags = Words();
  flags.id = "7";
  flags.vector_name = "image";
  flags.sparse = R"({"indices":[7],"values":[0.5]})";
  flags.sparse_name = "terms";
  flags.exact = true;
  flags.limit = 5;
  flags.offset = 2;
  flags.filter = R"({"must":[{"key":"lang","match":{"value":"en"}}]})";
  flags.with_payload = true;
  auto plan = ReadQueryFlags(flags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(plan->hybrid.has_value());
  EXPECT_EQ(plan->point, PointId::Number(7));
  const HybridQuery& hybrid = *plan->hybrid;
  EXPECT_EQ(hybrid.limit, 5u);
  EXPECT_EQ(hybrid.offset, 2u);
  EXPECT_TRUE(hybrid.select.payload);
  EXPECT_TRUE(std::holds_alternative<ReciprocalRankFusion>(hybrid.fusion));
  ASSERT_EQ(hybrid.parts.size(), 3u);
  for (const HybridPart& part : hybrid.parts) {
    EXPECT_EQ(part.weight, 1);
    EXPECT_EQ(part.query.limit, 70u);
    EXPECT_EQ(part.query.offset, 0u);
    ASSERT_TRUE(part.query.filter.has_value());
    EXPECT_EQ(part.query.filter->must.size(), 1u);
  }
  EXPECT_EQ(&plan->vector_query(), &hybrid.parts[0].query);
  EXPECT_TRUE(hybrid.parts[0].query.exact);
  EXPECT_EQ(hybrid.parts[0].query.vector_name, "image");
  EXPECT_EQ(hybrid.parts[1].query.text->text, "white whale");
  EXPECT_FALSE(hybrid.parts[1].query.exact);
  EXPECT_EQ(hybrid.parts[2].query.vector_name, "terms");
  EXPECT_TRUE(hybrid.parts[2].query.sparse.has_value());

  flags.weights = {3, 2, 0.5f};
  flags.fusion = "weighted";
  flags.candidates = 30;
  plan = ReadQueryFlags(flags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(std::holds_alternative<WeightedFusion>(plan->hybrid->fusion));
  EXPECT_EQ(plan->hybrid->parts[2].weight, 0.5f);
  EXPECT_EQ(plan->hybrid->parts[2].query.limit, 30u);

  flags.candidates = 0;
  flags.limit = 5'000;
  EXPECT_EQ(ReadQueryFlags(flags)->hybrid->parts[0].query.limit, 10'000u);
}

TEST(QueryFlagsTest, FaultsNameTheOption) {
  const auto message = [](const QueryFlags& flags) {
    const auto plan = ReadQueryFlags(flags);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(plan.status().message());
  };
  EXPECT_THAT(message({}), HasSubstr("give one of --vector"));
  QueryFlags flags = Words();
  flags.id = "x";
  EXPECT_THAT(message(flags), HasSubstr("--id: "));
  flags.id = "7";
  flags.weights = {1};
  EXPECT_THAT(message(flags), HasSubstr("--weights: 1 weights for 2 parts"));
  flags.weights = {};
  flags.filter = "[";
  EXPECT_THAT(message(flags), HasSubstr("--filter"));
  flags = {};
  flags.sparse_name = "terms";
  flags.sparse = R"({"indices":[7,8],"values":[1]})";
  EXPECT_THAT(message(flags), HasSubstr("--sparse: 2 indices and 1 values"));
  flags.sparse = "@/nonexistent/vector.json";
  EXPECT_EQ(ReadQueryFlags(flags).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace query_flags_test
}  // namespace tqdb::client
