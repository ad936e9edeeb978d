// Seeded random inputs for tests. They are the same on every machine.
#ifndef TQDB_TESTS_SUPPORT_RANDOM_H_
#define TQDB_TESTS_SUPPORT_RANDOM_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/codec/prng.h"

namespace tqdb::testing {

// Standard Gaussians by Box-Muller over RandomWord: std::normal_distribution differs between
// libraries.
class Gaussian {
 public:
  explicit Gaussian(uint64_t seed) : seed_(seed) {}

  uint64_t Word() { return RandomWord(seed_, counter_++); }
  // Uniform in (0, 1].
  double Uniform() { return (static_cast<double>(Word() >> 11) + 1) * 0x1p-53; }
  size_t Below(size_t n) { return static_cast<size_t>(Word() % n); }
  double Next() {
    const double radius = std::sqrt(-2 * std::log(Uniform()));
    return radius * std::cos(2 * M_PI * Uniform());
  }
  std::vector<float> Vector(size_t n) {
    std::vector<float> x(n);
    for (float& v : x) v = static_cast<float>(Next());
    return x;
  }
  std::vector<float> UnitVector(size_t n) {
    std::vector<float> x = Vector(n);
    double squared = 0;
    for (float v : x) squared += double{v} * v;
    for (float& v : x) v = static_cast<float>(v / std::sqrt(squared));
    return x;
  }

 private:
  uint64_t seed_;
  uint64_t counter_ = 0;
};

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_RANDOM_H_
