// Every kernel level returns the bits of the scalar specification, on every shape.
#include "core/kernels/kernels.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/scan/query.h"
#include "gtest/gtest.h"
#include "tests/support/all_kernels.h"
#include "tests/support/random.h"

namespace tqdb {
namespace kernels_test {

using testing::Gaussian;

const size_t kSizes[] = {1,  2,  7,   8,   9,   15,  16,  17,  31,   32,  33,
                         63, 64, 100, 127, 128, 300, 512, 768, 1000, 1536};

class KernelsTest : public ::testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& kernels() { return *GetParam(); }
  const Kernels& scalar() { return *ScalarKernels(); }
};

INSTANTIATE_TEST_SUITE_P(Levels, KernelsTest, ::testing::ValuesIn(testing::TestableKernels()),
                         [](const auto& info) { return std::string(info.param->name); });

template <typename T>
void ExpectSameBits(const std::vector<T>& got, const std::vector<T>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(std::memcmp(&got[i], &want[i], sizeof(T)), 0)
        << "element " << i << " of " << got.size() << ": " << +got[i] << " and " << +want[i];
  }
}

TEST_P(KernelsTest, HadamardHasTheBitsOfTheSpecification) {
  Gaussian random(1);
  for (size_t n = 2; n <= 16384; n *= 2) {
    std::vector<float> x = random.Vector(n), want = x;
    kernels().hadamard(x.data(), n);
    scalar().hadamard(want.data(), n);
    ExpectSameBits(x, want);
  }
}

TEST_P(KernelsTest, MixRowsHasTheBitsOfTheSpecificationWhichIsDealScaleTransform) {
  Gaussian random(2);
  constexpr size_t kCount = 3;
  for (size_t n = 16; n <= 8192; n *= 2) {
    const size_t in_stride = 2 * n + 5, out_stride = n + 3;
    const std::vector<float> in = random.Vector(kCount * in_stride), factors = random.Vector(n);
    std::vector<uint32_t> source;
    for (size_t i = 0; i < n / 16; ++i)
      source.push_back(static_cast<uint32_t>(random.Below(2 * n / 16)));
    std::vector<float> got(kCount * out_stride, 7.0f), want = got, steps = got;
    kernels().mix_rows(in.data(), in_stride, kCount, source.data(), factors.data(), n, got.data(),
                       out_stride);
    scalar().mix_rows(in.data(), in_stride, kCount, source.data(), factors.data(), n, want.data(),
                      out_stride);
    ExpectSameBits(got, want);
    for (size_t v = 0; v < kCount; ++v) {
      float* out = steps.data() + v * out_stride;
      for (size_t i = 0; i < n; ++i)
        out[i] = in[v * in_stride + 16 * source[i / 16] + i % 16] * factors[i];
      scalar().hadamard(out, n);
    }
    ExpectSameBits(got, steps);
  }
}

TEST_P(KernelsTest, NormAndCenterHaveTheBitsOfTheSpecificationAndTheValueOfDoubles) {
  Gaussian random(3);
  for (size_t n : kSizes) {
    for (float size :
         {1.0f, 1e-30f, 1e-12f, 1e14f}) {  // squares may vanish in float, and come near its end
      std::vector<float> x = random.Vector(n), mu = random.Vector(n);
      for (float& value : x) value *= size;
      for (float& value : mu) value *= size;
      const std::vector<double> got = {kernels().norm_squared(x.data(), n)};
      ExpectSameBits(got, {scalar().norm_squared(x.data(), n)});
      std::vector<float> out(n), want_out(n);
      std::vector<double> sums(2), want_sums(2);
      kernels().center(x.data(), 0.37f, mu.data(), n, out.data(), sums.data());
      scalar().center(x.data(), 0.37f, mu.data(), n, want_out.data(), want_sums.data());
      ExpectSameBits(out, want_out);
      ExpectSameBits(sums, want_sums);
      double norm = 0, square = 0, dot = 0;
      for (size_t i = 0; i < n; ++i) {
        EXPECT_EQ(out[i], x[i] * 0.37f - mu[i]);
        norm += double{x[i]} * x[i];
        square += double{out[i]} * out[i];
        dot += double{out[i]} * mu[i];
      }
      EXPECT_NEAR(got[0], norm, 2e-6 * norm);
      EXPECT_NEAR(sums[0], square, 2e-6 * square);
      EXPECT_NEAR(sums[1], dot, 2e-6 * (square + norm) + 1e-37);
    }
  }
}

TEST_P(KernelsTest, AppendResidualHasTheBitsOfTheSpecification) {
  Gaussian random(10);
  for (size_t n : kSizes) {
    std::vector<float> y = random.Vector(n), c = random.Vector(n);
    for (float zero : {0.0f, -0.0f}) {
      const size_t i = random.Below(n);
      y[i] = zero;
      c[i] = 0.0f;
    }
    std::vector<uint8_t> fields(n);
    for (uint8_t& f : fields) f = static_cast<uint8_t>(random.Below(128));
    std::vector<uint8_t> want_fields = fields;
    std::vector<float> sums(2), want_sums(2);
    kernels().append_residual(y.data(), c.data(), 0.987f, n, fields.data(), sums.data());
    scalar().append_residual(y.data(), c.data(), 0.987f, n, want_fields.data(), want_sums.data());
    ExpectSameBits(fields, want_fields);
    ExpectSameBits(sums, want_sums);
  }
}

// Returns Gaussians, among them zeros of both signs, far values, every boundary and its neighbours.
std::vector<float> HardMagnitudes(const Codebook& book, size_t n, float unit, Gaussian& random) {
  std::vector<float> y = random.Vector(n);
  for (float& value : y) value *= unit;
  for (float hard : {0.0f, -0.0f, 1e6f, -3e38f, 1e-44f}) y[random.Below(n)] = hard;
  for (int b = 0; b + 1 < book.levels; ++b) {
    const float boundary = book.boundaries[static_cast<size_t>(b)] * unit;
    y[random.Below(n)] = boundary;
    y[random.Below(n)] = -std::nextafter(boundary, 0.0f);
    y[random.Below(n)] = std::nextafter(boundary, INFINITY);
  }
  return y;
}

TEST_P(KernelsTest, QuantizeHasTheBitsOfTheSpecification) {
  Gaussian random(4);
  for (int bits : {1, 2, 3, 4, 8}) {
    const Codebook& book = Codebook::Get(bits);
    for (size_t n : kSizes) {
      for (float unit : {1.0f, 0.731f, kMinUnit}) {
        const std::vector<float> y = HardMagnitudes(book, n, unit, random);
        std::vector<float> c(n), want_c(n), sums(3), want_sums(3);
        std::vector<uint8_t> levels(n), want_levels(n), signs((n + 7) / 8, 0xee),
            want_signs((n + 7) / 8, 0x11);
        scalar().quantize(y.data(), n, unit, book, want_signs.data(), want_levels.data(),
                          want_c.data(), want_sums.data());
        kernels().quantize(y.data(), n, unit, book, signs.data(), levels.data(), c.data(),
                           sums.data());
        ExpectSameBits(signs, want_signs);
        ExpectSameBits(levels, want_levels);
        ExpectSameBits(c, want_c);
        ExpectSameBits(sums, want_sums);
        std::fill(sums.begin(), sums.end(), 0.0f);
        kernels().quantize(y.data(), n, unit, book, signs.data(), levels.data(), nullptr,
                           sums.data());
        ExpectSameBits(signs, want_signs);
        ExpectSameBits(levels, want_levels);
        want_sums[2] = 0;  // not asked for
        ExpectSameBits(sums, want_sums);
      }
    }
  }
}

TEST(QuantizeTest, LevelIsTheNumberOfBoundariesReached) {
  Gaussian random(9);
  for (int bits : {1, 2, 3, 4, 8}) {
    for (float unit : {1.0f, 0.0321f, 1e10f}) {
      const Codebook& book = Codebook::Get(bits);
      const size_t n = 5000;
      const std::vector<float> y = HardMagnitudes(book, n, unit, random);
      std::vector<float> c(n), sums(3);
      std::vector<uint8_t> levels(n), signs(n / 8);
      ScalarKernels()->quantize(y.data(), n, unit, book, signs.data(), levels.data(), c.data(),
                                sums.data());
      for (size_t i = 0; i < n; ++i) {
        size_t level = 0;
        while (level + 1 < static_cast<size_t>(book.levels) &&
               book.boundaries[level] * unit <= std::fabs(y[i]))
          ++level;
        ASSERT_EQ(levels[i], level) << y[i] << " at " << bits << " bits";
        ASSERT_EQ(signs[i / 8] >> (i % 8) & 1, !std::signbit(y[i]));
        ASSERT_EQ(c[i], std::copysign(book.centroids[level], y[i]));
      }
    }
  }
}

TEST_P(KernelsTest, FieldsSurvivePackingAndHaveTheBytesOfTheSpecification) {
  Gaussian random(5);
  for (int bits : {1, 2, 3, 4, 8}) {
    for (Residual residual : {Residual::kNone, Residual::kQjl}) {
      for (size_t n : kSizes) {
        const RecordPacking packing(n, bits, residual);
        std::vector<uint8_t> fields(n);
        for (uint8_t& f : fields)
          f = static_cast<uint8_t>(random.Word() & ((1u << packing.field_bits) - 1));
        std::vector<uint8_t> got(packing.bytes), want(packing.bytes), back(n);
        kernels().pack_fields(packing, fields.data(), got.data());
        scalar().pack_fields(packing, fields.data(), want.data());
        ExpectSameBits(got, want);
        kernels().unpack_fields(packing, got.data(), back.data());
        ExpectSameBits(back, fields);
      }
    }
  }
}

// Returns a block's sign plane, made from row-major sign bytes.
std::vector<uint8_t> MakePlane(const std::vector<std::vector<uint8_t>>& rows,
                               const Kernels& kernels) {
  const size_t bytes = rows[0].size(), group = kernels.plane_group, side = kernels.plane_rows;
  std::vector<uint8_t> plane(bytes * kBlockRows);
  for (size_t v = 0; v < rows.size(); ++v) {
    for (size_t b = 0; b < bytes; ++b) {
      plane[v / side * side * bytes + b / group * group * side + v % side * group + b % group] =
          rows[v][b];
    }
  }
  return plane;
}

TEST_P(KernelsTest, ScanSignsIsTheSumOfSignedWeights) {
  Gaussian random(6);
  for (size_t padded_dim : {32, 64, 128, 800, 1536, 4096, 16384}) {
    const size_t bytes = padded_dim / 8;
    std::vector<std::vector<uint8_t>> rows(kBlockRows, std::vector<uint8_t>(bytes));
    for (auto& row : rows) {
      for (uint8_t& b : row) b = static_cast<uint8_t>(random.Word());
    }
    const std::vector<uint8_t> plane = MakePlane(rows, kernels());
    for (size_t num_queries : {1, 2, 3, 5, 8, 16, 23}) {
      std::vector<std::vector<int>> weights(num_queries, std::vector<int>(padded_dim));
      std::vector<std::vector<uint8_t>> tables(num_queries, std::vector<uint8_t>(bytes * 32));
      std::vector<const uint8_t*> pointers;
      for (size_t q = 0; q < num_queries; ++q) {
        // Extreme weights for the first query: every look-up at its largest.
        for (int& w : weights[q]) w = q == 0 ? 31 : static_cast<int>(random.Below(63)) - 31;
        const size_t group = kernels().plane_group;
        for (size_t nibble = 0; nibble < padded_dim / 4; ++nibble) {
          const size_t byte = nibble / 2, half = nibble % 2;
          uint8_t* table =
              tables[q].data() + byte / group * group * 32 + half * group * 16 + byte % group * 16;
          for (size_t entry = 0; entry < 16; ++entry) {
            int sum = 128;
            for (size_t i = 0; i < 4; ++i) {
              const int w = weights[q][nibble * 4 + i];
              sum += entry >> i & 1 ? w : -w;
            }
            table[entry] = static_cast<uint8_t>(sum);
          }
        }
        pointers.push_back(tables[q].data());
      }
      // Asks for all rows, or for some; sums of other rows may be anything.
      uint64_t asked = num_queries % 2 == 0 ? ~uint64_t{0} : 0;
      for (size_t n = num_queries % 2 == 0 ? 0 : 1 + random.Below(4); n > 0; --n)
        asked |= uint64_t{1} << random.Below(64);
      std::vector<int32_t> sums[3];
      for (size_t form = 0; form < 3; ++form) {
        sums[form].assign(num_queries * kBlockRows, 12345);
        kernels().scan_signs_forms[form]({plane.data(), asked}, {plane.data(), random.Word()},
                                         bytes, pointers.data(), num_queries, sums[form].data());
      }
      for (size_t q = 0; q < num_queries; ++q) {
        for (size_t v = 0; v < kBlockRows; ++v) {
          if ((asked >> v & 1) == 0) continue;
          int want = 0;
          for (size_t i = 0; i < padded_dim; ++i) {
            want += rows[v][i / 8] >> (i % 8) & 1 ? weights[q][i] : -weights[q][i];
          }
          for (size_t form = 0; form < 2; ++form) {
            ASSERT_EQ(sums[form][q * kBlockRows + v], want)
                << "form " << form << " query " << q << " vector " << v << " dim " << padded_dim;
          }
        }
      }
    }
  }
}

// The codes of a block as they lie in memory, and the value of each code.
struct RandomCodes {
  RandomCodes(size_t dim, int bits, Residual residual, const Kernels& kernels, Gaussian& random)
      : packing(dim, bits, residual),
        bytes_per_row((dim + 31) / 32 * 4),
        stride(packing.bytes + 5),
        fields(stride * kBlockRows + 64),
        codes(kBlockRows, std::vector<int>(dim)) {
    const Codebook& book = Codebook::Get(bits);
    std::vector<std::vector<uint8_t>> signs(kBlockRows, std::vector<uint8_t>(bytes_per_row));
    for (size_t v = 0; v < kBlockRows; ++v) {
      for (uint8_t& b : signs[v]) b = static_cast<uint8_t>(random.Word());
      std::vector<uint8_t> row(dim);
      for (size_t i = 0; i < dim; ++i) {
        row[i] = static_cast<uint8_t>(random.Word() & ((1u << packing.field_bits) - 1));
        const int magnitude = book.magnitudes[row[i] >> (residual == Residual::kQjl ? 1 : 0)];
        codes[v][i] = signs[v][i / 8] >> (i % 8) & 1 ? magnitude : -magnitude;
      }
      packing.Pack(row.data(), fields.data() + v * stride);
    }
    plane = MakePlane(signs, kernels);
  }
  CodeBlock block() const {
    return {plane.data(), bytes_per_row, fields.data(), stride, plane.data(), fields.data()};
  }

  RecordPacking packing;
  size_t bytes_per_row;
  size_t stride;
  std::vector<uint8_t> plane;
  std::vector<uint8_t> fields;
  std::vector<std::vector<int>> codes;
};

TEST_P(KernelsTest, CodeSumsAreTheDotProductsOfCodesAndWeights) {
  Gaussian random(9);
  struct Shape {
    size_t dim;
    std::vector<size_t> num_queries;
  };
  const std::vector<Shape> shapes = {
      {8, {1, 9}},    {63, {1, 2, 3}}, {64, {1, 2, 3, 4, 5, 7, 8, 15, 16, 23, 64}},
      {65, {17}},     {100, {1, 4}},   {128, {1, 31, 32}},
      {192, {1, 33}}, {1000, {1, 8}},  {1536, {1, 2, 12, 16, 40}},
      {4097, {1}},    {16384, {1, 16}}};
  for (int bits : {1, 2, 3, 4, 8}) {
    for (Residual residual : {Residual::kNone, Residual::kQjl}) {
      if (bits == 1 && residual == Residual::kNone) continue;  // the sign plane holds all of it
      for (const Shape& shape : shapes) {
        const size_t dim = shape.dim, n = (dim + 63) / 64 * 64;
        const RandomCodes codes(dim, bits, residual, kernels(), random);
        for (size_t num_queries : shape.num_queries) {
          // The first queries have extreme weights. The next one picks a single code, to find codes
          // out of place.
          std::vector<std::vector<int8_t>> weights(num_queries, std::vector<int8_t>(n));
          std::vector<const int8_t*> pointers;
          std::vector<int32_t> zeros;
          for (size_t q = 0; q < num_queries; ++q) {
            int32_t zero = 0;
            const size_t only = random.Below(static_cast<uint32_t>(dim));
            for (size_t i = 0; i < dim; ++i) {
              int w = static_cast<int>(random.Below(127)) - 63;
              if (q == 0) w = i % 3 == 0 ? 63 : -63;
              if (q % 3 == 1) w = i == only ? 1 : 0;
              weights[q][i] = static_cast<int8_t>(w);
              zero += kCodeZero * w;
            }
            pointers.push_back(weights[q].data());
            zeros.push_back(zero);
          }
          std::vector<int8_t> packed(num_queries * n);
          kernels().pack_weights(pointers.data(), num_queries, n, packed.data());
          std::vector<uint8_t> tile(kBlockRows * n);
          std::vector<int32_t> sums(num_queries * kBlockRows + 1, 12345);
          kernels().sum_codes(codes.packing, codes.block(), n, Codebook::Get(bits),
                              residual == Residual::kQjl ? 1 : 0,
                              {num_queries, packed.data(), zeros.data()}, tile.data(), sums.data());
          for (size_t q = 0; q < num_queries; ++q) {
            for (size_t r = 0; r < kBlockRows; ++r) {
              int want = 0;
              for (size_t i = 0; i < dim; ++i) want += codes.codes[r][i] * weights[q][i];
              ASSERT_EQ(sums[q * kBlockRows + r], want)
                  << "query " << q << " of " << num_queries << " row " << r << " dim " << dim
                  << " bits " << bits;
            }
          }
          EXPECT_EQ(sums.back(), 12345) << "wrote beyond its sums";
        }
      }
    }
  }
}

TEST(CodebookTest, MagnitudesFitTheProductsOfTheCodeStage) {
  for (int bits : {1, 2, 3, 4, 8}) {
    const Codebook& book = Codebook::Get(bits);
    for (int level = 0; level < book.levels; ++level)
      EXPECT_LE(book.magnitudes[static_cast<size_t>(level)], 63);
  }
}

TEST_P(KernelsTest, SurvivorsHaveTheBitsOfTheSpecification) {
  Gaussian random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<int32_t> sums(kBlockRows);
    for (int32_t& s : sums) s = static_cast<int32_t>(random.Below(20000)) - 10000;
    const std::vector<float> bias = random.Vector(kBlockRows), scale = random.Vector(kBlockRows),
                             error = random.Vector(kBlockRows);
    const float threshold = static_cast<float>(random.Next());
    const uint64_t got = kernels().survivors(sums.data(), bias.data(), scale.data(), error.data(),
                                             1e-4f, 0.5f, threshold);
    EXPECT_EQ(got, scalar().survivors(sums.data(), bias.data(), scale.data(), error.data(), 1e-4f,
                                      0.5f, threshold));
    // A threshold that nothing can miss, and one that nothing can reach.
    EXPECT_EQ(
        kernels().survivors(sums.data(), bias.data(), scale.data(), error.data(), 1, 1, -INFINITY),
        ~uint64_t{0});
    EXPECT_EQ(
        kernels().survivors(sums.data(), bias.data(), scale.data(), error.data(), 1, 1, INFINITY),
        0u);
  }
}

TEST_P(KernelsTest, RefinementHasTheBitsOfTheSpecificationAndTheValueOfDoubles) {
  Gaussian random(8);
  for (int bits : {1, 2, 3, 4, 8}) {
    const Codebook& book = Codebook::Get(bits);
    for (int shift : {0, 1}) {
      for (size_t n : {32, 64, 128, 1536}) {
        const std::vector<float> rotated = random.Vector(n), residual = random.Vector(n);
        std::vector<uint8_t> signs(n / 8), fields(n);
        for (uint8_t& b : signs) b = static_cast<uint8_t>(random.Word());
        for (uint8_t& f : fields) {
          f = static_cast<uint8_t>(random.Below(static_cast<size_t>(book.levels)) << shift |
                                   (random.Word() & shift));
        }
        const auto dots = [&](const Kernels& level) -> std::vector<float> {
          return {level.code_dot(rotated.data(), n, book, shift, signs.data(), fields.data()),
                  level.residual_dot(residual.data(), n, fields.data())};
        };
        const std::vector<float> got = dots(kernels());
        ExpectSameBits(got, dots(scalar()));
        double code = 0, bit = 0;
        for (size_t i = 0; i < n; ++i) {
          const double c = book.centroids[fields[i] >> shift];
          code += rotated[i] * (signs[i / 8] >> (i % 8) & 1 ? c : -c);
          bit += fields[i] & 1 ? residual[i] : -double{residual[i]};
        }
        EXPECT_NEAR(got[0], code, 1e-5 * static_cast<double>(n));
        EXPECT_NEAR(got[1], bit, 1e-5 * static_cast<double>(n));
      }
    }
  }
}

TEST(KernelsDispatchTest, ListsScalarFirstAndFindsLevelsByName) {
  ASSERT_FALSE(AvailableKernels().empty());
  EXPECT_EQ(AvailableKernels().front(), ScalarKernels());
  for (const Kernels* level : AvailableKernels()) EXPECT_EQ(FindKernels(level->name), level);
  EXPECT_EQ(FindKernels("sse9"), nullptr);
}

TEST(KernelsDispatchTest, EveryLevelScansByTheFormThatIsChosenForThisCpu) {
  for (const Kernels* level : testing::TestableKernels()) {
    EXPECT_EQ(level->scan_signs, level->scan_signs_forms[int(BestSignPrefetch())]) << level->name;
    for (SignPrefetch form : {SignPrefetch::kOff, SignPrefetch::kSeveral, SignPrefetch::kOn}) {
      EXPECT_EQ(WithSignPrefetch(*level, form).scan_signs, level->scan_signs_forms[int(form)]);
    }
  }
}

}  // namespace kernels_test
}  // namespace tqdb
