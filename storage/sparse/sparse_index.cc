#include "storage/sparse/sparse_index.h"

namespace tqdb::storage {

bool SparseIndex::Add(uint64_t row, const PointId& id, SparseVectorView vector) {
  return index_.Add(row, id, vector.indices, vector.values, 0);
}

absl::StatusOr<std::vector<Hit>> SparseIndex::Search(SparseVectorView query,
                                                     const SparseSearchOptions& options,
                                                     SparseSearchStats* stats) const {
  std::vector<QueryTerm> terms(query.indices.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    terms[i] = {query.indices[i], query.values[i]};
    if (modifier_ == SparseModifier::kIdf) {
      const double idf = InverseDocumentFrequency(index_.rows(), index_.Frequency(terms[i].term));
      terms[i].weight = static_cast<float>(terms[i].weight * idf);
    }
  }
  return index_.Search(terms, options, stats);
}

}  // namespace tqdb::storage
