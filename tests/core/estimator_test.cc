// Statistics of the estimators against theory (docs/quantization.md) and against oracles in double.
#include <cmath>
#include <vector>

#include "core/codec/codebook.h"
#include "core/codec/codec.h"
#include "core/scan/query.h"
#include "gtest/gtest.h"
#include "tests/support/embeddings.h"
#include "tests/support/random.h"

namespace tqdb {
namespace estimator_test {

using testing::Gaussian;

std::unique_ptr<Codec> MakeCodec(size_t dim, int bits, Residual residual, uint64_t seed) {
  CodecOptions options;
  options.dim = dim;
  options.metric = Metric::kDot;
  options.code_bits = bits;
  options.residual = residual;
  options.seed = seed;
  return std::move(Codec::Create(options)).value();
}

double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

float Estimate(const Codec& codec, absl::Span<const float> q, absl::Span<const float> x,
               const Mean* mean = nullptr) {
  std::vector<uint8_t> code(codec.code_bytes());
  codec.Encode({x.data(), 1, x.size()}, mean, code.data());
  return CenteredQuery::Of(codec, q, mean).Score(codec, code.data());
}

// The mean over seeds of (estimate - true value), in units of its standard error.
struct Bias {
  double z;           // of all pairs together
  double worst_pair;  // largest |z| of one pair
};

Bias MeasureBias(MatrixView queries, MatrixView rows, int bits, Residual residual, bool centered) {
  constexpr int kSeeds = 200;
  const size_t dim = rows.dim();
  std::vector<float> mu(dim);
  for (size_t r = 0; r < rows.rows(); ++r) {
    for (size_t i = 0; i < dim; ++i) mu[i] += rows.row(r)[i] / static_cast<float>(rows.rows());
  }
  std::vector<double> sum(rows.rows()), square(rows.rows());
  double pooled = 0, pooled_square = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const auto codec = MakeCodec(dim, bits, residual, static_cast<uint64_t>(seed) * 1000003 + 17);
    const auto mean = centered ? codec->MakeMean(1, mu) : nullptr;
    double total = 0;
    for (size_t r = 0; r < rows.rows(); ++r) {
      const double error = Estimate(*codec, queries.row(r), rows.row(r), mean.get()) -
                           Dot(queries.row(r), rows.row(r));
      sum[r] += error;
      square[r] += error * error;
      total += error;
    }
    pooled += total;
    pooled_square += total * total;
  }
  const auto z = [](double s, double s2) {
    const double mean = s / kSeeds;
    return mean / std::sqrt((s2 / kSeeds - mean * mean) / (kSeeds - 1));
  };
  Bias bias = {z(pooled, pooled_square), 0};
  for (size_t r = 0; r < rows.rows(); ++r)
    bias.worst_pair = std::max(bias.worst_pair, std::fabs(z(sum[r], square[r])));
  return bias;
}

TEST(EstimatorTest, IsUnbiasedOnRealPairsAtEveryWidthWithAndWithoutResidual) {
  const testing::Embeddings base = testing::SampleBase(), queries = testing::SampleQueries();
  // Each query with its nearest row and with an arbitrary one: near and far pairs.
  constexpr size_t kQueries = 12;
  std::vector<float> qs, xs;
  for (size_t q = 0; q < kQueries; ++q) {
    const auto query = queries.view().row(q);
    size_t best = 0;
    for (size_t r = 1; r < base.rows; ++r) {
      if (Dot(query, base.view().row(r)) > Dot(query, base.view().row(best))) best = r;
    }
    for (size_t r : {best, q * 97}) {
      qs.insert(qs.end(), query.begin(), query.end());
      xs.insert(xs.end(), base.view().row(r).begin(), base.view().row(r).end());
    }
  }
  const MatrixView pairs_q(qs.data(), 2 * kQueries, base.dim),
      pairs_x(xs.data(), 2 * kQueries, base.dim);
  for (int bits : {1, 2, 3, 4}) {
    for (Residual residual : {Residual::kNone, Residual::kQjl}) {
      for (bool centered : {false, true}) {
        const Bias bias = MeasureBias(pairs_q, pairs_x, bits, residual, centered);
        EXPECT_LT(std::fabs(bias.z), 3)
            << bits << " bits, " << ResidualName(residual) << ", centred " << centered;
        // 24 pairs x 16 settings: the largest of 384 standard normals is below 4.2 with 99 %
        // chance.
        EXPECT_LT(bias.worst_pair, 4.2)
            << bits << " bits, " << ResidualName(residual) << ", centred " << centered;
      }
    }
  }
}

// Returns var * dim of the estimate, over random unit pairs and seeds.
double VarianceTimesDim(size_t dim, int bits, Residual residual) {
  double sum = 0;
  int count = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto codec = MakeCodec(dim, bits, residual, seed);
    Gaussian random(seed + 1000);
    for (int pair = 0; pair < 60; ++pair) {
      const std::vector<float> q = random.UnitVector(dim), x = random.UnitVector(dim);
      const double error = Estimate(*codec, q, x) - Dot(q, x);
      sum += error * error;
      ++count;
    }
  }
  return sum / count * static_cast<double>(dim);
}

TEST(EstimatorTest, VarianceOnRandomPairsIsTheTheorys) {
  for (size_t dim : {100, 512, 1536}) {
    EXPECT_LE(VarianceTimesDim(dim, 4, Residual::kNone), 0.0100) << dim;
    EXPECT_LE(VarianceTimesDim(dim, 4, Residual::kQjl), 0.0037) << dim;
  }
  // E tan^2 theta = D / (1 - D), where theta is the angle between a vector and its code and D is
  // the distortion of the codebook (Codebook::distortion).
  const double tangent[] = {0, 0.5708, 0.13312, 0.035784};
  for (int bits : {1, 2, 3}) {
    EXPECT_NEAR(VarianceTimesDim(768, bits, Residual::kNone) / tangent[bits], 1, 0.1) << bits;
    // The residual bit cuts the error energy to 0.3634 of the code's.
    EXPECT_LT(VarianceTimesDim(768, bits, Residual::kQjl), 0.45 * tangent[bits]) << bits;
  }
}

// A small vector is coded in 8 dimensions, so its scores err as those at dim 8 do. Of one
// coordinate no direction can be lost. Codes of few bits are somewhat worse where there are few
// coordinates to mix.
TEST(EstimatorTest, ErrorBelowDim8IsThatOfDim8) {
  for (int bits : {1, 2, 4, 8}) {
    for (Residual residual : {Residual::kNone, Residual::kQjl}) {
      const double at_8 = VarianceTimesDim(8, bits, residual) / 8;
      for (size_t dim = 1; dim < 8; ++dim) {
        const double error = VarianceTimesDim(dim, bits, residual) / static_cast<double>(dim);
        const double most = dim == 1 ? 1e-13 : at_8 * (bits <= 2 ? 1.75 : 1.3);
        EXPECT_LE(error, most) << bits << " bits, dim " << dim;
      }
    }
  }
}

// D_mse of the encoder and decoder together (arXiv 2504.19874, Theorem 1). codebook_test derives
// the exact values.
TEST(EstimatorTest, DistortionIsTheTables) {
  const double table[] = {0, 0.36338, 0.11748, 0.03455, 0.00950};
  const size_t dim = 1536;
  for (int bits : {1, 2, 3, 4}) {
    for (Residual residual : {Residual::kNone, Residual::kQjl}) {
      double error = 0;
      Gaussian random(31);
      const auto codec = MakeCodec(dim, bits, residual, 5);
      std::vector<uint8_t> code(codec->code_bytes());
      std::vector<float> back(dim);
      constexpr int kRows = 100;
      for (int r = 0; r < kRows; ++r) {
        const std::vector<float> x = random.UnitVector(dim);
        codec->Encode({x.data(), 1, dim}, nullptr, code.data());
        ASSERT_TRUE(codec->Decode(code, nullptr, absl::MakeSpan(back)).ok());
        for (size_t i = 0; i < dim; ++i)
          error += (double{back[i]} - x[i]) * (double{back[i]} - x[i]);
      }
      const double ratio = error / kRows / table[bits];
      if (residual == Residual::kNone) {
        EXPECT_NEAR(ratio, 1, 0.02) << bits;
      } else {
        EXPECT_NEAR(ratio, 0.3634, 0.02) << bits;
      }
    }
  }
}

// The paper's own estimator, in double and with a dense Gaussian S (arXiv 2504.19874, Alg. 2). It
// is an oracle and not part of the product. Its variance times dim is (pi/2) D_{b-1}.
TEST(EstimatorTest, PublishedProductEstimatorHasThePapersDistortion) {
  const double table[] = {0, 1.5708, 0.5708, 0.1845, 0.0543};
  const size_t dim = 256;
  constexpr int kMatrices = 60, kPairs = 250;
  double error[5] = {};
  for (int m = 0; m < kMatrices; ++m) {
    Gaussian random(400 + static_cast<uint64_t>(m));
    const std::vector<float> s = random.Vector(dim * dim);
    for (int p = 0; p < kPairs; ++p) {
      // Random unit vectors are already rotated.
      const std::vector<float> x = random.UnitVector(dim), y = random.UnitVector(dim);
      std::vector<float> sy(dim);
      for (size_t i = 0; i < dim; ++i) {
        float sum = 0;
        for (size_t j = 0; j < dim; ++j) sum += s[i * dim + j] * y[j];
        sy[i] = sum;
      }
      for (int bits = 1; bits <= 4; ++bits) {
        std::vector<float> r(x.begin(), x.end());
        double coded = 0;
        if (bits > 1) {
          const Codebook& book = Codebook::Get(bits - 1);
          const float root = std::sqrt(static_cast<float>(dim));
          for (size_t i = 0; i < dim; ++i) {
            int level = 0;
            while (level + 1 < book.levels && book.boundaries[level] <= std::fabs(x[i]) * root)
              ++level;
            const float c = std::copysign(book.centroids[level], x[i]) / root;
            r[i] = x[i] - c;
            coded += double{c} * y[i];
          }
        }
        const double gamma = std::sqrt(Dot(r, r));
        double qjl = 0;
        for (size_t i = 0; i < dim; ++i) {
          float sum = 0;
          for (size_t j = 0; j < dim; ++j) sum += s[i * dim + j] * r[j];
          qjl += sum >= 0 ? sy[i] : -sy[i];
        }
        const double estimate =
            coded + std::sqrt(M_PI / 2) / static_cast<double>(dim) * gamma * qjl;
        const double e = estimate - Dot(x, y);
        error[bits] += e * e;
      }
    }
  }
  for (int bits = 1; bits <= 4; ++bits) {
    const double got = error[bits] / (kMatrices * kPairs) * static_cast<double>(dim);
    EXPECT_NEAR(got / table[bits], 1, 0.02) << bits;
  }
}

}  // namespace estimator_test
}  // namespace tqdb
