// Hybrid search: several searches of one collection, fused into one list.
//
// The simple idea: run every part as a search of its own and keep only ids and scores. Then fuse
// the lists (fusion.h), and read payloads and vectors for the winners alone. Example: one part
// searches the words "red shoes" by BM25, another one searches the embedding of the same words.
// Exact names are found by the first, paraphrases by the second, and a point that both find comes
// first.
//
// Parts run one after the other, all of them at one moment. A part that finds nothing contributes
// nothing, for example a text without words or an empty sparse vector.
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

// One of the searches. All of them have the same moment, or none. Its limit is the number of
// candidates that it contributes. Its `select` is ignored, because payloads and vectors are read
// once, for the fused result.
struct HybridPart {
  MatrixView query;  // (1, dim)
  SearchSpec spec;
  double weight = 1;  // above 0, finite
};
// Limit of the parts of one call: each of them may be a scan of the collection.
inline constexpr size_t kMaxHybridParts = 16;

// Fusion of the lists of the parts, and the range and selection of the result.
struct HybridSpec {
  Fusion fusion = {};
  size_t limit = 10;   // number of points to return; 1 to kMaxTopK together with offset
  size_t offset = 0;   // number of best points to skip
  Select select = {};  // payload and vectors of the points that are returned
};

// Returns points by descending fused score. All searches, and the reading of the points, see the
// collection at one moment: that of the first part's spec, or the one now if it has none. Errors of
// Collection::Search have the number of the part in front. Other errors are InvalidArgument for a
// bad spec, and ResourceExhausted as select.max_bytes says.
absl::StatusOr<std::vector<PointRecord>> SearchHybrid(const Collection& collection,
                                                      absl::Span<const HybridPart> parts,
                                                      const HybridSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_HYBRID_H_
