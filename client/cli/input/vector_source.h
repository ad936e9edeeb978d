// Points from files, one after the other, whatever the format.
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

struct SourceOptions {
  std::string path = {};           // .npy, .fvecs, .jsonl, .jsonl.gz, .ndjson; "-": JSON lines
  std::string format = {};         // npy, fvecs or jsonl; empty: by the ending of the path
  std::string vector_name = {};    // of the space that rows of .npy and .fvecs belong to
  std::string payloads_path = {};  // one JSON object a row, beside .npy and .fvecs; may be gzip
  std::string ids_path = {};       // one id a line, beside .npy and .fvecs
  std::string id_field = {};       // of the payload lines, holds the id; empty: none
  uint64_t id_start = 0;           // rows without an id get id_start + row
  // Told of each line of JSON lines that is no point, which is then passed over; empty: such a line
  // is an error.
  std::function<void(const absl::Status&)> on_bad_line = nullptr;
};

// InvalidArgument when options contradict each other or the format cannot be told from the name;
// reads no file.
absl::Status Validate(const SourceOptions& options);

// Dim of the vectors that a source holds for one space.
struct SourceSpace {
  std::string name;
  uint32_t dim = 0;
};

// Not thread-safe. Errors name the file and the row or line.
class VectorSource {
 public:
  // Opens all files and validates the options and what can be seen without reading the files whole.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(const SourceOptions& options);
  virtual ~VectorSource() = default;

  // Of the first point, for JSON lines. Empty when there is no point.
  virtual const std::vector<SourceSpace>& spaces() const = 0;
  // Names of the first point's sparse spaces.
  virtual std::vector<std::string> sparse_spaces() const { return {}; }
  virtual std::optional<uint64_t> total_rows() const = 0;
  // Part of the input that was read, 0..1; 0 when it cannot be known.
  virtual double fraction_read() const = 0;
  // The next point; false after the last.
  virtual absl::StatusOr<bool> Next(Point& point) = 0;
  // Passes over the next points, at most to the end.
  virtual absl::Status Skip(uint64_t rows);
};

// Limits of one batch; the first that is reached ends it. At least one point is taken.
struct BatchLimits {
  size_t points = 256;
  size_t bytes = size_t{8} << 20;  // of vectors and payloads
};

// The next points; empty at the end of the source.
absl::StatusOr<std::vector<Point>> ReadBatch(VectorSource& source, const BatchLimits& limits);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_VECTOR_SOURCE_H_
