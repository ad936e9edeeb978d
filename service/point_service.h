// Points: written, read by id, walked, counted. The rules of the API between a protocol and
// storage.
//
// Thread-safe. Requests borrow their names and texts from the caller.
#ifndef TQDB_SERVICE_POINT_SERVICE_H_
#define TQDB_SERVICE_POINT_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/call_context.h"
#include "service/metrics.h"
#include "service/upsert_builder.h"
#include "storage/api/collection.h"
#include "storage/api/database.h"
#include "values/filter.h"
#include "values/types.h"

namespace tqdb::service {

// Deletes by ids or by a filter, never by both.
struct DeleteRequest {
  absl::string_view collection = {};
  std::vector<PointId> ids = {};
  std::optional<storage::Filter> filter = {};
  storage::Durability durability = storage::Durability::kSync;
};

// Edits the payloads of ids, of the points that match a filter, or of the ids that match it.
struct UpdatePayloadRequest {
  absl::string_view collection = {};
  std::vector<PointId> ids = {};
  std::optional<storage::Filter> filter = {};
  storage::PayloadEdit edit = {};
  storage::Durability durability = storage::Durability::kSync;
};

struct ScrollRequest {
  absl::string_view collection = {};
  uint32_t page_size = 0;             // points; 0 means 100
  absl::string_view page_token = {};  // of the page before; empty for the first page
  std::optional<storage::Filter> filter = {};
  std::optional<storage::OrderSpec> order_by = {};  // in place of the order of ids
  storage::Select select = {};
};

struct PointPage {
  std::vector<storage::PointRecord> points;
  std::string next_page_token;  // empty on the last page
};

struct FacetRequest {
  absl::string_view collection = {};
  absl::string_view key = {};
  size_t limit = 0;  // values; 0 means 10
  std::optional<storage::Filter> filter = {};
};

class PointService {
 public:
  // Both must outlive the service.
  PointService(const storage::Database& database, Metrics& metrics)
      : database_(database), metrics_(metrics) {}

  // All return NotFound for an unknown collection, InvalidArgument with the path of the field that
  // is wrong, and errors of storage.

  // Returns a builder that takes `num_points` points for the collection.
  absl::StatusOr<UpsertBuilder> BeginUpsert(absl::string_view collection, size_t num_points) const;
  // Writes all points of the batch, or none.
  absl::StatusOr<storage::UpsertResult> Upsert(absl::string_view collection,
                                               const PreparedUpsert& upsert) const;
  // Returns the number of points that were deleted.
  absl::StatusOr<uint64_t> Delete(const CallContext& context, const DeleteRequest& request) const;
  // Returns the number of points whose payload was edited.
  absl::StatusOr<uint64_t> UpdatePayload(const CallContext& context,
                                         const UpdatePayloadRequest& request) const;

  // Returns the points in the order asked, without ids that do not exist. ResourceExhausted when
  // they do not fit an answer.
  absl::StatusOr<std::vector<storage::PointRecord>> Get(const CallContext& context,
                                                        absl::string_view collection,
                                                        absl::Span<const PointId> ids,
                                                        const storage::Select& select) const;
  // Returns the next page. It has fewer points than asked for when more would pass 3 MiB, so that
  // a client with gRPC's default bound of 4 MiB can read it; one point is always there.
  absl::StatusOr<PointPage> Scroll(const CallContext& context, const ScrollRequest& request) const;
  // Counts all points, or those that match the filter, which may be null.
  absl::StatusOr<uint64_t> Count(const CallContext& context, absl::string_view collection,
                                 const storage::Filter* filter) const;
  absl::StatusOr<std::vector<storage::FacetCount>> Facet(const CallContext& context,
                                                         const FacetRequest& request) const;

 private:
  const storage::Database& database_;
  Metrics& metrics_;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_POINT_SERVICE_H_
