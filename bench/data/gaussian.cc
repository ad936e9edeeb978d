#include "bench/data/gaussian.h"

#include <cmath>
#include <vector>

#include "core/codec/prng.h"

namespace tqdb::bench {
namespace {

constexpr size_t kQuantiles = 1 << 16;

// Returns the quantiles of N(0,1), that is the inverse of its distribution function. Newton's
// method starts from the previous quantile, from the tail inwards, where it converges in a few
// steps.
std::vector<float> MakeQuantiles() {
  std::vector<double> quantiles(kQuantiles);
  double x = -4.4;
  double energy = 0;
  for (size_t i = 0; i < kQuantiles / 2; ++i) {
    const double p = (static_cast<double>(i) + 0.5) / kQuantiles;
    for (int step = 0; step < 20; ++step) {
      const double distribution = 0.5 * std::erfc(-x / std::sqrt(2.0));
      const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
      const double change = (distribution - p) / density;
      x -= change;
      if (std::fabs(change) < 1e-12) break;
    }
    quantiles[i] = x;
    quantiles[kQuantiles - 1 - i] = -x;
    energy += 2 * x * x;
  }
  const double scale = std::sqrt(kQuantiles / energy);
  std::vector<float> table(kQuantiles);
  for (size_t i = 0; i < kQuantiles; ++i) table[i] = static_cast<float>(quantiles[i] * scale);
  return table;
}

const float* Quantiles() {
  static const std::vector<float>& table = *new std::vector<float>(MakeQuantiles());
  return table.data();
}

// Calls fn(i, number i) for i < n. A random word of 64 bits makes four numbers of 16 bits.
template <typename Fn>
void ForEachGaussian(uint64_t key, size_t n, const Fn& fn) {
  const float* quantiles = Quantiles();
  for (size_t i = 0; i < n; i += 4) {
    uint64_t word = RandomWord(key, i / 4);
    for (size_t j = i; j < i + 4 && j < n; ++j, word >>= 16) fn(j, quantiles[word & 0xffff]);
  }
}

}  // namespace

void FillGaussian(uint64_t key, float* out, size_t n) {
  ForEachGaussian(key, n, [out](size_t i, float g) { out[i] = g; });
}

void AddGaussian(uint64_t key, float scale, float* out, size_t n) {
  ForEachGaussian(key, n, [out, scale](size_t i, float g) { out[i] += scale * g; });
}

void Normalize(float* x, size_t n) {
  double squared = 0;
  for (size_t i = 0; i < n; ++i) squared += double{x[i]} * x[i];
  const float scale = static_cast<float>(1 / std::sqrt(squared));
  for (size_t i = 0; i < n; ++i) x[i] *= scale;
}

void FillUnitVector(uint64_t key, float* out, size_t n) {
  FillGaussian(key, out, n);
  Normalize(out, n);
}

}  // namespace tqdb::bench
