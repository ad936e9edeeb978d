// Versions and values of the disk format. docs/format.md is the contract; this file is held to it
// by the golden database in tests/golden.
#ifndef TQDB_STORAGE_DISK_FORMAT_H_
#define TQDB_STORAGE_DISK_FORMAT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/api/options.h"

namespace tqdb::storage {

// Of the data directory and of every collection in it. A change of any byte below is a new version.
inline constexpr uint32_t kFormatVersion = 1;
// A collection that has sparse spaces, and whose records were never counted.
inline constexpr uint32_t kSparseFormatVersion = 2;
// A collection that counts its records, with or without sparse spaces. Every new collection is one,
// and an older one becomes one with the first record that it is given: a build that knows nothing
// of the count would not keep it, so it must refuse the collection.
inline constexpr uint32_t kNumberedFormatVersion = 3;

// OK when this build reads a collection of the version and the version fits the configuration.
// FailedPrecondition, saying what to do, when the version is a newer one; DataLoss when it does not
// fit.
absl::Status CheckCollectionVersion(uint32_t version, const CollectionConfig& config);

// Contents of the FORMAT file: "tqdb data format 1\n".
std::string FormatFileContents();
// FailedPrecondition names the version found and the one this build reads.
absl::Status CheckFormatFile(absl::string_view contents);

// The frozen part of a configuration: every space, not the metadata.
std::string EncodeConfig(const CollectionConfig& config);
// DataLoss when the bytes are no configuration.
absl::StatusOr<CollectionConfig> DecodeConfig(absl::string_view bytes);

std::string EncodeMetadata(const std::map<std::string, std::string>& metadata);
absl::StatusOr<std::map<std::string, std::string>> DecodeMetadata(absl::string_view bytes);

// A mean: dim floats, little-endian.
std::string EncodeMean(absl::Span<const float> mu);
absl::StatusOr<std::vector<float>> DecodeMean(absl::string_view bytes, size_t dim);

// An original vector of dim floats as the space keeps it: float32 or float16, little-endian.
void EncodeVector(absl::Span<const float> vector, StoreVectors form, std::string* out);
// `vector` has the dim expected; DataLoss when the bytes are of another length.
absl::Status DecodeVector(absl::string_view bytes, StoreVectors form, absl::Span<float> vector);
// Bytes of one original, 0 for kNone.
size_t VectorBytes(size_t dim, StoreVectors form);

// Bytes of one code record of a valid configuration: Codec::code_bytes() without a codec.
size_t CodeRecordBytes(const CodecOptions& options);

// A payload value: the id in key form, then the JSON text (none: nothing).
std::string EncodePayload(absl::string_view id_key, absl::string_view json);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_FORMAT_H_
