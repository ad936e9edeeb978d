// A compressed bitmap as plain bits.
//
// The scan takes a filter as plain bits, one a row. CRoaring has no call for that in Debian 12's
// version, and its containers in memory change from version to version. Its portable serialised
// format is fixed, so this file reads that. A dense container is 8 KiB of plain bits there. Copying
// them is sixteen times faster than setting bits one by one. Source:
// github.com/RoaringBitmap/RoaringFormatSpec.
//
// The format, as far as it is read here. Numbers are little-endian:
//
// clang-format off
//   cookie      4 bytes        12346, or 12347 in the low half and count - 1 in the high half
//   count       4 bytes        number of containers; only with cookie 12346
//   is_run      count bits     which containers are runs; only with cookie 12347
//   keys        4 bytes each   upper 16 bits of the container's numbers, then their count less one
//   offsets     4 bytes each   not read; missing if there are runs and fewer than 4 containers
//   containers                 runs:   count, then (first, length - 1) of each; 2 bytes a number
//                              arrays: up to 4,096 numbers of 2 bytes
//                              bits:   8 KiB
// clang-format on
//
// Thread-safe: one function without state.
#ifndef TQDB_STORAGE_PAYLOAD_BITMAP_BITS_H_
#define TQDB_STORAGE_PAYLOAD_BITMAP_BITS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tqdb::storage {

// Sets bit (number + offset) % 64 of words[(number + offset) / 64] for each number of a bitmap in
// portable format. Leaves all other bits alone. Requires: every bit lies within `words`; `offset`
// is a multiple of 64, and may be negative.
void SetBits(absl::string_view portable, int64_t offset, absl::Span<uint64_t> words);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_BITMAP_BITS_H_
