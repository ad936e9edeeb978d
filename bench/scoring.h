// The score of one code record, by the query preparation and the kernel of a search.
#ifndef TQDB_BENCH_SCORING_H_
#define TQDB_BENCH_SCORING_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "core/codec.h"
#include "core/query.h"

namespace tqdb::bench {

// `query` has dim floats; it is normalised here under COSINE.
CenteredQuery PrepareQuery(const Codec& codec, absl::Span<const float> query, const Mean* mean);
float EstimateScore(const Codec& codec, const CenteredQuery& query, const uint8_t* code);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_SCORING_H_
