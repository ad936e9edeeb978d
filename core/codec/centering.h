// The guarded mean of a vector space.
//
// Text embeddings share a mean direction. With OpenAI's ada-002 vectors, |mean|^2 is 0.75 at norm
// 1. Three quarters of each vector are then the same, and the code spends its precision on them.
//
// The simple idea: subtract the mean mu from rows and queries, and restore the score exactly,
//   <q, x> = <q, mu> + <x - mu, mu> + <q - mu, x - mu>
// The first term is computed once a query, the second is stored with the row as one float. Only the
// third is estimated. Its error grows with |x - mu| |q - mu|, which is the point of it all.
//
// A mean that does not represent the rows does harm. On GloVe vectors in order of word frequency,
// the mean of the first thousand words lowers recall. So a *guard* watches the rows as they arrive,
// and a mean is adopted only while it lowers the expected error. Example: rows of norm 1 around a
// mean with |mu|^2 = 0.75. E|x|^2 E|q|^2 is 1 without the mean and 0.25 * 0.25 with it.
//
// Each adoption is a new *version*. Codes name their version, versions live side by side, and a
// query is centred once for each version that it meets.
//
// This file leaves out:
// - Training. The mean is a plain average, and a space is usable from its first row.
// - A mean for each region of a space. Local means arise only in time: the mean follows the rows
//   that arrive, and older rows keep theirs.
//
// docs/quantization.md, "Guarded centring", says the same for users of the option.
#ifndef TQDB_CORE_CODEC_CENTERING_H_
#define TQDB_CORE_CODEC_CENTERING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "base/matrix_view.h"

namespace tqdb {

// One version of a space's mean, immutable. Version 0 is never an object: it says that nothing was
// subtracted.
struct Mean {
  uint32_t version;
  std::vector<float> mu;  // the mean itself, dim floats
  // H mu, padded_dim floats. It centres a rotated query without another rotation.
  std::vector<float> rotated;
  float norm_squared;  // |mu|^2
};

// Watches the rows of a space as they arrive and proposes means. Its decisions depend on the rows
// and their order alone, not on time or on how rows are batched.
//
// Not thread-safe: the owner serialises its calls.
class CenteringGuard {
 public:
  // Says whether rows encoded under an older mean are encoded again when a new one is adopted.
  enum class OldRows {
    kStay,       // no: a mean need suit only the rows to come, so it may be local
    kReencoded,  // yes, from their originals: a mean must suit all rows
  };

  // `normalize` says that rows count with norm 1, as under COSINE.
  CenteringGuard(size_t dim, bool normalize, OldRows old_rows = OldRows::kStay);

  // Takes note of rows (n, dim) that are about to be encoded. Returns true when `proposal()` should
  // be adopted as the next version. An empty proposal means that nothing is to be subtracted.
  bool Observe(MatrixView rows);
  // Returns the proposal of the last Observe that returned true. Valid until the next Observe.
  absl::Span<const float> proposal() const { return proposal_; }
  // Tells the guard which mean is in force (empty: none). The owner calls it after it has adopted a
  // proposal, and at start-up for the version that it restored.
  void Adopted(absl::Span<const float> mu);
  // Counts `rows` stored rows at start-up, which were encoded under `mu` (empty: none) and whose
  // squared norms sum up to `energy`. Originals are not read again for this. The mean of these rows
  // is taken to be `mu`, near which it was when they were encoded.
  void Restore(absl::Span<const float> mu, uint64_t rows, double energy);

 private:
  // Sums over some rows. They are enough for the mean squared distance to any point.
  struct Sums {
    explicit Sums(size_t dim) : sum(dim) {}
    void Add(const Sums& other);
    void Clear();
    // Returns the mean of |x - mu|^2 over the rows; 0 without rows. An empty `mu` stands for zero.
    double EnergyAround(absl::Span<const float> mu) const;
    // Returns the mean of the rows. Requires: at least one row.
    std::vector<float> Mean() const;

    uint64_t rows = 0;
    double energy = 0;  // sum of |x|^2
    std::vector<double> sum;
  };
  // Adds one row to the window.
  void AddRow(absl::Span<const float> row);
  // Compares the choices at a checkpoint and sets the proposal. Returns true if it is better than
  // the mean in force.
  bool Check();

  const size_t dim_;
  const bool normalize_;
  const OldRows old_rows_;
  uint64_t seen_ = 0;    // rows observed or restored so far
  uint64_t next_check_;  // value of seen_ at which the guard decides again
  Sums window_;          // rows since the last check: they stand for the rows to come
  Sums total_;           // rows up to the last check; with the window they stand for queries
  std::vector<float> in_force_;  // mean that is subtracted now; empty for none
  std::vector<float> proposal_;  // mean of the last check that found a better one
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_CENTERING_H_
