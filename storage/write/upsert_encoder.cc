#include "storage/write/upsert_encoder.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/float16.h"
#include "storage/sparse/sparse_encoding.h"

namespace tqdb::storage {

namespace {

// Log bytes of a point besides its vectors and payload: keys, row number, record headers.
constexpr size_t kPointOverheadBytes = 96;

// Returns the index of each point's vector, -1 for none. `points` has the meaning that it has in
// SpaceVectors. Example: points = {2, 0} of three points gives {1, -1, 0}.
std::vector<int32_t> RowOfPoint(absl::Span<const uint32_t> points, size_t rows, size_t num_points) {
  std::vector<int32_t> row_of_point(num_points, -1);
  for (size_t r = 0; r < rows; ++r) {
    row_of_point[points.empty() ? r : points[r]] = static_cast<int32_t>(r);
  }
  return row_of_point;
}

absl::string_view FloatBytes(MatrixView rows) {
  return {reinterpret_cast<const char*>(rows.data()), rows.rows() * rows.dim() * sizeof(float)};
}

// Returns a buffer that `owned` keeps, and sets `view` to it. A std::vector or std::string of this
// size would be cleared first, which costs a pass over memory that is overwritten anyway.
char* NewBuffer(size_t size, OwnedRecord& owned, absl::string_view* view) {
  char* buffer = owned.buffers.emplace_back(std::make_unique_for_overwrite<char[]>(size)).get();
  *view = {buffer, size};
  return buffer;
}

VectorColumn EncodeColumn(const Space& space, const SpaceVectors& vectors, size_t num_points,
                          OwnedRecord& owned) {
  const MatrixView& rows = vectors.rows;
  VectorColumn column;
  column.space = static_cast<uint32_t>(space.index());
  column.row_of_point = RowOfPoint(vectors.points, rows.rows(), num_points);
  // The order of these two calls matters. If the space no longer waits, its first mean is in force
  // already, and the second call returns it. In the opposite order a mean that is adopted between
  // the calls would be missed, and the row would keep no raw vector either.
  const bool waits = space.waits_for_mean();
  const std::shared_ptr<const Mean> mean = space.engine().current_mean();
  char* codes = NewBuffer(rows.rows() * space.codec().code_bytes(), owned, &column.codes);
  space.codec().Encode(rows, mean.get(), reinterpret_cast<uint8_t*>(codes));
  switch (space.config().store_vectors) {
    case StoreVectors::kNone:
      // Not copied: the caller keeps its floats until the record is committed.
      if (waits && mean == nullptr) column.raw = FloatBytes(rows);
      break;
    case StoreVectors::kF32:
      // The floats in memory have the form of the disk: format.cc asserts a little-endian machine.
      column.originals = FloatBytes(rows);
      break;
    case StoreVectors::kF16: {
      char* halves =
          NewBuffer(rows.rows() * rows.dim() * sizeof(uint16_t), owned, &column.originals);
      const float* values = rows.data();
      for (size_t i = 0; i < rows.rows() * rows.dim(); ++i) {
        const uint16_t half = FloatToHalf(values[i]);
        std::memcpy(halves + i * sizeof(half), &half, sizeof(half));
      }
      break;
    }
  }
  return column;
}

SparseColumn EncodeColumn(uint32_t space, const SparseSpaceVectors& vectors, size_t num_points,
                          OwnedRecord& owned) {
  SparseColumn column;
  column.space = space;
  column.row_of_point = RowOfPoint(vectors.points, vectors.rows.size(), num_points);
  column.rows = vectors.rows;
  for (const SparseVectorView& row : vectors.rows) {
    std::string& encoded = owned.texts.emplace_back();
    EncodeSparseVector(row, &encoded);
    column.encoded.push_back(encoded);
  }
  return column;
}

}  // namespace

EncodedUpsert EncodeUpsert(const UpsertBatch& batch, const CollectionState& state) {
  EncodedUpsert encoded;
  UpsertRecord upsert;
  upsert.ids = batch.ids;
  upsert.payloads = batch.payloads;
  upsert.mode = batch.mode;
  if (batch.condition) upsert.condition = *batch.condition;
  const size_t points = batch.ids.size();
  encoded.bytes = points * kPointOverheadBytes;
  for (const absl::string_view payload : batch.payloads) encoded.bytes += payload.size();
  for (const SpaceVectors& vectors : batch.vectors) {
    const Space& space = *FindSpace(state.spaces, vectors.name);
    upsert.vectors.push_back(EncodeColumn(space, vectors, points, encoded.owned));
    encoded.bytes += upsert.vectors.back().codes.size() + upsert.vectors.back().originals.size();
  }
  for (const SparseSpaceVectors& vectors : batch.sparse) {
    const SparseSpace& space = *FindSparseSpace(state.sparse_spaces, vectors.name);
    upsert.sparse.push_back(
        EncodeColumn(static_cast<uint32_t>(space.key_space() - kFirstSparseSpace), vectors, points,
                     encoded.owned));
    for (const absl::string_view row : upsert.sparse.back().encoded) encoded.bytes += row.size();
  }
  encoded.owned.record = std::move(upsert);
  return encoded;
}

}  // namespace tqdb::storage
