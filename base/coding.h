// Integers and strings as bytes: the few encodings that docs/format.md uses.
//
// Fixed integers are little-endian in values; keys use big-endian (see keys.h). Varints are LEB128.
#ifndef TQDB_BASE_CODING_H_
#define TQDB_BASE_CODING_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

void PutFixed32(std::string* out, uint32_t value);
void PutFixed64(std::string* out, uint64_t value);
void PutVarint64(std::string* out, uint64_t value);
// Varint length, then the bytes.
void PutBytes(std::string* out, absl::string_view bytes);

// Each takes its field off the front of `in`. False, and `in` unspecified, when the bytes do not
// hold one.
[[nodiscard]] bool GetFixed8(absl::string_view* in, uint8_t* value);
[[nodiscard]] bool GetFixed32(absl::string_view* in, uint32_t* value);
[[nodiscard]] bool GetFixed64(absl::string_view* in, uint64_t* value);
[[nodiscard]] bool GetVarint64(absl::string_view* in, uint64_t* value);
[[nodiscard]] bool GetBytes(absl::string_view* in, std::string* bytes);

// Big-endian, so that memcmp order is numeric order.
void StoreBigEndian64(uint64_t value, char* out);
uint64_t LoadBigEndian64(const char* in);

}  // namespace tqdb::storage

#endif  // TQDB_BASE_CODING_H_
