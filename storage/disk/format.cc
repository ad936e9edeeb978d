#include "storage/disk/format.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/coding.h"
#include "base/float16.h"

namespace tqdb::storage {

static_assert(std::endian::native == std::endian::little,
              "floats are written as they lie in memory; a big-endian port swaps them here");

namespace {

constexpr absl::string_view kFormatPrefix = "tqdb data format ";

// Returns DataLoss with the damaged part named.
absl::Status BadConfig(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("collection configuration is damaged: ", what));
}

}  // namespace

absl::Status CheckCollectionVersion(uint32_t version, const CollectionConfig& config) {
  if (version > kNumberedFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("collection has format version ", version, "; this build reads versions 1 to ",
                     kNumberedFormatVersion,
                     ": open it with the release of tqdb that wrote it, or a later one"));
  }
  // Version 3 covers both kinds of configuration. Before it the version follows from the
  // configuration, so a disagreement means that one of them is damaged.
  const uint32_t uncounted = config.sparse_spaces.empty() ? kFormatVersion : kSparseFormatVersion;
  if (version == kNumberedFormatVersion || version == uncounted) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("configuration is not one of format version ", version));
}

std::string FormatFileContents() { return absl::StrCat(kFormatPrefix, kFormatVersion, "\n"); }

absl::Status CheckFormatFile(absl::string_view contents) {
  if (contents == FormatFileContents()) return absl::OkStatus();
  absl::string_view rest = contents;
  uint32_t version;
  if (absl::ConsumePrefix(&rest, kFormatPrefix) && absl::ConsumeSuffix(&rest, "\n") &&
      absl::SimpleAtoi(rest, &version)) {
    return absl::FailedPreconditionError(absl::StrCat("data directory has format version ", version,
                                                      "; this build reads version ",
                                                      kFormatVersion));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("FORMAT file says '", absl::CHexEscape(contents.substr(0, 64)), "'; need '",
                   kFormatPrefix, kFormatVersion, "'"));
}

std::string EncodeConfig(const CollectionConfig& config) {
  std::string out;
  PutVarint64(&out, config.spaces.size());
  for (const VectorSpaceConfig& space : config.spaces) {
    PutBytes(&out, space.name);
    PutFixed32(&out, static_cast<uint32_t>(space.codec.dim));
    out.push_back(static_cast<char>(space.codec.metric));
    out.push_back(static_cast<char>(space.codec.code_bits));
    out.push_back(static_cast<char>(space.codec.residual));
    out.push_back(static_cast<char>(space.centering));
    out.push_back(static_cast<char>(space.store_vectors));
    PutFixed64(&out, space.codec.seed);
    PutFixed32(&out, space.codec.format_version);
  }
  // Version 1 ends here. An empty list of sparse spaces is not written. So a collection without any
  // has exactly the bytes that older builds read.
  if (config.sparse_spaces.empty()) return out;
  PutVarint64(&out, config.sparse_spaces.size());
  for (const SparseSpaceConfig& space : config.sparse_spaces) {
    PutBytes(&out, space.name);
    out.push_back(static_cast<char>(space.modifier));
  }
  return out;
}

absl::StatusOr<CollectionConfig> DecodeConfig(absl::string_view bytes) {
  CollectionConfig config;
  uint64_t num_spaces;
  if (!GetVarint64(&bytes, &num_spaces) || num_spaces == 0 || num_spaces > kMaxSpaces) {
    return BadConfig("number of vector spaces");
  }
  for (uint64_t i = 0; i < num_spaces; ++i) {
    VectorSpaceConfig& space = config.spaces.emplace_back();
    uint32_t dim;
    uint8_t metric, code_bits, residual, centering, store_vectors;
    if (!GetBytes(&bytes, &space.name) || !GetFixed32(&bytes, &dim) ||
        !GetFixed8(&bytes, &metric) || !GetFixed8(&bytes, &code_bits) ||
        !GetFixed8(&bytes, &residual) || !GetFixed8(&bytes, &centering) ||
        !GetFixed8(&bytes, &store_vectors) || !GetFixed64(&bytes, &space.codec.seed) ||
        !GetFixed32(&bytes, &space.codec.format_version)) {
      return BadConfig("truncated");
    }
    // The ranges are checked before the casts. A value outside of an enum would otherwise reach
    // switches that do not expect it.
    if (metric < 1 || metric > 3 || residual < 1 || residual > 2 || centering < 1 ||
        centering > 2 || store_vectors < 1 || store_vectors > 3) {
      return BadConfig(absl::StrCat("unknown enumerator in vector space '", space.name, "'"));
    }
    // The ranges of dim, code_bits and the codec's version are not checked here: Codec::Create
    // refuses what it cannot do, and the loader calls it for each space.
    space.codec.dim = dim;
    space.codec.metric = static_cast<Metric>(metric);
    space.codec.code_bits = code_bits;
    space.codec.residual = static_cast<Residual>(residual);
    space.centering = static_cast<Centering>(centering);
    space.store_vectors = static_cast<StoreVectors>(store_vectors);
  }
  if (bytes.empty()) return config;
  if (!GetVarint64(&bytes, &num_spaces) || num_spaces == 0 || num_spaces > kMaxSpaces) {
    return BadConfig("number of sparse spaces");
  }
  for (uint64_t i = 0; i < num_spaces; ++i) {
    SparseSpaceConfig& space = config.sparse_spaces.emplace_back();
    uint8_t modifier;
    if (!GetBytes(&bytes, &space.name) || !GetFixed8(&bytes, &modifier)) {
      return BadConfig("truncated");
    }
    space.modifier = static_cast<SparseModifier>(modifier);
    if (space.modifier != SparseModifier::kNone && space.modifier != SparseModifier::kIdf) {
      return BadConfig(absl::StrCat("unknown enumerator in sparse space '", space.name, "'"));
    }
  }
  if (!bytes.empty()) return BadConfig("trailing bytes");
  return config;
}

std::string EncodeMetadata(const std::map<std::string, std::string>& metadata) {
  std::string out;
  PutVarint64(&out, metadata.size());
  for (const auto& [key, value] : metadata) {
    PutBytes(&out, key);
    PutBytes(&out, value);
  }
  return out;
}

absl::StatusOr<std::map<std::string, std::string>> DecodeMetadata(absl::string_view bytes) {
  std::map<std::string, std::string> metadata;
  uint64_t size;
  // The number of entries is not trusted, so no memory is reserved for it. Each entry takes bytes,
  // so damaged bytes end the loop soon.
  bool ok = GetVarint64(&bytes, &size);
  for (uint64_t i = 0; ok && i < size; ++i) {
    std::string key, value;
    ok = GetBytes(&bytes, &key) && GetBytes(&bytes, &value);
    metadata.emplace(std::move(key), std::move(value));
  }
  if (!ok || !bytes.empty()) return absl::DataLossError("collection metadata is damaged");
  return metadata;
}

std::string EncodeMean(absl::Span<const float> mu) {
  return std::string(reinterpret_cast<const char*>(mu.data()), mu.size() * sizeof(float));
}

absl::StatusOr<std::vector<float>> DecodeMean(absl::string_view bytes, size_t dim) {
  if (bytes.size() != dim * sizeof(float)) {
    return absl::DataLossError(absl::StrCat("mean has ", bytes.size(), " bytes; need ",
                                            dim * sizeof(float), " for dim ", dim));
  }
  std::vector<float> mu(dim);
  std::memcpy(mu.data(), bytes.data(), bytes.size());
  return mu;
}

size_t VectorBytes(size_t dim, StoreVectors form) {
  switch (form) {
    case StoreVectors::kNone: return 0;
    case StoreVectors::kF16: return dim * sizeof(uint16_t);
    case StoreVectors::kF32: return dim * sizeof(float);
  }
  return 0;
}

void EncodeVector(absl::Span<const float> vector, StoreVectors form, std::string* out) {
  out->resize(VectorBytes(vector.size(), form));
  if (form == StoreVectors::kF32) {
    std::memcpy(out->data(), vector.data(), out->size());
  } else if (form == StoreVectors::kF16) {
    for (size_t i = 0; i < vector.size(); ++i) {
      const uint16_t half = FloatToHalf(vector[i]);
      std::memcpy(out->data() + i * sizeof(half), &half, sizeof(half));
    }
  }
}

absl::Status DecodeVector(absl::string_view bytes, StoreVectors form, absl::Span<float> vector) {
  // A length that differs means another dim or another form. To decode it anyway would give
  // plausible numbers that are wrong.
  if (form == StoreVectors::kNone || bytes.size() != VectorBytes(vector.size(), form)) {
    return absl::DataLossError(absl::StrCat("stored vector has ", bytes.size(), " bytes; need ",
                                            VectorBytes(vector.size(), form)));
  }
  if (form == StoreVectors::kF32) {
    std::memcpy(vector.data(), bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  for (size_t i = 0; i < vector.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, bytes.data() + i * sizeof(half), sizeof(half));
    vector[i] = HalfToFloat(half);
  }
  return absl::OkStatus();
}

size_t CodeRecordBytes(const CodecOptions& options) {
  const size_t dim = std::max(options.dim, kMinCodedDim);
  return sizeof(CodeHeader) + (dim + 7) / 8 +
         RecordPacking(dim, options.code_bits, options.residual).bytes;
}

std::string EncodePayload(absl::string_view id_key, absl::string_view json) {
  return absl::StrCat(id_key, json);
}

}  // namespace tqdb::storage
