// Gathers the points of an upsert, as a protocol reads them, into one batch for storage.
//
// The simple idea: storage wants the vectors of a space as one aligned (rows, dim) matrix, but a
// request has them point by point. So the builder works in two steps. It first notes where each
// vector lies, checks it and counts rows. Build then allocates one matrix for each space and copies
// every vector once, straight from the bytes of the request.
//
// Example: points 0 and 2 of three have a vector in space "title". Its matrix has two rows, which
// belong to points 0 and 2.
//
// Left out of this file: messages of a protocol (server/grpc/convert_points.h), and the checks of
// coordinates and payloads, which storage makes once (storage/write/validate_upsert.h).
//
// Not thread-safe: a builder and its result belong to one thread at a time. Both borrow names,
// payloads and vectors, which must outlive them.
#ifndef TQDB_SERVICE_UPSERT_BUILDER_H_
#define TQDB_SERVICE_UPSERT_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/float_matrix.h"
#include "service/vector_view.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::service {

// An upsert as storage takes it. Move-only, because `batch` has views of the other members.
struct PreparedUpsert {
  std::vector<PointId> ids;
  std::vector<absl::string_view> payloads;    // empty when no point has one
  std::vector<FloatMatrix> matrices;          // one a space that the batch uses
  std::vector<storage::SparseVector> sorted;  // sparse vectors whose indices did not ascend
  storage::UpsertBatch batch;
};

class UpsertBuilder {
 public:
  // Makes a builder for `num_points` points. InvalidArgument outside 1..kMaxBatchPoints.
  static absl::StatusOr<UpsertBuilder> Create(
      std::shared_ptr<const storage::CollectionConfig> config, size_t num_points);

  // Begins the next point. InvalidArgument when the point before it has no vector of any kind.
  // Requires fewer than `num_points` calls before.
  absl::Status AddPoint(const PointId& id, absl::string_view payload);
  // Give the last point a vector in the space of that name. InvalidArgument when the collection has
  // no such space, when the point has a vector in it already, or on a wrong number of numbers.
  absl::Status AddVector(absl::string_view name, const VectorView& vector);
  absl::Status AddSparseVector(absl::string_view name, const storage::SparseVectorView& vector);

  // Returns the batch. Collection::Upsert checks coordinates, duplicate ids and payloads.
  absl::StatusOr<PreparedUpsert> Build(storage::Durability durability) &&;

 private:
  static constexpr uint32_t kNoPoint = ~uint32_t{0};

  // One vector of the request.
  struct Row {
    VectorView vector;
    uint32_t point;  // number of its point in the batch
    uint32_t space;  // index in the configuration
  };
  // Rows of the batch in one space of the configuration.
  struct Space {
    absl::string_view name;          // name as the request has it
    size_t rows = 0;                 // number of vectors so far
    uint32_t last_point = kNoPoint;  // last point with a vector here, to notice a second one
  };

  UpsertBuilder(std::shared_ptr<const storage::CollectionConfig> config, size_t num_points);
  // Returns the number of the last point. Requires: there is one.
  uint32_t point() const { return static_cast<uint32_t>(prepared_.ids.size() - 1); }
  // Returns InvalidArgument when the last point has no vector.
  absl::Status CheckLastPoint() const;

  std::shared_ptr<const storage::CollectionConfig> config_;
  PreparedUpsert prepared_;
  std::vector<Row> rows_;
  std::vector<Space> spaces_;  // one a vector space of the configuration
  bool has_payload_ = false;
  size_t vectors_ = 0;         // number of vectors of the last point
  size_t sparse_vectors_ = 0;  // number of sparse vectors of the last point
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_UPSERT_BUILDER_H_
