// The sparse vectors of one space of a collection, in memory, found by dot product. Exact.
//
// A sparse vector has few entries out of very many indices. Example: one entry for each word that a
// model finds important. Vectors are kept as postings, one list for each index (inverted_index.h).
// A query reads only the lists of its own indices. With the modifier kIdf, the weights of the query
// are multiplied by the inverse document frequency of their indices.
//
// Not thread-safe; const methods may run at the same time. The owner keeps writers out during
// searches.
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

  // Adds a row of the point `id`. Returns false, without effect, if the row is there. Rows come in
  // any order, and a row that was removed may come again. Requires: ValidateSparseVector accepts
  // the vector.
  bool Add(uint64_t row, const PointId& id, SparseVectorView vector);
  // Takes a row out of the statistics of kIdf; it can be hit until it is removed. Returns false if
  // it is not there or was retired before.
  bool Retire(uint64_t row) { return index_.Retire(row); }
  // Removes a row, and retires it first. Returns false if it is not there.
  bool Remove(uint64_t row) { return index_.Remove(row); }
  bool Contains(uint64_t row) const { return index_.Contains(row); }
  // Drops every removed row from memory at once; Remove does it only from time to time.
  void Compact() { index_.Compact(); }

  // Statistics of kIdf: the rows that are neither retired nor removed, and how many of them have an
  // index.
  uint64_t rows() const { return index_.rows(); }
  uint64_t Frequency(uint32_t index) const { return index_.Frequency(index); }
  uint64_t held_rows() const { return index_.held_rows(); }  // in memory, removed ones too
  size_t memory_bytes() const { return index_.memory_bytes(); }

  // Returns the best rows, by descending score; equal scores are ordered by id. A hit shares at
  // least one index with the query; its score may be zero or negative. CANCELLED if
  // options.cancelled returned true; ABORTED as options.yield says. Requires: ValidateSparseVector
  // accepts the query.
  absl::StatusOr<std::vector<Hit>> Search(SparseVectorView query,
                                          const SparseSearchOptions& options,
                                          SparseSearchStats* stats = nullptr) const;

 private:
  const SparseModifier modifier_;
  InvertedIndex<DotScoring> index_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SPARSE_INDEX_H_
