// A query vector from examples: near to some points and far from others.
//
// The simple idea: the query is the mean of the positive examples. With negative examples it is
// pushed away from their mean by the difference of the two means: 2 * positive - negative. Example
// in two dimensions: positive mean (1, 0) and negative mean (0, 1) give the query (2, -1). It still
// points to the positive side, and it prefers points that have nothing of the negative one.
//
// With negative examples alone the query is their mean with the opposite sign. By a dot product or
// a cosine this ranks the points that are least like them first. Under L2 no query vector does
// that.
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
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

// Points and vectors that the query is made from; at least one. Either side may be empty.
struct Examples {
  std::vector<PointId> positive = {};
  std::vector<PointId> negative = {};
  std::vector<std::vector<float>> positive_vectors = {};  // for a vector space, of its dim
  std::vector<std::vector<float>> negative_vectors = {};
  std::vector<SparseVector> positive_sparse = {};  // for a sparse space
  std::vector<SparseVector> negative_sparse = {};
  friend bool operator==(const Examples&, const Examples&) = default;
};
// Limit of the examples of one call, positive and negative ones together: all are read from disk.
inline constexpr size_t kMaxExamples = 1'000;

// Returns the query vector (dim) for a space. Under COSINE every example is scaled to length 1
// before the means are taken, so that only directions count. InvalidArgument for no example, none
// that is positive under L2, too many, a vector of another dim or with numbers that are not finite,
// an unknown space or, under COSINE, a zero result. NotFound names the
// first example that does not exist or has no vector in the space. A null `moment` is the one now.
absl::StatusOr<std::vector<float>> RecommendVector(const Collection& collection,
                                                   absl::string_view space,
                                                   const Examples& examples,
                                                   std::shared_ptr<const Moment> moment = nullptr);

// Does the same for a sparse space, whose vectors are taken as they are. InvalidArgument if nothing
// is left because the examples cancel out.
absl::StatusOr<SparseVector> RecommendSparse(const Collection& collection, absl::string_view space,
                                             const Examples& examples,
                                             std::shared_ptr<const Moment> moment = nullptr);

// Returns a filter for points that match `filter` and are not among the examples. These are
// the nearest points of their own mean, so without this they would fill the result.
SharedFilter WithoutExamples(const SharedFilter& filter, const Examples& examples);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_RECOMMEND_H_
