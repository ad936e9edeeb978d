// How many bytes an answer has, before any protocol has written it.
//
// Limits of answers must not depend on the protocol: a page of a scroll has to end at the same
// point whoever asks. So all of them count in one unit, the bytes that the messages of the API
// (package tqdb.v1) take on the wire. The functions below compute that by arithmetic, exactly, and
// know no protobuf. For example, a hit with id 7, score 0.5 and no payload has 9 bytes: 4 of its
// id, and 5 of its score.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVICE_ANSWER_SIZE_H_
#define TQDB_SERVICE_ANSWER_SIZE_H_

#include <cstddef>

#include "absl/types/span.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "storage/search/groups.h"

namespace tqdb::service {

// Returns the bytes of one point, or of one hit when its score is not 0.
size_t PointBytes(const storage::PointRecord& point);

// Return the bytes of a whole answer: a list of points or hits, of groups, of counted values.
size_t AnswerBytes(absl::Span<const storage::PointRecord> points);
size_t AnswerBytes(absl::Span<const storage::PointGroup> groups);
size_t AnswerBytes(absl::Span<const storage::FacetCount> counts);

// Returns the bytes of an answer that is one of several within a larger one, as in a batch.
size_t NestedBytes(size_t answer_bytes);

// Returns the bytes that the vectors of one point take at most, sparse ones left out.
size_t VectorBytesPerPoint(const storage::CollectionConfig& config);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_ANSWER_SIZE_H_
