#include "storage/engine/validate_config.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

constexpr size_t kMaxQuotedBytes = 80;  // longest part of a value that a message quotes

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-'; }

absl::Status ValidateSpaceName(absl::string_view name, absl::string_view field) {
  if (name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".name is ", name.size(), " bytes long; need at most ", kMaxNameBytes));
  }
  for (const char c : name) {
    if (IsNameCharacter(c)) continue;
    return absl::InvalidArgumentError(absl::StrCat(field, ".name is ",
                                                   Quoted(name, kMaxQuotedBytes),
                                                   "; need letters, digits and '_', '.', '-'"));
  }
  return absl::OkStatus();
}

absl::Status ValidateSpaceConfig(const VectorSpaceConfig& space, absl::string_view field) {
  const auto bad = [&](absl::string_view what, auto got, absl::string_view need) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".", what, " is ", got, "; need ", need));
  };
  TQDB_RETURN_IF_ERROR(ValidateSpaceName(space.name, field));
  const CodecOptions& codec = space.codec;
  if (codec.dim < kMinDim || codec.dim > kMaxDim) {
    return bad("dim", codec.dim, absl::StrCat(kMinDim, " to ", kMaxDim));
  }
  // Enumerators are compared with each value that is known, because a message of a later client may
  // have any number there.
  if (codec.metric != Metric::kCosine && codec.metric != Metric::kDot &&
      codec.metric != Metric::kL2) {
    return bad("metric", static_cast<int>(codec.metric), "COSINE, DOT or L2");
  }
  const int bits = codec.code_bits;
  if (!(bits >= 1 && bits <= 4) && bits != 8) return bad("code_bits", bits, "1, 2, 3, 4 or 8");
  if (codec.residual != Residual::kNone && codec.residual != Residual::kQjl) {
    return bad("residual", static_cast<int>(codec.residual), "NONE or QJL");
  }
  // The version is stored with the collection, so that every later build knows by which tables its
  // codes were made. It is not for the caller to choose.
  if (codec.format_version != CodecOptions().format_version) {
    return bad("format_version", codec.format_version, absl::StrCat(CodecOptions().format_version));
  }
  if (space.centering != Centering::kOff && space.centering != Centering::kAuto) {
    return bad("centering", static_cast<int>(space.centering), "OFF or AUTO");
  }
  if (space.store_vectors != StoreVectors::kNone && space.store_vectors != StoreVectors::kF16 &&
      space.store_vectors != StoreVectors::kF32) {
    return bad("store_vectors", static_cast<int>(space.store_vectors), "NONE, F16 or F32");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateCollectionName(absl::string_view name) {
  // The first character rules out "." and "..", and the set of characters rules out separators. So
  // the name is one component of a path below the data directory, whoever chose it.
  bool good = !name.empty() && name.size() <= kMaxNameBytes && name[0] != '.';
  for (const char c : name) good &= IsNameCharacter(c);
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("collection name is ", Quoted(name, kMaxQuotedBytes), "; need 1 to ",
                   kMaxNameBytes, " letters, digits, '_', '.' or '-', not starting with '.'"));
}

absl::Status ValidateMetadata(const std::map<std::string, std::string>& metadata) {
  size_t bytes = 0;
  for (const auto& [key, value] : metadata) bytes += key.size() + value.size();
  if (bytes <= kMaxMetadataBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("metadata has ", bytes, " bytes; at most ", kMaxMetadataBytes, " are allowed"));
}

absl::Status ValidateConfig(const CollectionConfig& config) {
  if (config.spaces.empty() || config.spaces.size() > kMaxSpaces) {
    return absl::InvalidArgumentError(absl::StrCat("config has ", config.spaces.size(),
                                                   " vector_spaces; need 1 to ", kMaxSpaces));
  }
  for (size_t i = 0; i < config.spaces.size(); ++i) {
    const std::string field = absl::StrCat("vector_spaces[", i, "]");
    TQDB_RETURN_IF_ERROR(ValidateSpaceConfig(config.spaces[i], field));
    for (size_t j = 0; j < i; ++j) {
      if (config.spaces[j].name == config.spaces[i].name) {
        return absl::InvalidArgumentError(absl::StrCat(field, ".name '", config.spaces[i].name,
                                                       "' is also the name of vector_spaces[", j,
                                                       "]; names must differ"));
      }
    }
  }
  if (config.sparse_spaces.size() > kMaxSpaces) {
    return absl::InvalidArgumentError(absl::StrCat("config has ", config.sparse_spaces.size(),
                                                   " sparse_spaces; at most ", kMaxSpaces,
                                                   " are allowed"));
  }
  // Spaces of both kinds share one set of names, because a search names its space without the kind.
  absl::flat_hash_set<absl::string_view> names;
  for (const VectorSpaceConfig& space : config.spaces) names.insert(space.name);
  for (size_t i = 0; i < config.sparse_spaces.size(); ++i) {
    const SparseSpaceConfig& space = config.sparse_spaces[i];
    const std::string field = absl::StrCat("sparse_spaces[", i, "]");
    // The empty name belongs to dense vectors: it is the usual name of a collection's only vector
    // space.
    if (space.name.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".name is empty; need one"));
    }
    TQDB_RETURN_IF_ERROR(ValidateSpaceName(space.name, field));
    if (!names.insert(space.name).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".name '", space.name, "' is also the name of another space; names must differ"));
    }
    if (space.modifier != SparseModifier::kNone && space.modifier != SparseModifier::kIdf) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".modifier is ", static_cast<int>(space.modifier), "; need NONE or IDF"));
    }
  }
  return ValidateMetadata(config.metadata);
}

}  // namespace tqdb::storage
