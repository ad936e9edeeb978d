// The guarded mean of a vector space (FACTS-codec 8.2).
//
// Text embeddings share a mean direction; subtracting it from rows and queries and restoring the
// score with one exact number per row takes that direction out of the quantisation error. A mean
// that does not represent the rows does harm, so a version is adopted only while it helps, and
// never trained.
#ifndef TQDB_CORE_CODEC_CENTERING_H_
#define TQDB_CORE_CODEC_CENTERING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "base/matrix_view.h"

namespace tqdb {

// One version of a space's mean, immutable. Version 0 never exists as an object: it is "no mean".
struct Mean {
  uint32_t version;
  std::vector<float> mu;       // dim floats
  std::vector<float> rotated;  // H mu, padded_dim floats
  float norm_squared;          // |mu|^2
};

// Watches the rows of a space as they arrive and proposes means.
// Not thread-safe: the owner serialises its calls.
class CenteringGuard {
 public:
  // What becomes of the rows that were encoded under an older mean.
  enum class OldRows {
    kStay,       // they keep their version, so a mean need suit only the rows to come
    kReencoded,  // they follow, so a mean must suit all rows
  };

  // `normalize`: rows count with norm 1 (COSINE).
  CenteringGuard(size_t dim, bool normalize, OldRows old_rows = OldRows::kStay);

  // Takes note of rows (n, dim) that are about to be encoded. True when `proposal()` should be
  // adopted as the next version (an empty proposal means: stop subtracting).
  bool Observe(MatrixView rows);
  absl::Span<const float> proposal() const { return proposal_; }
  // The owner adopted the proposal, or restored a stored version at start-up (empty: none).
  void Adopted(absl::Span<const float> mu);
  // At start-up: `rows` rows are stored that were encoded under `mu` (empty: none) and whose
  // squared norms add up to `energy`. Their own mean is taken to be `mu`, near which it was.
  void Restore(absl::Span<const float> mu, uint64_t rows, double energy);

 private:
  // Sums over some rows: enough for the mean squared distance to any point.
  struct Sums {
    explicit Sums(size_t dim) : sum(dim) {}
    void Add(const Sums& other);
    void Clear();
    double EnergyAround(absl::Span<const float> mu) const;  // mean of |x - mu|^2; empty mu is zero
    std::vector<float> Mean() const;                        // of at least one row

    uint64_t rows = 0;
    double energy = 0;  // sum of |x|^2
    std::vector<double> sum;
  };
  void AddRow(absl::Span<const float> row);
  bool Check();

  const size_t dim_;
  const bool normalize_;
  const OldRows old_rows_;
  uint64_t seen_ = 0;
  uint64_t next_check_;
  Sums window_;  // rows since the last check
  Sums total_;   // rows before them
  std::vector<float> in_force_;
  std::vector<float> proposal_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_CENTERING_H_
