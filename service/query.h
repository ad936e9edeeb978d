// One query of a search: what to find, and how.
#ifndef TQDB_SERVICE_QUERY_H_
#define TQDB_SERVICE_QUERY_H_

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/vector_view.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "storage/search/recommend.h"
#include "values/sparse_vector.h"

namespace tqdb::service {

// Borrows the vector and the name from the request.
struct Query {
  // A vector finds what is near, and examples stand for one. A sparse vector finds what shares an
  // index with it, in any order of indices. A text finds what has one of its words.
  std::variant<VectorView, storage::Examples, storage::SparseVector, storage::TextQuery> find;
  absl::string_view vector_name = {};  // of the space, or sparse space; not used by a text
  // Limit, offset, score threshold, parameters, filter, mmr, and what to select. The service sets
  // the other members: space, text, sparse, cancelled and select.max_bytes.
  storage::SearchSpec spec = {};
};

// A query that was checked against a collection.
struct ResolvedQuery {
  // Space of the vector, a member of the configuration; null for sparse vectors, for examples of a
  // sparse space, whose vector the search service sets, and for texts.
  const storage::VectorSpaceConfig* space = nullptr;
  storage::SearchSpec spec;
};

// Returns what storage is to search for. `field` is the path of the query, such as "queries[3]".
// InvalidArgument on a limit out of range, an unknown name or a wrong length; the other parameters
// are for Collection::Search to check. `query` and `config` must outlive the answer.
absl::StatusOr<ResolvedQuery> Resolve(const Query& query, const storage::CollectionConfig& config,
                                      const std::string& field);

// Returns whether the two differ in nothing but their vectors, so that one pass can serve both. A
// pass answers only one text or sparse vector, so two of these never share one.
bool CanShareAPass(const Query& a, const Query& b);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_QUERY_H_
