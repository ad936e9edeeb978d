#include "client/cli/load/batcher.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"

namespace tqdb::client {
namespace {

// How long a call waits for a first row.
constexpr absl::Duration kPatience = absl::Milliseconds(100);
// Bytes of a point in a message besides its values: id, names, lengths.
constexpr size_t kPointOverhead = 64;
constexpr size_t kVectorOverhead = 16;

// Returns an upper bound of the bytes of a point in a message.
size_t PointBytes(const Point& point) {
  size_t bytes = kPointOverhead + point.payload.size();
  for (const NamedVector& vector : point.vectors) {
    bytes += kVectorOverhead + vector.name.size() + vector.values.size() * sizeof(float);
  }
  for (const NamedSparseVector& sparse : point.sparse_vectors) {
    // An index is a varint of at most five bytes.
    bytes +=
        kVectorOverhead + sparse.name.size() + sparse.vector.values.size() * (5 + sizeof(float));
  }
  return bytes;
}

}  // namespace

Batcher::Batcher(VectorSource& source, const BatchLimits& limits,
                 std::function<bool(const Point&)> looks_bad)
    : source_(source), limits_(limits), looks_bad_(std::move(looks_bad)) {}

bool Batcher::Hold(absl::Time deadline) {
  if (held_.has_value()) return true;
  if (ended_ || !error_.ok() || !source_.Await(deadline)) return false;
  Held row;
  const absl::StatusOr<bool> more = source_.Next(row.point);
  if (!more.ok()) {
    error_ = more.status();
    return false;
  }
  if (!*more) {
    ended_ = true;
    return false;
  }
  row.place = source_.place();
  row.bytes = PointBytes(row.point);
  row.looks_bad = looks_bad_ && looks_bad_(row.point);
  held_ = std::move(row);
  return true;
}

absl::StatusOr<Batch> Batcher::Next() {
  Batch batch;
  absl::Time deadline = absl::Now() + kPatience;
  while (Hold(deadline)) {
    const bool fits = batch.points.size() < limits_.points &&
                      batch.bytes + held_->bytes <= limits_.bytes && !held_->looks_bad;
    if (!batch.points.empty() && !fits) break;
    if (batch.points.empty()) deadline = absl::Now() + limits_.linger;
    batch.points.push_back(std::move(held_->point));
    batch.places.push_back(held_->place);
    batch.bytes += held_->bytes;
    const bool alone = held_->looks_bad;
    held_.reset();
    if (alone) break;
  }
  if (batch.points.empty() && !error_.ok()) return std::exchange(error_, absl::OkStatus());
  return batch;
}

}  // namespace tqdb::client
