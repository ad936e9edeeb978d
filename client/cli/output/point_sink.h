// The destination of an export.
#ifndef TQDB_CLIENT_CLI_OUTPUT_POINT_SINK_H_
#define TQDB_CLIENT_CLI_OUTPUT_POINT_SINK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Files appear under their names when Finish succeeds, so an interrupted export leaves none.
//
// Not thread-safe.
class PointSink {
 public:
  // Opens the destination that the ending of `path` asks for:
  // - .npy takes the vectors of the space `vector_name`, and two more files take ids and payloads;
  // - .gz takes JSON lines and compresses them;
  // - any other name takes JSON lines, and "-" is the standard output.
  // NotFound if the collection has no such space.
  static absl::StatusOr<std::unique_ptr<PointSink>> Open(const std::string& path,
                                                         const std::string& vector_name,
                                                         const CollectionInfo& info);
  virtual ~PointSink() = default;

  virtual absl::Status Append(const Point& point) = 0;
  // Completes all files. No call may follow.
  virtual absl::Status Finish() = 0;
  // Returns the paths of the files.
  virtual std::vector<std::string> files() const = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_POINT_SINK_H_
