// Between protobuf and batches of points, queries and search results.
//
// Thread-safe: free functions; a DecodedUpsert belongs to one thread at a time. Vectors are copied
// once, from the message to a row-major matrix a space; payloads are not copied at all.
#ifndef TQDB_SERVER_GRPC_CONVERT_POINTS_H_
#define TQDB_SERVER_GRPC_CONVERT_POINTS_H_

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "tqdb/v1/points.pb.h"
#include "values/types.h"

namespace tqdb::server {

// Rows of floats, uninitialised at first, on a cache line: what the codec reads fastest.
class FloatMatrix {
 public:
  FloatMatrix() = default;
  FloatMatrix(size_t rows, size_t dim);

  MatrixView view() const { return {data_.get(), rows_, dim_}; }
  absl::Span<float> row(size_t i) { return {data_.get() + i * dim_, dim_}; }
  size_t rows() const { return rows_; }

 private:
  struct Deleter {
    void operator()(float* data) const;
  };
  std::unique_ptr<float[], Deleter> data_;
  size_t rows_ = 0;
  size_t dim_ = 0;
};

// An upsert as storage takes it. Move-only; owns ids and vectors, borrows payloads and names from
// the request, which must live as long.
struct DecodedUpsert {
  std::vector<PointId> ids;
  std::vector<absl::string_view> payloads;    // empty when no point has one
  std::vector<FloatMatrix> matrices;          // one a space that the batch uses
  std::vector<storage::SparseVector> sorted;  // of sparse vectors whose indices did not ascend
  storage::UpsertBatch batch;                 // views of all the above
};

// InvalidArgument on an empty or oversized batch, an empty id, an unknown vector name, a name twice
// in one point, a point without vectors, a wrong length, a bad durability. Values, duplicate ids
// and payloads are validated by Collection::Upsert.
absl::StatusOr<DecodedUpsert> UpsertFromProto(const v1::UpsertRequest& request,
                                              const storage::CollectionConfig& config);

// InvalidArgument when the request has no edit; whether the edit is a good one, storage checks.
absl::StatusOr<storage::PayloadEdit> EditFromProto(const v1::UpdatePayloadRequest& request);

storage::Select SelectFromProto(const v1::PointSelector& select);

// Bytes that the vectors of one point take in a response.
size_t VectorBytesPerPoint(const storage::CollectionConfig& config);

// Both empty the record.
void PointToProto(storage::PointRecord&& record, v1::Point* proto);
void ScoredPointToProto(storage::PointRecord&& record, v1::ScoredPoint* proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_POINTS_H_
