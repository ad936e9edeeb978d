// CRC32C (Castagnoli), the checksum of write records.
#ifndef TQDB_BASE_CRC32C_H_
#define TQDB_BASE_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace tqdb {

// Returns the checksum of the bytes: 0xe3069283 for "123456789".
uint32_t Crc32c(absl::string_view bytes);

}  // namespace tqdb

#endif  // TQDB_BASE_CRC32C_H_
