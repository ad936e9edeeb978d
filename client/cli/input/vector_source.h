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
#include "absl/time/time.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Place of a row in its file. Rows are counted from 0, bad ones too and blank lines not.
struct RowPlace {
  uint64_t row = 0;
  uint64_t line = 0;  // number of the line, from 1; 0 in files without lines
};

// Files of a source, and how they are read.
struct SourceOptions {
  std::string path = {};           // file with vectors or points; "-": the standard input
  std::string format = {};         // one of kSourceFormats; empty: by the ending of the path
  std::string vector_name = {};    // space of the rows of files that hold vectors alone
  std::string payloads_path = {};  // payloads of the rows of such files; may be gzip
  std::string ids_path = {};       // ids of the rows of such files
  std::string array = {};          // array of a .npz; empty: the only one
  // Key that has the id: of JSON lines (empty: "id"), or of the payloads (empty: none has it).
  std::string id_field = {};
  std::string vector_field = {};  // key of JSON lines that has the vector; empty: "vector"
  bool payload_rest = false;      // other keys of JSON lines are the payload
  bool hash_ids = false;          // texts that are no UUIDs become one (point_line.h)
  uint64_t id_start = 0;          // id of row 0, if rows have no ids
  uint64_t skip = 0;              // number of rows to pass over
  uint64_t rows = 0;              // number of rows to read after them; 0: all
  // Called for each bad row, which is then passed over. If it is empty, a bad row is an error.
  std::function<void(const RowPlace&, const absl::Status&)> on_bad_row = nullptr;
  // Asked about ten times a second while a pipe is waited for. May be empty.
  std::function<bool()> interrupted = nullptr;
};

// Names of the formats, as --format takes them.
inline constexpr const char* kSourceFormats[] = {"npy", "npz", "fvecs", "bvecs", "ivecs", "jsonl"};

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
  // Validates the options, opens all files and passes over `skip` rows. Finds every error that
  // shows without reading the vectors as a whole: counts of lines that differ from the count of
  // rows, ids that are none or beyond 2^64 - 1. OutOfRange if there are fewer than `skip` rows.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(const SourceOptions& options);
  virtual ~VectorSource() = default;

  // Returns the vector spaces. For JSON lines they are those of the first point; empty without
  // points.
  virtual const std::vector<SourceSpace>& spaces() const = 0;
  // Returns the names of the sparse spaces of the first point.
  virtual std::vector<std::string> sparse_spaces() const { return {}; }
  // Returns the number of rows that Next gives in all, bad ones included, or nullopt if only
  // reading can tell.
  virtual std::optional<uint64_t> total_rows() const = 0;
  // Returns the part of the input that was read, 0 to 1; 0 if it is not known.
  virtual double fraction_read() const = 0;
  // Returns true as soon as Next would not wait for a pipe, and false if that is not so at
  // `deadline`.
  virtual bool Await(absl::Time deadline) { return deadline > absl::InfinitePast(); }
  // Reads the next point. Returns false after the last one. After the error of a bad row the next
  // call goes on behind it.
  virtual absl::StatusOr<bool> Next(Point& point) = 0;
  // Returns the place of the point that Next has given last.
  virtual RowPlace place() const = 0;
  // Returns the place in words: "points.jsonl:7" or "vectors.npy: row 6".
  virtual std::string Describe(const RowPlace& place) const = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_VECTOR_SOURCE_H_
