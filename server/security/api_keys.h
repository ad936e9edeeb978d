// The keys by which callers prove themselves, and the role of each.
//
// A file of keys has one key a line. ` ro` after a key makes it read-only, `#` begins a comment,
// and blank lines are ignored. Memory holds digests only, and keys are compared by their digests in
// constant time. So the time of an answer does not tell a key.
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
  // Reads a file of keys. InvalidArgument names the file and the line, never a key. NotFound and
  // Internal when the file cannot be read.
  static absl::StatusOr<ApiKeys> Load(const std::string& path);
  // Reads keys from a text. Messages call the text `name`.
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
  // Returns the key with the same digest; null when there is none.
  const Key* Find(absl::string_view key) const;

  std::vector<Key> keys_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_SECURITY_API_KEYS_H_
