// Sparse vectors: a few weighted indices out of 2^32, as SPLADE and BM25 encoders give them.
#ifndef TQDB_VALUES_SPARSE_VECTOR_H_
#define TQDB_VALUES_SPARSE_VECTOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "values/types.h"

namespace tqdb::storage {

// Entries of one vector or query, at most.
inline constexpr size_t kMaxNonZeros = 65'536;
// Largest magnitude of a value: no sum of kMaxNonZeros products overflows a float.
inline constexpr float kMaxSparseValue = kMaxCoordinate;
static_assert(double{kMaxNonZeros} * kMaxSparseValue * kMaxSparseValue * 64 < 3e38,
              "64 is above every inverse document frequency");

// A borrowed sparse vector: values[i] is the value at indices[i].
struct SparseVectorView {
  absl::Span<const uint32_t> indices;  // strictly ascending
  absl::Span<const float> values;      // finite; zeros are held like any other value
};

// A sparse vector that owns its entries.
struct SparseVector {
  std::vector<uint32_t> indices;
  std::vector<float> values;

  SparseVectorView view() const { return {indices, values}; }
  friend bool operator==(const SparseVector& a, const SparseVector& b) = default;
};

// The factor that a value of a query is multiplied with. The numbers are part of the disk format.
enum class SparseModifier : uint8_t {
  kNone = 1,  // no factor
  // The inverse document frequency of the index, from the statistics that inverted_index.h
  // describes:
  //   ln(1 + (N - df + 0.5) / (df + 0.5))
  // Among N rows, df have the index. Rare indices thus count for more.
  kIdf = 2,
};

// Returns InvalidArgument, naming `field`, the entry and its value, unless the view keeps its
// invariants and the limits above. A vector without entries is valid; no query finds it.
absl::Status ValidateSparseVector(SparseVectorView vector, absl::string_view field);

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_SPARSE_VECTOR_H_
