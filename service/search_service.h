// Searches: the rules of the API between a protocol and storage.
//
// Thread-safe. The spec of a query says what storage checks; limits of an answer are checked here,
// before anything is read where that is possible.
#ifndef TQDB_SERVICE_SEARCH_SERVICE_H_
#define TQDB_SERVICE_SEARCH_SERVICE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "service/call_context.h"
#include "service/metrics.h"
#include "service/query.h"
#include "storage/api/collection.h"
#include "storage/api/database.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"

namespace tqdb::service {

// Hits of one batch, all queries together: for example 1,000 queries of 100, or 10 of 10,000.
inline constexpr size_t kMaxBatchHits = 100'000;

// One search of a hybrid one. Its limit is the number of candidates that it contributes.
struct HybridQuery {
  Query query;
  double weight = 1;  // above 0
};

class SearchService {
 public:
  using Hits = std::vector<storage::PointRecord>;  // best first

  // Both must outlive the service.
  SearchService(const storage::Database& database, Metrics& metrics)
      : database_(database), metrics_(metrics) {}

  // All return NotFound for an unknown collection, InvalidArgument with the path of the field that
  // is wrong, ResourceExhausted when the answer would be too large, and errors of storage.

  absl::StatusOr<Hits> Search(const CallContext& context, absl::string_view collection,
                              const Query& query) const;
  // Returns one list a query, in their order. Queries that differ in their vectors alone share a
  // pass over the collection.
  absl::StatusOr<std::vector<Hits>> SearchBatch(const CallContext& context,
                                                absl::string_view collection,
                                                absl::Span<const Query> queries) const;
  // Takes the number of groups from the limit of the query.
  absl::StatusOr<std::vector<storage::PointGroup>> SearchGroups(const CallContext& context,
                                                                absl::string_view collection,
                                                                const Query& query,
                                                                storage::GroupSpec groups) const;
  absl::StatusOr<Hits> SearchHybrid(const CallContext& context, absl::string_view collection,
                                    absl::Span<const HybridQuery> parts,
                                    storage::HybridSpec spec) const;

 private:
  const storage::Database& database_;
  Metrics& metrics_;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_SEARCH_SERVICE_H_
