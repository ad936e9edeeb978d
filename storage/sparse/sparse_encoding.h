// Sparse vectors as bytes on disk.
//
// clang-format off
//   version   1 byte         kSparseEncodingVersion
//   count     varint         number of entries, at most kMaxNonZeros
//   indices   count varints  the first index; then the distance to the index before, less one
//   values    count float32  little-endian
// clang-format on
//
// Example: the entries 5: 1.0 and 8: -2.0 are 01, 02, 05 02, 0000803f, 000000c0. Indices ascend, so
// distances are small and mostly take one byte or two.
//
// Varints are LEB128 (base/coding.h); nothing follows the values. A vector of 100 entries out of
// 30,000 takes some 600 bytes. There is no checksum, because RocksDB has one on every block.
//
// Thread-safe: functions without state.
#ifndef TQDB_STORAGE_SPARSE_SPARSE_ENCODING_H_
#define TQDB_STORAGE_SPARSE_SPARSE_ENCODING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "values/sparse_vector.h"

namespace tqdb::storage {

inline constexpr uint8_t kSparseEncodingVersion = 1;

// Appends the bytes of a vector to `out`. Requires: ValidateSparseVector accepts the vector.
void EncodeSparseVector(SparseVectorView vector, std::string* out);
// Replaces the contents of `vector`, whose memory is used again. DataLoss if the bytes are not
// exactly one encoded vector; `vector` is unspecified then.
absl::Status DecodeSparseVector(absl::string_view bytes, SparseVector* vector);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SPARSE_ENCODING_H_
