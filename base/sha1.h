// SHA-1 (FIPS 180-4). Only for UUIDs that are made from names, and to notice a page token of
// another walk: it protects nothing, because texts with equal digests can be made.
#ifndef TQDB_BASE_SHA1_H_
#define TQDB_BASE_SHA1_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace tqdb {

using Sha1Digest = std::array<uint8_t, 20>;

// Returns the digest of a text of any length.
Sha1Digest Sha1(absl::string_view text);

}  // namespace tqdb

#endif  // TQDB_BASE_SHA1_H_
