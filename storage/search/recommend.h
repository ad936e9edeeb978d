// A query vector from examples: near to some points and far from others.
//
// The simple idea: the query is the mean of the positive examples. With negative examples it is
// pushed away from their mean by the difference of the two means: 2 * positive - negative. Example
// in two dimensions: positive mean (1, 0) and negative mean (0, 1) give the query (2, -1). It still
// points to the positive side, and it prefers points that have nothing of the negative one.
//
// The result is an ordinary vector, so everything else (filters, rerank, groups) is an ordinary
// search. Left out: scoring a point against every example by itself. That would find several
// separate clusters of examples, while the mean of two distant clusters lies between them.
//
// Thread-safe: functions without state.
#ifndef TQDB_STORAGE_SEARCH_RECOMMEND_H_
#define TQDB_STORAGE_SEARCH_RECOMMEND_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"

namespace tqdb::storage {

// Points that the query is made from.
struct Examples {
  std::vector<PointId> positive;  // at least one
  std::vector<PointId> negative;  // may be empty
  friend bool operator==(const Examples&, const Examples&) = default;
};
// Limit of the examples of one call, positive and negative ones together: all are read from disk.
inline constexpr size_t kMaxExamples = 1'000;

// Returns the query vector (dim) for a space. Under COSINE every example is scaled to length 1
// before the means are taken, so that only directions count. InvalidArgument for no positive
// example, too many examples, an unknown space or, under COSINE, a zero result. NotFound names the
// first example that does not exist or has no vector in the space. A null `moment` is the one now.
absl::StatusOr<std::vector<float>> RecommendVector(const Collection& collection,
                                                   absl::string_view space,
                                                   const Examples& examples,
                                                   std::shared_ptr<const Moment> moment = nullptr);

// Returns a filter for points that match `filter` and are not among the examples. The examples are
// the nearest points of their own mean, so without this they would fill the result.
SharedFilter WithoutExamples(const SharedFilter& filter, const Examples& examples);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_RECOMMEND_H_
