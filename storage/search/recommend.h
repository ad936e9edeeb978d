// A query vector from examples: points that are to be near, and points that are not.
#ifndef TQDB_STORAGE_SEARCH_RECOMMEND_H_
#define TQDB_STORAGE_SEARCH_RECOMMEND_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"

namespace tqdb::storage {

struct Examples {
  std::vector<PointId> positive;  // one or more; with negative ones, kMaxExamples at most
  std::vector<PointId> negative;
  friend bool operator==(const Examples&, const Examples&) = default;
};
inline constexpr size_t kMaxExamples = 1'000;

// The mean of the positive examples, moved away from the mean of the negative ones by the
// difference of the two. Under COSINE, of vectors made one long. InvalidArgument when there are no
// positive examples or too many, when the space is unknown, or when positive and negative ones
// cancel out; NotFound names an example that does not exist or has no vector in the space.
absl::StatusOr<std::vector<float>> RecommendVector(const Collection& collection,
                                                   absl::string_view space,
                                                   const Examples& examples);

// `filter`, and not one of the examples: a search for what is like them does not want them back.
Filter WithoutExamples(std::optional<Filter> filter, const Examples& examples);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_RECOMMEND_H_
