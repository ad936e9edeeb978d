// Maximal marginal relevance: hits that are good, and unlike each other (Carbonell and Goldstein,
// SIGIR 1998).
#ifndef TQDB_STORAGE_READ_MMR_H_
#define TQDB_STORAGE_READ_MMR_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "values/types.h"

namespace tqdb::storage {

// Picks up to `limit` candidates one by one, each time the one with the highest
//   (1 - diversity) * score - diversity * (highest similarity to those picked),
// similarity being the score that one candidate's vector would give the other. diversity 0 is the
// order of scores, 1 is nothing but variety. scores[i] belongs to vectors[i]; all vectors have the
// same dim. Indices of the picked, in the order of picking. Costs limit * candidates * dim.
std::vector<size_t> PickByMmr(Metric metric, absl::Span<const float> scores,
                              absl::Span<const std::vector<float>> vectors, float diversity,
                              size_t limit);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_MMR_H_
