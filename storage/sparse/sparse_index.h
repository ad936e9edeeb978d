// Sparse vectors of a collection, in memory, found by dot product. Exact.
//
// Not thread-safe; const methods may run together. The owner keeps writers out during searches.
#ifndef TQDB_STORAGE_SPARSE_SPARSE_INDEX_H_
#define TQDB_STORAGE_SPARSE_SPARSE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/sparse/inverted_index.h"
#include "values/sparse_vector.h"

namespace tqdb::storage {

class SparseIndex {
 public:
  explicit SparseIndex(SparseModifier modifier) : modifier_(modifier), index_(DotScoring()) {}

  // A valid vector. False, and no effect, when the row is there. Any order of rows; one that was
  // removed may come again.
  bool Add(uint64_t row, SparseVectorView vector);
  // False when the row is not there.
  bool Remove(uint64_t row) { return index_.Remove(row); }
  bool Contains(uint64_t row) const { return index_.Contains(row); }
  void Compact() { index_.Compact(); }

  uint64_t rows() const { return index_.rows(); }
  size_t memory_bytes() const { return index_.memory_bytes(); }
  // The statistics of kIdf.
  uint64_t held_rows() const { return index_.held_rows(); }
  uint64_t Frequency(uint32_t index) const { return index_.Frequency(index); }

  // The best rows for a valid query, best first; equal scores by ascending row. A hit shares at
  // least one index with the query, so a score may be zero or negative. CANCELLED when
  // options.cancelled said so.
  absl::StatusOr<std::vector<RowHit>> Search(SparseVectorView query,
                                             const SparseSearchOptions& options,
                                             SparseSearchStats* stats = nullptr) const;

 private:
  const SparseModifier modifier_;
  InvertedIndex<DotScoring> index_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SPARSE_INDEX_H_
