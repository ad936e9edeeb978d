#include "core/codec/rotation.h"

#include <cmath>
#include <string>

#include "core/codec/codebook.h"
#include "core/kernels/kernels.h"
#include "gtest/gtest.h"
#include "tests/support/all_kernels.h"
#include "tests/support/random.h"

namespace tqdb {
namespace rotation_test {

using testing::Gaussian;

double SquaredNorm(const std::vector<float>& x) {
  double sum = 0;
  for (float v : x) sum += double{v} * v;
  return sum;
}

TEST(RotationTest, KeepsInnerProductsAndIsUndoneByItsInverse) {
  Gaussian random(11);
  for (size_t dim :
       {8, 9, 15, 16, 17, 31, 33, 64, 100, 127, 200, 384, 768, 1000, 1536, 3072, 4096, 16384}) {
    for (int rounds : {1, 2, 3, Rotation::RoundsFor(dim)}) {
      const Rotation rotation(dim, 42, rounds);
      const std::vector<float> a = random.UnitVector(dim), b = random.UnitVector(dim);
      std::vector<float> ra(dim), rb(dim), scratch(dim), back(dim);
      rotation.Apply(*ScalarKernels(), a.data(), ra.data(), scratch.data());
      rotation.Apply(*ScalarKernels(), b.data(), rb.data(), scratch.data());
      double want = 0, got = 0;
      for (size_t i = 0; i < dim; ++i) {
        want += double{a[i]} * b[i];
        got += double{ra[i]} * rb[i];
      }
      EXPECT_NEAR(got, want, 1e-6) << "dim " << dim << " rounds " << rounds;
      EXPECT_NEAR(SquaredNorm(ra), 1, 1e-6);
      rotation.ApplyInverse(*ScalarKernels(), ra.data(), back.data(), scratch.data());
      for (size_t i = 0; i < dim; ++i)
        ASSERT_NEAR(back[i], a[i], 1e-6) << "dim " << dim << " at " << i;
    }
  }
}

TEST(RotationTest, DiffersBySeedAndNotByKernelLevel) {
  Gaussian random(12);
  const size_t dim = 1000;
  const std::vector<float> x = random.Vector(dim);
  std::vector<float> a(dim), b(dim), scratch(dim);
  Rotation(dim, 1, 3).Apply(*ScalarKernels(), x.data(), a.data(), scratch.data());
  Rotation(dim, 2, 3).Apply(*ScalarKernels(), x.data(), b.data(), scratch.data());
  EXPECT_NE(a, b);
  for (const Kernels* level : testing::TestableKernels()) {
    Rotation(dim, 1, 3).Apply(*level, x.data(), b.data(), scratch.data());
    EXPECT_EQ(a, b) << level->name;
  }
}

// Returns the distortion of a Lloyd-Max code of the rotated vector, over many seeds.
double Distortion(const std::vector<float>& x, int bits, int seeds) {
  const Codebook& book = Codebook::Get(bits);
  const size_t dim = x.size();
  const double norm = std::sqrt(SquaredNorm(x));
  double error = 0;
  std::vector<float> y(dim), scratch(dim), c(dim);
  std::vector<uint8_t> levels(dim), signs((dim + 7) / 8);
  const float unit = static_cast<float>(norm / std::sqrt(static_cast<double>(dim)));
  for (int seed = 0; seed < seeds; ++seed) {
    Rotation(dim, static_cast<uint64_t>(seed), Rotation::RoundsFor(dim))
        .Apply(BestKernels(), x.data(), y.data(), scratch.data());
    float sums[3];
    BestKernels().quantize(y.data(), dim, unit, book, signs.data(), levels.data(), c.data(), sums);
    for (size_t i = 0; i < dim; ++i) error += std::pow(double{y[i]} / unit - c[i], 2);
  }
  return error / static_cast<double>(dim) / seeds;
}

// At small dims the coordinates of a rotated unit vector are not quite Gaussian: none is larger
// than the vector. Their distortion is lower, so the bar is one-sided, with a wide bound below.
TEST(RotationTest, AnyInputIsQuantisedLikeAGaussian) {
  Gaussian random(13);
  const double ideal[] = {0, 0.363380, 0.117482, 0.0345478, 0.0095010};
  for (size_t dim : {64, 79, 96, 100, 111, 128, 200, 255, 300, 384, 512, 768, 1000, 1024, 1536,
                     2048, 3000, 4096}) {
    std::vector<std::pair<const char*, std::vector<float>>> inputs;
    inputs.emplace_back("dense", random.Vector(dim));
    std::vector<float> one_hot(dim), last_hot(dim), power_law(dim), head(dim), constant(dim, 1.0f),
        two_hot(dim);
    one_hot[dim / 3] = 1;
    last_hot[dim - 1] = 1;
    two_hot[0] = two_hot[dim / 2] = 1;
    for (size_t i = 0; i < dim; ++i) {
      const double gaussian = random.Next();
      power_law[i] = static_cast<float>(gaussian / std::pow(1.0 + static_cast<double>(i), 1.0));
      if (i < dim / 8) head[i] = static_cast<float>(gaussian);
    }
    inputs.emplace_back("one-hot", one_hot);
    inputs.emplace_back("last-hot", last_hot);
    inputs.emplace_back("two-hot", two_hot);
    inputs.emplace_back("power law", power_law);
    inputs.emplace_back("first eighth", head);
    inputs.emplace_back("constant", constant);
    for (const auto& [name, x] : inputs) {
      for (int bits : {2, 4}) {
        const double ratio = Distortion(x, bits, dim < 1000 ? 400 : 100) / ideal[bits];
        // The worst case is two equal coordinates and nothing else: few different sums come out.
        const double limit = name == std::string("two-hot") ? 1.06 : dim % 16 != 0 ? 1.04 : 1.03;
        EXPECT_LT(ratio, limit) << name << ", dim " << dim << ", bits " << bits;
        EXPECT_GT(ratio, 0.85) << name << ", dim " << dim << ", bits " << bits;
      }
    }
  }
}

}  // namespace rotation_test
}  // namespace tqdb
