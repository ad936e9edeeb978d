// The rows of a .npy file as float32, in any order.
#ifndef TQDB_BASE_NPY_READER_H_
#define TQDB_BASE_NPY_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/file_reader.h"
#include "base/npy.h"

namespace tqdb {

// Reads about a MiB at a time. Of an array in column-major order, whose rows lie scattered, it
// reads about 64 MiB at a time, so that each column gives many items at once. Not thread-safe.
class NpyReader {
 public:
  // Requires types in `allowed`; a file of another type is InvalidArgument. Returns the errors of
  // FileReader::Open and of ReadNpyHeader, so that a truncated file is found before its first row
  // is used.
  static absl::StatusOr<NpyReader> Open(const std::string& path, absl::Span<const NpyType> allowed);
  // Reads a file that is open.
  static absl::StatusOr<NpyReader> Open(FileReader file, absl::Span<const NpyType> allowed);

  const NpyHeader& header() const { return header_; }
  // Reads the next row and converts it. Requires header().dim places in `row`. Returns OutOfRange
  // after the last row. Numbers that float32 does not have are rounded to the nearest one: of
  // float64, and of integers beyond 2^24. Booleans are 0 and 1.
  absl::Status ReadRow(absl::Span<float> row);
  // Makes `row` the one that ReadRow returns next. Requires `row` <= header().rows.
  void Seek(uint64_t row) { next_row_ = row; }

 private:
  NpyReader(FileReader file, NpyHeader header);
  absl::Status FillBuffer();
  // Fills buffer_ with `count` rows of an array in column-major order.
  absl::Status GatherRows(uint64_t count);

  FileReader file_;
  NpyHeader header_;
  uint64_t next_row_ = 0;
  // Rows [buffer_begin_, buffer_end_), row-major, in the type and byte order of the file.
  std::vector<char> buffer_;
  uint64_t buffer_begin_ = 0;
  uint64_t buffer_end_ = 0;
};

}  // namespace tqdb

#endif  // TQDB_BASE_NPY_READER_H_
