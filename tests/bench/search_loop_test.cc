#include "bench/measure/search_loop.h"

#include "bench/data/row_source.h"
#include "bench/measure/scan_space.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace search_loop_test {

class SearchLoopTest : public ::testing::Test {
 protected:
  SearchLoopTest() {
    GeneratedRows::Options rows;
    rows.rows = 300;
    rows.dim = 32;
    rows.queries = 10;
    source_ = GeneratedRows::Create(rows).value();
    CodecOptions codec;
    codec.dim = 32;
    space_ = FillSpace(*source_, codec, Centering::kOff, &BestKernels(), 1).value();
  }
  std::unique_ptr<RowSource> source_;
  std::unique_ptr<VectorSpace> space_;
};

TEST_F(SearchLoopTest, NeighborsDoNotDependOnTheBatch) {
  const auto single = FindNeighbors(*space_, source_->queries().view(), {}, 1);
  ASSERT_TRUE(single.ok()) << single.status();
  ASSERT_EQ(single->size(), 10u);
  for (const auto& neighbors : *single) EXPECT_EQ(neighbors.size(), 10u);
  for (size_t batch : {3, 10, 64}) {  // the last call is short
    const auto found = FindNeighbors(*space_, source_->queries().view(), {}, batch);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, *single) << batch;
  }
}

TEST_F(SearchLoopTest, CountsQueriesAndRowsOfAllThreads) {
  const auto rate = MeasureSearch(*space_, source_->queries().view(), {}, 3, 2, 0.01);
  ASSERT_TRUE(rate.ok()) << rate.status();
  EXPECT_GE(rate->seconds, 0.01);
  EXPECT_GE(rate->latencies.count(), 2u);
  EXPECT_EQ(rate->queries, rate->latencies.count() * 3);
  EXPECT_EQ(rate->stats.rows_scanned, rate->queries * 300);
}

TEST_F(SearchLoopTest, QueriesRepeatOnlyWhereTheyAreTooFew) {
  const Matrix& queries = source_->queries();
  EXPECT_EQ(RepeatQueries(queries, 10).values, queries.values);
  const Matrix repeated = RepeatQueries(queries, 25);
  EXPECT_EQ(repeated.rows, 25u);
  EXPECT_EQ(std::vector<float>(repeated.row(20), repeated.row(25)),
            std::vector<float>(queries.row(0), queries.row(5)));
}

}  // namespace search_loop_test
}  // namespace tqdb::bench
