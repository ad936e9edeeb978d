// Integers and strings as bytes: the few encodings that docs/format.md uses.
//
// Fixed integers are little-endian in values. Keys use big-endian, because a database compares keys
// byte by byte, and only then is the order of bytes the order of numbers. Varints are LEB128: seven
// bits a byte, low bits first, the high bit set on all bytes but the last. Example: 300 is the
// bytes 0xac 0x02.
#ifndef TQDB_BASE_CODING_H_
#define TQDB_BASE_CODING_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Each appends a value to `out`.
void PutFixed32(std::string* out, uint32_t value);
void PutFixed64(std::string* out, uint64_t value);
void PutVarint64(std::string* out, uint64_t value);
// Appends the length as a varint, then the bytes.
void PutBytes(std::string* out, absl::string_view bytes);

// Each takes its field off the front of `in`. Returns false when the bytes do not hold one; `in` is
// then unspecified, and the value is not to be used.
[[nodiscard]] bool GetFixed8(absl::string_view* in, uint8_t* value);
[[nodiscard]] bool GetFixed32(absl::string_view* in, uint32_t* value);
[[nodiscard]] bool GetFixed64(absl::string_view* in, uint64_t* value);
[[nodiscard]] bool GetVarint64(absl::string_view* in, uint64_t* value);
[[nodiscard]] bool GetBytes(absl::string_view* in, std::string* bytes);

// StoreBigEndian64 writes 8 bytes in big-endian order, in which memcmp order is numeric order.
// LoadBigEndian64 reads them back.
void StoreBigEndian64(uint64_t value, char* out);
uint64_t LoadBigEndian64(const char* in);

}  // namespace tqdb::storage

#endif  // TQDB_BASE_CODING_H_
