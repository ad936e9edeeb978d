#include "service/sparse_order.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace tqdb::service {

bool NeedsSorting(const storage::SparseVectorView& vector) {
  return vector.indices.size() == vector.values.size() &&
         !std::is_sorted(vector.indices.begin(), vector.indices.end());
}

storage::SparseVector Sorted(const storage::SparseVectorView& vector) {
  std::vector<size_t> order(vector.indices.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return vector.indices[a] < vector.indices[b]; });
  storage::SparseVector sorted;
  for (const size_t i : order) {
    sorted.indices.push_back(vector.indices[i]);
    sorted.values.push_back(vector.values[i]);
  }
  return sorted;
}

}  // namespace tqdb::service
