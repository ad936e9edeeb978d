// The keys by which callers prove themselves, and the role of each.
//
// A file of keys has one a line. ` ro` after a key makes it read-only; `#` begins a comment; blank
// lines are passed over. Memory holds digests alone, and keys are compared by them in constant
// time.
#ifndef TQDB_SERVER_SECURITY_API_KEYS_H_
#define TQDB_SERVER_SECURITY_API_KEYS_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/role.h"

namespace tqdb::server {

inline constexpr size_t kMinApiKeyBytes = 16;
inline constexpr size_t kMaxApiKeyBytes = 256;

// Immutable, so thread-safe.
class ApiKeys {
 public:
  // InvalidArgument names the file and the line, never a key; NotFound, Internal of the file.
  static absl::StatusOr<ApiKeys> Load(const std::string& path);
  // `name` is what messages call the text.
  static absl::StatusOr<ApiKeys> Parse(absl::string_view text, absl::string_view name);

  // Returns the role of the key in `authorization`, for example "Bearer KEY". Unauthenticated when
  // there is no key, when it has another form, or when it is unknown.
  absl::StatusOr<service::Role> RoleOf(std::optional<absl::string_view> authorization) const;

  size_t size() const { return keys_.size(); }

 private:
  using Digest = std::array<unsigned char, 32>;  // SHA-256
  struct Key {
    Digest digest;
    service::Role role;
  };

  static Digest Hash(absl::string_view key);
  // Null when there is none.
  const Key* Find(absl::string_view key) const;

  std::vector<Key> keys_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_SECURITY_API_KEYS_H_
