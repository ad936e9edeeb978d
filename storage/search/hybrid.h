// Hybrid search: several searches of one collection, fused into one list.
#ifndef TQDB_STORAGE_SEARCH_HYBRID_H_
#define TQDB_STORAGE_SEARCH_HYBRID_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/matrix_view.h"
#include "storage/api/collection.h"
#include "storage/search/fusion.h"

namespace tqdb::storage {

// One search, whose limit is the number of candidates that it contributes. What it selects does not
// count.
struct HybridPart {
  MatrixView query;  // (1, dim)
  SearchSpec spec;
  double weight = 1;  // above 0, finite
};
inline constexpr size_t kMaxHybridParts = 16;

struct HybridSpec {
  Fusion fusion = {};
  size_t limit = 10;  // 1..kMaxTopK, together with offset
  size_t offset = 0;
  Select select = {};
};

// Points by their fused scores, best first. Errors of Collection::Search, with the part's number;
// InvalidArgument on the spec. Points that are deleted meanwhile are left out.
absl::StatusOr<std::vector<PointRecord>> SearchHybrid(const Collection& collection,
                                                      absl::Span<const HybridPart> parts,
                                                      const HybridSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_HYBRID_H_
