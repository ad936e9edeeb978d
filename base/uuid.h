// UUIDs as text: 36 characters such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8. Any 128 bits are
// accepted, whatever version and variant they claim.
#ifndef TQDB_BASE_UUID_H_
#define TQDB_BASE_UUID_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb {

// The 128 bits of a UUID, most significant first: 6ba7b810-9dad-11d1-80b4-00c04fd430c8 has the high
// word 0x6ba7b8109dad11d1 and the low word 0x80b400c04fd430c8.
struct Uuid {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const Uuid& a, const Uuid& b) = default;
};

// Returns nullopt unless the text has the form above. Digits may be in upper or lower case.
std::optional<Uuid> ParseUuid(absl::string_view text);

// Returns the form above, with digits in lower case.
std::string FormatUuid(Uuid uuid);

// Returns the UUID of a name within a namespace, version 5 (RFC 9562, section 5.5): a part of their
// SHA-1 digest. The same two always give the same UUID.
Uuid NameUuid(Uuid space, absl::string_view name);

}  // namespace tqdb

#endif  // TQDB_BASE_UUID_H_
