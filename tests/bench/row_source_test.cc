#include "bench/data/row_source.h"

#include <cmath>
#include <vector>

#include "bench/data/gaussian.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace row_source_test {

// Returns a set whose rows have the norms 1, 2, 3, ...
DataSet MakeSet(size_t rows, size_t dim) {
  DataSet set = {"small", Matrix(rows, dim), Matrix(2, dim)};
  for (size_t r = 0; r < rows; ++r) {
    FillUnitVector(r, set.base.row(r), dim);
    for (size_t i = 0; i < dim; ++i) set.base.row(r)[i] *= static_cast<float>(r + 1);
  }
  FillUnitVector(100, set.queries.row(0), dim);
  FillUnitVector(101, set.queries.row(1), dim);
  return set;
}

double Distance(const float* a, const float* b, size_t dim) {
  double squares = 0;
  for (size_t i = 0; i < dim; ++i) squares += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(squares);
}

TEST(TiledRowsTest, WithoutRepeatsIsTheSet) {
  const DataSet set = MakeSet(10, 64);
  for (size_t rows : {size_t{0}, size_t{7}, size_t{10}}) {
    const TiledRows source(set, rows, 1);
    EXPECT_EQ(source.name(), "small");
    EXPECT_EQ(source.rows(), 10u);
    ASSERT_NE(source.whole(), nullptr);
    EXPECT_EQ(source.whole()->values, set.base.values);
    EXPECT_EQ(source.Rows(0, 10, 2).values, set.base.values);
    EXPECT_EQ(source.queries().values, set.queries.values);
  }
}

TEST(TiledRowsTest, RepeatsAreNearTheirOriginalsAndNeverEqual) {
  const DataSet set = MakeSet(10, 512);
  const TiledRows source(set, 35, 1);
  EXPECT_EQ(source.name(), "small tiled");
  EXPECT_EQ(source.rows(), 35u);
  EXPECT_EQ(source.whole(), nullptr);
  const Matrix rows = source.Rows(0, 35, 2);
  for (size_t r = 0; r < 35; ++r) {
    const double norm = static_cast<double>(r % 10 + 1);
    const double noise = Distance(rows.row(r), set.base.row(r % 10), 512) / norm;
    if (r < 10) {
      EXPECT_EQ(noise, 0);
    } else {
      // The norm of 512 Gaussian numbers has a deviation of 3 %. Six deviations are allowed.
      EXPECT_NEAR(noise, 0.02, 0.0038) << r;
    }
    // The noises of two repeats are independent, so their distance is sqrt(2) times as large.
    if (r >= 20) {
      EXPECT_NEAR(Distance(rows.row(r), rows.row(r - 10), 512) / norm, 0.0283, 0.0054);
    }
  }
}

TEST(TiledRowsTest, RowsDoNotDependOnPiecesOrThreadsButOnTheSeed) {
  const TiledRows source(MakeSet(10, 64), 1000, 1);
  const Matrix whole = source.Rows(0, 1000, 2);
  EXPECT_EQ(source.Rows(700, 100, 1).values,
            std::vector<float>(whole.values.begin() + 700 * 64, whole.values.begin() + 800 * 64));
  EXPECT_NE(TiledRows(MakeSet(10, 64), 1000, 2).Rows(700, 1, 1).values,
            source.Rows(700, 1, 1).values);
}

TEST(TiledRowsTest, RowsThatFillMegabytesRoundUp) {
  EXPECT_EQ(RowsThatFill(0, 972), 0u);
  EXPECT_EQ(RowsThatFill(1, 1000), 1000u);
  EXPECT_EQ(RowsThatFill(1, 999), 1002u);
  EXPECT_EQ(RowsThatFill(1'000'000, 1), size_t{1'000'000'000'000});
}

TEST(GeneratedRowsTest, AreThoseOfTheTree) {
  GeneratedRows::Options options;
  options.rows = 500;
  options.dim = 96;
  options.queries = 20;
  const auto source = GeneratedRows::Create(options);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->name(), "generated power-law");
  EXPECT_EQ((*source)->rows(), 500u);
  EXPECT_EQ((*source)->dim(), 96u);
  EXPECT_EQ((*source)->queries().rows, 20u);
  EXPECT_EQ((*source)->whole(), nullptr);
  ClusterTree::Options tree;
  tree.rows = 500;
  EXPECT_EQ((*source)->Rows(40, 5, 1).values,
            ClusterTree(FindShape("", 96).value(), tree).Rows(40, 5, 1).values);
  options.directory = "/no/such/directory";
  EXPECT_FALSE(GeneratedRows::Create(options).ok());
}

}  // namespace row_source_test
}  // namespace tqdb::bench
