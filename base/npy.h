// The header of NumPy's .npy files, versions 1.0, 2.0 and 3.0.
//
// A file is: the magic bytes 93 'NUMPY', two version bytes, the length of the dictionary
// (little-endian, 2 bytes in version 1.0 and 4 in the others), the dictionary, and the array. The
// dictionary is Python, in ASCII or from version 3.0 on in UTF-8, with exactly the keys 'descr',
// 'fortran_order' and 'shape':
//
//   {'descr': '<f4', 'fortran_order': False, 'shape': (1000, 512), }
//
// Accepted are two-dimensional arrays, and one-dimensional ones as a single row, of numbers in
// either byte order. Everything else is an error that says what was found. npy_reader.h reads the
// items.
#ifndef TQDB_BASE_NPY_H_
#define TQDB_BASE_NPY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/file_reader.h"

namespace tqdb {

// Type of an item. A file in the other byte order has '>' in place of '<'.
enum class NpyType {
  kFloat16,  // '<f2'
  kFloat32,  // '<f4'
  kFloat64,  // '<f8'
  kInt8,     // '|i1'
  kUint8,    // '|u1'
  kInt16,    // '<i2'
  kUint16,   // '<u2'
  kInt32,    // '<i4'
  kUint32,   // '<u4'
  kInt64,    // '<i8'
  kUint64,   // '<u8'
  kBool,     // '|b1'
};

// All of them, for readers that take every array of numbers.
inline constexpr NpyType kAllNpyTypes[] = {NpyType::kFloat16, NpyType::kFloat32, NpyType::kFloat64,
                                           NpyType::kInt8,    NpyType::kUint8,   NpyType::kInt16,
                                           NpyType::kUint16,  NpyType::kInt32,   NpyType::kUint32,
                                           NpyType::kInt64,   NpyType::kUint64,  NpyType::kBool};

struct NpyHeader {
  NpyType type = NpyType::kFloat32;
  size_t item_bytes = 4;
  bool big_endian = false;
  bool column_major = false;  // item (r, c) is number c * rows + r; else it is number r * dim + c
  uint64_t rows = 0;
  uint32_t dim = 0;          // items of a row, above zero
  uint64_t data_offset = 0;  // position of the first item in the file

  uint64_t row_bytes() const { return uint64_t{dim} * item_bytes; }
};

// Reads the start of a file and checks the size of the file by it. `allowed` lists the types that
// the caller reads. Returns InvalidArgument for a type that is not among them and for a file of
// another kind, DataLoss when the file is shorter or longer than its header says. Messages begin
// with the path. rows * dim * item_bytes of the result fits in 63 bits.
absl::StatusOr<NpyHeader> ReadNpyHeader(const FileReader& file, absl::Span<const NpyType> allowed);

// Returns the bytes before the first item of a (rows, dim) array of float32, version 1.0. They are
// 128 for every shape up to 2^64 rows, so that a writer may fill in the number of rows at the end.
std::string NpyPreamble(uint64_t rows, uint32_t dim);

}  // namespace tqdb

#endif  // TQDB_BASE_NPY_H_
