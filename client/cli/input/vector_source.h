// Reads points from files, one after the other, in any of the supported formats.
#ifndef TQDB_CLIENT_CLI_INPUT_VECTOR_SOURCE_H_
#define TQDB_CLIENT_CLI_INPUT_VECTOR_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Files of a source, and how they are read.
struct SourceOptions {
  std::string path = {};           // file with vectors or points; "-": JSON lines from the input
  std::string format = {};         // npy, fvecs or jsonl; empty: by the ending of the path
  std::string vector_name = {};    // space of the rows of .npy and .fvecs
  std::string payloads_path = {};  // payloads of the rows of .npy and .fvecs; may be gzip
  std::string ids_path = {};       // ids of the rows of .npy and .fvecs
  std::string id_field = {};       // field of the payloads that has the id; empty: none
  uint64_t id_start = 0;           // id of row 0, if rows have no ids
  // Called with the error of each bad line of JSON lines, which is then skipped. If it is empty, a
  // bad line is an error.
  std::function<void(const absl::Status&)> on_bad_line = nullptr;
};

// Returns InvalidArgument if options contradict each other, or if the name does not tell the
// format. Reads no file.
absl::Status Validate(const SourceOptions& options);

// A vector space of a source, and the dim of its vectors.
struct SourceSpace {
  std::string name;
  uint32_t dim = 0;
};

// A stream of points. Errors name the file and the row or line.
//
// Not thread-safe.
class VectorSource {
 public:
  // Validates the options and opens all files. Finds every error that shows without reading the
  // files as a whole.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(const SourceOptions& options);
  virtual ~VectorSource() = default;

  // Returns the vector spaces. For JSON lines they are those of the first point; empty without
  // points.
  virtual const std::vector<SourceSpace>& spaces() const = 0;
  // Returns the names of the sparse spaces of the first point.
  virtual std::vector<std::string> sparse_spaces() const { return {}; }
  // Returns the number of rows, or nullopt if only reading can tell.
  virtual std::optional<uint64_t> total_rows() const = 0;
  // Returns the part of the input that was read, 0 to 1; 0 if it is not known.
  virtual double fraction_read() const = 0;
  // Reads the next point. Returns false after the last one.
  virtual absl::StatusOr<bool> Next(Point& point) = 0;
  // Skips the next `rows` points, or fewer at the end.
  virtual absl::Status Skip(uint64_t rows);
};

// Limits of one batch. The first limit that is reached ends it. A batch has at least one point,
// even if this point alone exceeds the limit of bytes.
struct BatchLimits {
  size_t points = 256;
  size_t bytes = size_t{8} << 20;  // bytes of vectors and payloads
};

// Returns the next batch; empty at the end of the source.
absl::StatusOr<std::vector<Point>> ReadBatch(VectorSource& source, const BatchLimits& limits);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_VECTOR_SOURCE_H_
