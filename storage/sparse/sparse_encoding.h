// Sparse vectors as bytes on disk.
//
//   version   1 byte   kSparseEncodingVersion
//   count     varint   entries, at most kMaxNonZeros
//   indices   count varints: the first index, then for each further one the distance to the index
//             before it, less one
//   values    count float32, little-endian
//
// Varints are LEB128 (storage/coding.h); nothing follows the values. A vector of 100 entries out of
// 30,000 takes some 600 bytes. There is no checksum: RocksDB has one on every block.
#ifndef TQDB_STORAGE_SPARSE_SPARSE_ENCODING_H_
#define TQDB_STORAGE_SPARSE_SPARSE_ENCODING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "values/sparse_vector.h"

namespace tqdb::storage {

inline constexpr uint8_t kSparseEncodingVersion = 1;

// Appends a valid vector.
void EncodeSparseVector(SparseVectorView vector, std::string* out);
// DataLoss when the bytes are not an encoded vector as a whole; `vector` is unspecified then. Takes
// the place of what `vector` held, so that one can be used for many.
absl::Status DecodeSparseVector(absl::string_view bytes, SparseVector* vector);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SPARSE_ENCODING_H_
