#include "server/security/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/read_file.h"
#include "base/status_macros.h"

namespace tqdb::server {

namespace {

// Returns the key in "Bearer KEY". The name of the scheme may be in upper or lower case.
std::optional<absl::string_view> BearerKey(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return std::nullopt;
  return absl::StripAsciiWhitespace(authorization.substr(kScheme.size()));
}

absl::Status CheckKey(absl::string_view key, const std::string& where) {
  if (key.size() < kMinApiKeyBytes || key.size() > kMaxApiKeyBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, "has a key of ", key.size(), " characters; need ", kMinApiKeyBytes,
                     " to ", kMaxApiKeyBytes, ", for example from `openssl rand -hex 32`"));
  }
  // Metadata of gRPC can hold printable characters only.
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (printable) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(where, "has a key with a character that is not printable ASCII"));
}

}  // namespace

absl::StatusOr<ApiKeys> ApiKeys::Load(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("--api-key-file: ", text.status().message()));
  }
  return Parse(*text, absl::StrCat("--api-key-file ", path));
}

absl::StatusOr<ApiKeys> ApiKeys::Parse(absl::string_view text, absl::string_view name) {
  ApiKeys keys;
  size_t line_number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    const std::string where = absl::StrCat(name, ":", line_number, ": ");
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() > 2 || (words.size() == 2 && words[1] != "ro")) {
      return absl::InvalidArgumentError(absl::StrCat(where, "need one key, or one key and ` ro`"));
    }
    if (absl::Status s = CheckKey(words[0], where); !s.ok()) return s;
    if (keys.Find(words[0]) != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(where, "has a key that was there before"));
    }
    keys.keys_.push_back(
        {Hash(words[0]), words.size() == 2 ? service::Role::kReader : service::Role::kWriter});
  }
  if (keys.keys_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": has no key; need at least one"));
  }
  return keys;
}

absl::StatusOr<service::Role> ApiKeys::RoleOf(
    std::optional<absl::string_view> authorization) const {
  if (!authorization.has_value()) {
    return absl::UnauthenticatedError(
        "this server needs an API key: send the metadata `authorization: Bearer KEY`");
  }
  const std::optional<absl::string_view> bearer = BearerKey(*authorization);
  if (!bearer.has_value()) {
    return absl::UnauthenticatedError(
        "the metadata `authorization` is not of the form `Bearer KEY`");
  }
  const Key* key = Find(*bearer);
  if (key == nullptr) {
    return absl::UnauthenticatedError("the API key is not known to this server");
  }
  return key->role;
}

ApiKeys::Digest ApiKeys::Hash(absl::string_view key) {
  Digest digest;
  EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

const ApiKeys::Key* ApiKeys::Find(absl::string_view key) const {
  const Digest digest = Hash(key);
  const Key* found = nullptr;
  // The loop goes to the end even after a match. So its time does not tell which key matched.
  for (const Key& candidate : keys_) {
    const bool equal = CRYPTO_memcmp(candidate.digest.data(), digest.data(), digest.size()) == 0;
    found = equal ? &candidate : found;
  }
  return found;
}

}  // namespace tqdb::server
