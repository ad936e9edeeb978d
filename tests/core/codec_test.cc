#include "core/codec/codec.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <thread>

#include "core/scan/query.h"
#include "core/space/vector_space.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/all_kernels.h"
#include "tests/support/random.h"
#include "tests/support/source_path.h"

namespace tqdb {
namespace codec_test {

using testing::Gaussian;
using ::testing::HasSubstr;

constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kDot, Metric::kL2};
constexpr Residual kResiduals[] = {Residual::kNone, Residual::kQjl};
constexpr int kBits[] = {1, 2, 3, 4, 8};

std::unique_ptr<Codec> MakeCodec(size_t dim, Metric metric, int bits, Residual residual,
                                 const Kernels* kernels = nullptr, uint64_t seed = 7) {
  CodecOptions options;
  options.dim = dim;
  options.metric = metric;
  options.code_bits = bits;
  options.residual = residual;
  options.seed = seed;
  auto codec = Codec::Create(options, kernels);
  EXPECT_TRUE(codec.ok()) << codec.status();
  return std::move(codec).value();
}

std::vector<uint8_t> Encode(const Codec& codec, const std::vector<float>& rows,
                            const Mean* mean = nullptr) {
  const size_t n = rows.size() / codec.dim();
  std::vector<uint8_t> codes(n * codec.code_bytes());
  codec.Encode({rows.data(), n, codec.dim()}, mean, codes.data());
  return codes;
}

TEST(CodecTest, RefusesOptionsOutOfRange) {
  const auto status = [](size_t dim, int bits) {
    CodecOptions options;
    options.dim = dim;
    options.code_bits = bits;
    return Codec::Create(options).status();
  };
  EXPECT_THAT(status(0, 4).message(), HasSubstr("dim is 0; need 1 to 16384"));
  EXPECT_THAT(status(16385, 4).message(), HasSubstr("dim is 16385"));
  for (int bits : {-1, 0, 5, 6, 7, 9})
    EXPECT_EQ(status(64, bits).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(status(1, 1).ok());
  EXPECT_TRUE(status(16384, 8).ok());
}

TEST(CodecTest, ValidateNamesTheRowAndTheCoordinate) {
  const auto cosine = MakeCodec(16, Metric::kCosine, 4, Residual::kQjl);
  const auto l2 = MakeCodec(16, Metric::kL2, 4, Residual::kQjl);
  std::vector<float> rows(3 * 16, 1.0f);
  const auto validate = [&](const Codec& codec) { return codec.Validate({rows.data(), 3, 16}); };
  EXPECT_TRUE(validate(*cosine).ok());
  EXPECT_EQ(cosine->Validate({rows.data(), 2, 24}).code(), absl::StatusCode::kInvalidArgument);
  for (float bad : {NAN, INFINITY, -INFINITY, 2e15f, -2e15f}) {
    rows[2 * 16 + 5] = bad;
    EXPECT_EQ(validate(*cosine).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(validate(*l2).message(), HasSubstr("vector 2"));
    EXPECT_THAT(validate(*l2).message(), HasSubstr("coordinate 5"));
  }
  std::fill(rows.begin() + 16, rows.end(), 0.0f);
  EXPECT_THAT(validate(*cosine).message(), HasSubstr("vector 1 has norm 0"));
  EXPECT_TRUE(validate(*l2).ok());
}

// The estimate of <x, x> from x's own code is |x|^2. Both scales enter, so this tests them
// strongly.
TEST(CodecTest, SelfScoreIsExactAtEveryWidthMetricAndDim) {
  Gaussian random(21);
  for (size_t dim : {1, 2, 3, 7, 8, 9, 31, 64, 100, 768, 1000, 1536}) {
    for (Metric metric : kMetrics) {
      for (int bits : kBits) {
        for (Residual residual : kResiduals) {
          const auto codec = MakeCodec(dim, metric, bits, residual);
          std::vector<float> x =
              metric == Metric::kCosine ? random.UnitVector(dim) : random.Vector(dim);
          const auto mean = codec->MakeMean(1, random.UnitVector(dim));
          for (const Mean* m : {static_cast<const Mean*>(nullptr), mean.get()}) {
            const std::vector<uint8_t> code = Encode(*codec, x, m);
            const float score = CenteredQuery::Of(*codec, x, m).Score(*codec, code.data());
            double squared = 0;
            for (float v : x) squared += double{v} * v;
            const double want = metric == Metric::kL2 ? 0 : squared;
            EXPECT_NEAR(score, want, 2e-5 * (squared + 1))
                << dim << " " << MetricName(metric) << " " << bits;
          }
        }
      }
    }
  }
}

// The codes of small vectors are those of dim 8, which the golden file holds.
TEST(CodecTest, VectorsBelowDim8HaveTheCodesOfVectorsThatEndInZeros) {
  Gaussian random(25);
  for (size_t dim = 1; dim < 8; ++dim) {
    for (Metric metric : kMetrics) {
      for (int bits : kBits) {
        for (Residual residual : kResiduals) {
          constexpr size_t kRows = 40;  // more than a group of the encoder
          const std::vector<float> rows = random.Vector(kRows * dim), mu = random.Vector(dim);
          std::vector<float> wide_rows(kRows * 8), wide_mu(8);
          for (size_t r = 0; r < kRows; ++r)
            std::copy_n(rows.data() + r * dim, dim, wide_rows.data() + r * 8);
          std::copy(mu.begin(), mu.end(), wide_mu.begin());
          const auto codec = MakeCodec(dim, metric, bits, residual);
          const auto wide = MakeCodec(8, metric, bits, residual);
          const auto mean = codec->MakeMean(2, mu), wide_mean = wide->MakeMean(2, wide_mu);
          ASSERT_EQ(codec->code_bytes(), wide->code_bytes());
          EXPECT_EQ(Encode(*codec, rows), Encode(*wide, wide_rows));
          const std::vector<uint8_t> codes = Encode(*codec, rows, mean.get());
          ASSERT_EQ(codes, Encode(*wide, wide_rows, wide_mean.get())) << dim;
          for (size_t r = 0; r < kRows; ++r) {
            const absl::Span<const uint8_t> code(codes.data() + r * codec->code_bytes(),
                                                 codec->code_bytes());
            std::vector<float> back(dim), wide_back(8);
            ASSERT_TRUE(codec->Decode(code, mean.get(), absl::MakeSpan(back)).ok());
            ASSERT_TRUE(wide->Decode(code, wide_mean.get(), absl::MakeSpan(wide_back)).ok());
            EXPECT_TRUE(std::equal(back.begin(), back.end(), wide_back.begin()));
          }
        }
      }
    }
  }
}

TEST(CodecTest, BytesAreTheSameOnEveryKernelLevelAndThread) {
  Gaussian random(22);
  for (size_t dim : {1, 5, 8, 33, 100, 512, 1000, 1536}) {
    const std::vector<float> rows = random.Vector(32 * dim);
    for (int bits : kBits) {
      for (Residual residual : kResiduals) {
        const auto reference = MakeCodec(dim, Metric::kCosine, bits, residual, ScalarKernels());
        const auto mean = reference->MakeMean(3, random.UnitVector(dim));
        const std::vector<uint8_t> want = Encode(*reference, rows, mean.get());
        for (const Kernels* level : testing::TestableKernels()) {
          const auto codec = MakeCodec(dim, Metric::kCosine, bits, residual, level);
          std::vector<std::vector<uint8_t>> got(4);
          std::vector<std::thread> threads;
          for (auto& codes : got)
            threads.emplace_back([&] { codes = Encode(*codec, rows, mean.get()); });
          for (std::thread& thread : threads) thread.join();
          for (const auto& codes : got)
            ASSERT_EQ(codes, want) << level->name << " dim " << dim << " bits " << bits;
        }
      }
    }
  }
}

TEST(CodecTest, RowsAreEncodedIndependentlyOfTheirBatch) {
  Gaussian random(23);
  const auto codec = MakeCodec(100, Metric::kL2, 3, Residual::kQjl);
  const std::vector<float> rows = random.Vector(5 * 100);
  const std::vector<uint8_t> batch = Encode(*codec, rows);
  for (size_t r = 0; r < 5; ++r) {
    const std::vector<uint8_t> alone =
        Encode(*codec, {rows.begin() + r * 100, rows.begin() + (r + 1) * 100});
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), batch.begin() + r * codec->code_bytes()));
  }
}

TEST(CodecTest, DecodeIsNearAndHasTheOriginalLength) {
  Gaussian random(24);
  const double ideal[] = {0, 0.3634, 0.1175, 0.0346, 0.0095, 0, 0, 0, 0.0000412};
  for (size_t dim : {100, 768, 1536}) {
    for (int bits : kBits) {
      for (Metric metric : kMetrics) {
        const auto codec = MakeCodec(dim, metric, bits, Residual::kNone);
        const std::vector<float> x = random.Vector(dim);
        std::vector<float> back(dim);
        const std::vector<uint8_t> code = Encode(*codec, x);
        ASSERT_TRUE(codec->Decode(code, nullptr, absl::MakeSpan(back)).ok());
        double error = 0, squared = 0;
        for (size_t i = 0; i < dim; ++i) {
          error += (double{back[i]} - x[i]) * (double{back[i]} - x[i]);
          squared += double{x[i]} * x[i];
        }
        EXPECT_NEAR(error / squared / ideal[bits], 1, 0.35) << dim << " " << bits;
      }
    }
  }
}

TEST(CodecTest, DecodeRefusesWhatCannotBe) {
  const auto codec = MakeCodec(64, Metric::kDot, 4, Residual::kQjl);
  const std::vector<float> x(64, 0.5f);
  std::vector<uint8_t> code = Encode(*codec, x);
  std::vector<float> out(64);
  EXPECT_EQ(codec->Decode(absl::MakeSpan(code).subspan(1), nullptr, absl::MakeSpan(out)).code(),
            absl::StatusCode::kDataLoss);
  const auto mean = codec->MakeMean(1, x);
  EXPECT_EQ(codec->Decode(code, mean.get(), absl::MakeSpan(out)).code(),
            absl::StatusCode::kFailedPrecondition);
  const float nan = NAN;
  std::memcpy(code.data() + 16, &nan, 4);
  EXPECT_EQ(codec->Decode(code, nullptr, absl::MakeSpan(out)).code(), absl::StatusCode::kDataLoss);
}

TEST(CodecTest, DegenerateVectorsStayBounded) {
  for (int bits : kBits) {
    for (Residual residual : kResiduals) {
      const auto codec = MakeCodec(100, Metric::kDot, bits, residual);
      Gaussian random(25);
      const std::vector<float> q = random.UnitVector(100);
      const auto mean = codec->MakeMean(1, q);
      std::vector<std::vector<float>> inputs = {
          std::vector<float>(100, 0.0f),   std::vector<float>(100, 1.0f),
          std::vector<float>(100, 1e-30f), std::vector<float>(100, 1e14f),
          q /* the mean itself */,         std::vector<float>(100, 1e-44f)};
      for (const auto& x : inputs) {
        for (const Mean* m : {static_cast<const Mean*>(nullptr), mean.get()}) {
          const std::vector<uint8_t> code = Encode(*codec, x, m);
          const float score = CenteredQuery::Of(*codec, q, m).Score(*codec, code.data());
          double norm = 0;
          for (float v : x) norm += double{v} * v;
          EXPECT_LE(std::fabs(score), 2 * std::sqrt(norm) + 2) << bits;
          std::vector<float> back(100);
          ASSERT_TRUE(codec->Decode(code, m, absl::MakeSpan(back)).ok());
          for (float v : back) EXPECT_TRUE(std::isfinite(v));
        }
      }
    }
  }
}

// FNV-1a of the code records of fixed rows. The bytes are a contract: a difference here calls for a
// new format version, not for a new golden value.
TEST(CodecTest, BytesAreThoseOfFormatVersion1) {
  const std::string path = SourcePath("tests/golden/codes_v1.txt");
  std::map<std::string, std::string> golden;
  std::ifstream in(path);
  for (std::string name, hash; in >> name >> hash;) golden[name] = hash;
  std::map<std::string, std::string> got;
  for (size_t dim : {8, 65, 100, 512, 1000, 1536}) {
    Gaussian random(dim);
    const std::vector<float> rows = random.Vector(16 * dim);
    const std::vector<float> mu = random.UnitVector(dim);
    for (int bits : kBits) {
      for (Residual residual : kResiduals) {
        for (Metric metric : kMetrics) {
          const auto codec = MakeCodec(dim, metric, bits, residual);
          uint64_t hash = 0xcbf29ce484222325;
          for (const auto& mean : {std::shared_ptr<const Mean>(), codec->MakeMean(1, mu)}) {
            for (uint8_t byte : Encode(*codec, rows, mean.get()))
              hash = (hash ^ byte) * 0x100000001b3;
          }
          char text[17];
          std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
          got[std::string(MetricName(metric)) + "-" + std::string(ResidualName(residual)) + "-" +
              std::to_string(bits) + "-" + std::to_string(dim)] = text;
        }
      }
    }
  }
  if (std::getenv("TQDB_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(path);
    for (const auto& [name, hash] : got) out << name << " " << hash << "\n";
  }
  EXPECT_EQ(got, golden);
}

}  // namespace codec_test
}  // namespace tqdb
