// Brings the entries of a sparse vector into the order that storage needs.
//
// Callers may send indices in any order; storage and its indexes read them in ascending order.
// Thread-safe: free functions without state.
#ifndef TQDB_SERVICE_SPARSE_ORDER_H_
#define TQDB_SERVICE_SPARSE_ORDER_H_

#include "values/sparse_vector.h"

namespace tqdb::service {

// Returns whether the indices descend somewhere and each has a value to go along with it. A vector
// with more indices than values, or fewer, is left to storage, which refuses it.
bool NeedsSorting(const storage::SparseVectorView& vector);

// Returns the entries by ascending index. Requires as many values as indices. Equal indices stay,
// for storage to refuse.
storage::SparseVector Sorted(const storage::SparseVectorView& vector);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_SPARSE_ORDER_H_
