// The scoring of postings. The score of a row is the sum of weight * impact over the terms that it
// shares with the query. The weight belongs to the term in the query, the impact to the posting.
//
// A scoring is a template parameter of the index, so that the inner loops contain its arithmetic
// and call nothing. It has these members:
//
// clang-format off
//   Value                     what a posting stores: a number of the vector, or a count of a word
//   kNeedsLength              whether impacts depend on the length of the row's text
//   Impact<Float>(v, length)  the impact, computed in float or in double
//   WithAverageLength(a)      the same scoring under another average length of texts
//   BoundNow(bound, a)        an upper bound of impacts now, from one that held under the average a
// clang-format on
#ifndef TQDB_STORAGE_SPARSE_SCORING_H_
#define TQDB_STORAGE_SPARSE_SCORING_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tqdb::storage {

// Returns the inverse document frequency of a term that `frequency` of `rows` rows have. A rare
// term weighs much, a term of all rows next to nothing. The 1 inside the logarithm keeps it
// positive.
inline double InverseDocumentFrequency(uint64_t rows, uint64_t frequency) {
  const double n = static_cast<double>(rows), df = static_cast<double>(frequency);
  return std::log(1 + (n - df + 0.5) / (df + 0.5));
}

// Sparse vectors: the dot product. The impact is the value itself.
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

// BM25 (Robertson, Zaragoza 2009, 3.1). The impact is tf (k1 + 1) / (tf + K) with K = k1 (1 - b + b
// length / average). Here tf is how often the row has the term. It grows with tf, but less and
// less, up to k1 + 1. A long text needs more repetitions for the same impact.
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
  // Returns an upper bound of impacts under this average, from `bound`, which holds under another
  // one. It is needed because the average moves with every row, and computing all bounds again
  // would take a pass over all postings. Proof, with r = other average / this average:
  // 1. The average fell or stayed (r >= 1): K did not fall, so no impact rose.
  // 2. The average rose (r < 1): the new K is at least r K. Then tf / (tf + r K) <= tf / (r tf + r
  //    K). So an impact grew by a factor of at most 1 / r.
  // No impact reaches k1 + 1 in any case. That is the bound without an average: rows that no longer
  // count may be the only ones that have words.
  float BoundNow(float bound, double other_average) const {
    if (average_length_ <= 0) return static_cast<float>(k1_ + 1);
    const double growth = other_average > 0 ? std::max(1.0, average_length_ / other_average) : 1.0;
    return static_cast<float>(std::min(bound * growth, k1_ + 1));
  }

 private:
  double k1_, b_;
  double average_length_ = 0;    // in words
  double base_ = 0, slope_ = 0;  // K = base_ + slope_ * length
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SCORING_H_
