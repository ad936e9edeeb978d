// Versions and values of the disk format. The contract is docs/format.md; the golden databases in
// tests/golden hold this file to it. Keys are in keys.h.
//
// The encoders write what docs/format.md says, byte for byte. The decoders trust nothing: every
// length, number and enumerator is checked, and a violation is DataLoss, which quarantines the
// collection.
//
// Thread-safe: free functions without state.
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

// Version of the data directory, and of a collection that has no sparse spaces and whose records
// were never counted. A change of any byte below is a new version.
inline constexpr uint32_t kFormatVersion = 1;
// Version of a collection that has sparse spaces and whose records were never counted. It is a
// number of its own so that older builds refuse the collection: they would not see the sparse
// vectors.
inline constexpr uint32_t kSparseFormatVersion = 2;
// A collection that counts its records, with or without sparse spaces. Every new collection is one,
// and an older one becomes one with the first record that it is given: a build that knows nothing
// of the count would not keep it, so it must refuse the collection.
inline constexpr uint32_t kNumberedFormatVersion = 3;

// OK when this build reads a collection of the version and the version fits the configuration.
// FailedPrecondition, saying what to do, when the version is a newer one; DataLoss when it does not
// fit.
absl::Status CheckCollectionVersion(uint32_t version, const CollectionConfig& config);

// Returns the contents of the FORMAT file: "tqdb data format 1\n".
std::string FormatFileContents();
// Checks the contents of a FORMAT file. FailedPrecondition names the version found and the one that
// this build reads.
absl::Status CheckFormatFile(absl::string_view contents);

// Encodes the frozen part of a configuration: the spaces of both kinds, but not the metadata, which
// may change later.
std::string EncodeConfig(const CollectionConfig& config);
// Returns the configuration without metadata. DataLoss if the bytes are not an encoded
// configuration as a whole.
absl::StatusOr<CollectionConfig> DecodeConfig(absl::string_view bytes);

// Encodes metadata, sorted by key. DecodeMetadata returns DataLoss for damaged bytes.
std::string EncodeMetadata(const std::map<std::string, std::string>& metadata);
absl::StatusOr<std::map<std::string, std::string>> DecodeMetadata(absl::string_view bytes);

// Encodes a mean as dim little-endian floats. DecodeMean returns DataLoss for another length.
std::string EncodeMean(absl::Span<const float> mu);
absl::StatusOr<std::vector<float>> DecodeMean(absl::string_view bytes, size_t dim);

// Encodes an original vector in the form that its space keeps: dim little-endian numbers of float32
// or float16. Replaces the contents of `out`.
void EncodeVector(absl::Span<const float> vector, StoreVectors form, std::string* out);
// Fills `vector`, whose size is the expected dim. DataLoss if the bytes have another length.
absl::Status DecodeVector(absl::string_view bytes, StoreVectors form, absl::Span<float> vector);
// Returns the bytes of one original: 4 * dim, 2 * dim, or 0 for kNone.
size_t VectorBytes(size_t dim, StoreVectors form);

// Bytes of one code record of a valid configuration: Codec::code_bytes() without a codec.
size_t CodeRecordBytes(const CodecOptions& options);

// Returns the value of a payload key: the id in its key form, then the JSON text. A point without
// payload has an empty text. The id is there so that a scan of payloads yields whole points.
std::string EncodePayload(absl::string_view id_key, absl::string_view json);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_FORMAT_H_
