// Cuts the rows of a source into batches.
//
// A batch ends at its limits of rows and bytes, before a row that looks bad, and after a short time
// if a pipe gives no more rows. So a slow producer sees its rows in the collection soon, and a fast
// one fills its batches.
//
// Example with at most 4 rows, of which row 5 looks bad: the batches have the rows 0-3, 4, 5, 6-9.
#ifndef TQDB_CLIENT_CLI_LOAD_BATCHER_H_
#define TQDB_CLIENT_CLI_LOAD_BATCHER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/input/vector_source.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Rows that are sent together. places[i] is the place of points[i].
struct Batch {
  std::vector<Point> points;
  std::vector<RowPlace> places;
  size_t bytes = 0;  // about the bytes of its message
};

// Limits of one batch. The first one that is reached ends it. A batch has at least one row, even if
// this row alone exceeds the limit of bytes.
struct BatchLimits {
  size_t points = 256;
  size_t bytes = size_t{8} << 20;
  // Longest time that the first row of a batch waits for the others.
  absl::Duration linger = absl::Milliseconds(200);
};

// Not thread-safe.
class Batcher {
 public:
  // The source must outlive this object. `looks_bad` may be empty.
  Batcher(VectorSource& source, const BatchLimits& limits,
          std::function<bool(const Point&)> looks_bad);

  // Returns the next batch. It is empty if no row came for a moment, so that the caller can look at
  // other things, and at the end. An error of the source comes after the rows before it.
  absl::StatusOr<Batch> Next();
  // Returns whether the source has no more rows.
  bool ended() const { return ended_; }

 private:
  // A row that was read and belongs to no batch so far.
  struct Held {
    Point point;
    RowPlace place;
    size_t bytes = 0;
    bool looks_bad = false;
  };

  // Reads a row into held_, unless there is one. Returns false at the end, after an error, and if
  // none came until the deadline.
  bool Hold(absl::Time deadline);

  VectorSource& source_;
  const BatchLimits limits_;
  const std::function<bool(const Point&)> looks_bad_;
  std::optional<Held> held_;
  absl::Status error_;  // of the source, until Next returns it
  bool ended_ = false;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_LOAD_BATCHER_H_
