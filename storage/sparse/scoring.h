// How the value of a posting becomes its part of a score: the query term's weight times an impact.
#ifndef TQDB_STORAGE_SPARSE_SCORING_H_
#define TQDB_STORAGE_SPARSE_SCORING_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tqdb::storage {

// Inverse document frequency of a term that `frequency` of `rows` rows have.
inline double InverseDocumentFrequency(uint64_t rows, uint64_t frequency) {
  const double n = static_cast<double>(rows), df = static_cast<double>(frequency);
  return std::log(1 + (n - df + 0.5) / (df + 0.5));
}

// Sparse vectors: the dot product.
class DotScoring {
 public:
  using Value = float;
  static constexpr bool kNeedsLength = false;

  DotScoring WithAverageLength(double) const { return *this; }
  double average_length() const { return 0; }
  template <typename Float>
  Float Impact(Value value, uint32_t) const {
    return static_cast<Float>(value);
  }
  float BoundNow(float bound, double) const { return bound; }
};

// BM25 (Robertson, Zaragoza 2009, 3.1): tf (k1 + 1) / (tf + k1 (1 - b + b length / average)).
class Bm25Scoring {
 public:
  using Value = uint16_t;  // tf, the number of times that a row has the term, at most 65,535
  static constexpr bool kNeedsLength = true;

  Bm25Scoring(double k1, double b) : k1_(k1), b_(b) {}

  Bm25Scoring WithAverageLength(double average) const {
    Bm25Scoring scoring(k1_, b_);
    scoring.average_length_ = average;
    scoring.base_ = k1_ * (1 - b_);
    scoring.slope_ = average > 0 ? k1_ * b_ / average : 0;
    return scoring;
  }
  double average_length() const { return average_length_; }
  template <typename Float>
  Float Impact(Value tf, uint32_t length) const {
    const Float count = static_cast<Float>(tf);
    const Float norm =
        static_cast<Float>(base_) + static_cast<Float>(slope_) * static_cast<Float>(length);
    return count * static_cast<Float>(k1_ + 1) / (count + norm);
  }
  // An upper bound of impacts under this average, from `bound`, which holds under another. Let
  // K = k1 (1 - b + b length / average), and r = other / this average. Where the average fell, K
  // rose and the impact with it fell. Where it rose, r < 1 and the new K is at least r K, so that
  // tf / (tf + r K) <= tf / (r tf + r K): the impact grew by 1 / r at most. None reaches k1 + 1.
  float BoundNow(float bound, double other_average) const {
    const double growth = other_average > 0 ? std::max(1.0, average_length_ / other_average) : 1.0;
    return static_cast<float>(std::min(bound * growth, k1_ + 1));
  }

 private:
  double k1_, b_;
  double average_length_ = 0;
  double base_ = 0, slope_ = 0;  // of K by length
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SCORING_H_
