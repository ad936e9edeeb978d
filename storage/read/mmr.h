// Maximal marginal relevance: picks hits with good scores that are unlike each other (Carbonell and
// Goldstein, SIGIR 1998).
//
// Example: of ten hits, the best three are copies of one text. With diversity 0.5 the first copy is
// picked, and the other two lose half of their similarity to it, so other texts come first.
#ifndef TQDB_STORAGE_READ_MMR_H_
#define TQDB_STORAGE_READ_MMR_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "values/types.h"

namespace tqdb::storage {

// Picks up to `limit` candidates one by one, each time the one with the highest
//   (1 - diversity) * score - diversity * (highest similarity to a picked candidate).
// The similarity of two candidates is the exact score of one vector for the other. diversity is
// 0..1: 0 keeps the order of scores, and 1 ignores scores after the first pick. Returns the indices
// of the picked candidates in the order of picking. Costs limit * candidates * dim. Requires:
// scores[i] belongs to vectors[i], and all vectors have the same dim.
std::vector<size_t> PickByMmr(Metric metric, absl::Span<const float> scores,
                              absl::Span<const std::vector<float>> vectors, float diversity,
                              size_t limit);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_MMR_H_
