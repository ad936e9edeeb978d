// Where the points of an export go.
#ifndef TQDB_CLIENT_CLI_OUTPUT_POINT_SINK_H_
#define TQDB_CLIENT_CLI_OUTPUT_POINT_SINK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Not thread-safe. Files appear under their names when Finish succeeds.
class PointSink {
 public:
  // By the name: .npy takes the vectors of the space `vector_name` of the collection and writes ids
  // and payloads to files beside it; .gz compresses JSON lines; all else, and "-", the standard
  // output, is JSON lines. NotFound when there is no such space.
  static absl::StatusOr<std::unique_ptr<PointSink>> Open(const std::string& path,
                                                         const std::string& vector_name,
                                                         const CollectionInfo& info);
  virtual ~PointSink() = default;

  virtual absl::Status Append(const Point& point) = 0;
  virtual absl::Status Finish() = 0;
  virtual std::vector<std::string> files() const = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_POINT_SINK_H_
