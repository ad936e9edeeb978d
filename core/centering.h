// The guarded mean of a vector space (FACTS-codec 8.2).
//
// Text embeddings share a mean direction; subtracting it from rows and queries and restoring the score
// with one exact number per row takes that direction out of the quantisation error. A mean that does
// not represent the rows does harm, so a version is adopted only while it helps, and never trained.
#ifndef TQDB_CORE_CENTERING_H_
#define TQDB_CORE_CENTERING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "core/matrix_view.h"

namespace tqdb {

// One version of a space's mean, immutable. Version 0 never exists as an object: it is "no mean".
struct Mean {
  uint32_t version;
  std::vector<float> mu;       // dim floats
  std::vector<float> rotated;  // H mu, padded_dim floats
  float norm_squared;          // |mu|^2
};

// Watches the rows of a space as they arrive and proposes means.
// Not thread-safe: the owner serialises Observe.
class CenteringGuard {
 public:
  explicit CenteringGuard(size_t dim, bool normalize);

  // Takes note of rows (n, dim) that are about to be encoded. True when `proposal()` should be adopted
  // as the next version (an empty proposal means: stop subtracting).
  bool Observe(MatrixView rows);
  absl::Span<const float> proposal() const { return proposal_; }
  // The owner adopted the proposal, or restored a stored version at start-up (empty: none).
  void Adopted(absl::Span<const float> mu);

 private:
  size_t dim_;
  bool normalize_;
  std::vector<float> proposal_;
  std::vector<float> current_;
  // (statistics: see centering.cc)
};

}  // namespace tqdb

#endif  // TQDB_CORE_CENTERING_H_
