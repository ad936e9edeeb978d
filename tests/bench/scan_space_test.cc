#include "bench/measure/scan_space.h"

#include "bench/data/gaussian.h"
#include "bench/measure/scan_limits.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace scan_space_test {

CodecOptions OptionsOf(size_t dim, int code_bits, Residual residual) {
  CodecOptions options;
  options.dim = dim;
  options.code_bits = code_bits;
  options.residual = residual;
  return options;
}

TEST(ScanSpaceTest, CostsCountSignsRecordAndFloats) {
  const auto codec = Codec::Create(OptionsOf(1536, 4, Residual::kQjl)).value();
  EXPECT_EQ(SignsCost(*codec).bytes, 192u + 12);
  EXPECT_EQ(SignsCost(*codec).lookups, 384u);
  EXPECT_EQ(CodesCost(*codec).bytes, 192u + 768 + 12);
  EXPECT_EQ(CodesCost(*codec).multiplies, 1536u);
  const auto plain = Codec::Create(OptionsOf(100, 1, Residual::kNone)).value();
  EXPECT_EQ(CodesCost(*plain).bytes, 16u + 12);  // padded to 128 dimensions
}

TEST(ScanSpaceTest, HoldsEveryRowUnderItsNumberCentredOrNot) {
  for (Centering centering : {Centering::kAuto, Centering::kOff}) {
    GeneratedRows::Options rows;
    rows.rows = 5000;  // more than are encoded at a time
    rows.dim = 64;
    rows.queries = 4;
    const auto source = GeneratedRows::Create(rows).value();
    const auto space =
        FillSpace(*source, OptionsOf(64, 8, Residual::kNone), centering, &BestKernels(), 2);
    ASSERT_TRUE(space.ok()) << space.status();
    EXPECT_EQ((*space)->live_rows(), 5000u);
    EXPECT_EQ((*space)->current_mean() != nullptr, centering == Centering::kAuto);
    for (uint64_t row : {0, 4095, 4096, 4999}) {
      const auto hits = (*space)->Search(source->Rows(row, 1, 1).view(), {});
      ASSERT_TRUE(hits.ok()) << hits.status();
      EXPECT_NEAR((*hits)[0][0].score, 1, 0.01);
      EXPECT_EQ((*hits)[0][0].row, row);
    }
  }
}

TEST(ScanSpaceTest, RefusesRowsThatCannotBeEncoded) {
  DataSet set = {"zero", Matrix(3, 16), Matrix(1, 16)};
  FillUnitVector(1, set.queries.row(0), 16);
  const TiledRows source(set, 3, 1);
  const auto space =
      FillSpace(source, OptionsOf(16, 4, Residual::kQjl), Centering::kOff, &BestKernels(), 1);
  EXPECT_EQ(space.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ScanLimitsTest, LowestBoundWinsAndUnknownOnesDoNot) {
  ScanLimits limits;
  limits.memory = 100;
  EXPECT_STREQ(limits.Lowest(64).name, "memory");
  EXPECT_EQ(limits.Lowest(1).vectors_per_s, 100);
  EXPECT_GT(limits.Lowest(16).vectors_per_s, 100);
  EXPECT_EQ(limits.Lowest(1000).vectors_per_s, limits.Lowest(100).vectors_per_s);
  limits.lookups = 300;
  limits.multiplies = 200;
  EXPECT_STREQ(limits.Lowest(1).name, "memory");
  EXPECT_STREQ(limits.Lowest(64).name, "multiplies");
  limits.multiplies = 0;
  EXPECT_STREQ(limits.Lowest(64).name, "lookups");
  EXPECT_EQ(limits.Lowest(64).vectors_per_s, 300);
}

}  // namespace scan_space_test
}  // namespace tqdb::bench
