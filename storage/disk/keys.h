// Keys of the column families. Memcmp order of a key is the order of what it names.
#ifndef TQDB_STORAGE_DISK_KEYS_H_
#define TQDB_STORAGE_DISK_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "values/types.h"

namespace tqdb::storage {

inline constexpr size_t kFirstSparseSpace = 128;

// A short key on the stack.
class Key {
 public:
  // points: tag 0 and a number in 8 bytes big-endian, or tag 1 and a UUID in its 16 bytes.
  static Key OfId(const PointId& id);
  // payloads: the row in 8 bytes big-endian.
  static Key OfRow(uint64_t row);
  // codes, vectors: the index of the space in one byte, then the row in 8 bytes big-endian. In
  // codes, sparse spaces have the indices from kFirstSparseSpace on.
  static Key OfSpaceRow(size_t space, uint64_t row);
  // First key behind all rows of a space.
  static Key SpaceEnd(size_t space);
  // meta: 'm', the index of the space, the version in 4 bytes big-endian: one version of a mean.
  static Key OfMean(size_t space, uint32_t version);
  // meta: 'p' and the path of a key: the kind of its payload index.
  static std::string OfPayloadIndex(absl::string_view path);
  // meta: 'c', the index of the space: the version of the mean in force.
  static Key OfCurrentMean(size_t space);

  absl::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[17];
  uint8_t size_ = 0;
};

// meta keys that stand alone.
inline constexpr absl::string_view kFormatKey = "format";
inline constexpr absl::string_view kConfigKey = "config";
inline constexpr absl::string_view kMetadataKey = "metadata";
inline constexpr absl::string_view kNextRowKey = "next_row";
inline constexpr absl::string_view kPositionKey = "applied";

// Inverses; false when the bytes are no such key.
[[nodiscard]] bool ParseIdKey(absl::string_view key, PointId* id);
[[nodiscard]] bool ParseRowKey(absl::string_view key, uint64_t* row);
[[nodiscard]] bool ParseSpaceRowKey(absl::string_view key, size_t* space, uint64_t* row);
[[nodiscard]] bool ParsePayloadIndexKey(absl::string_view key, std::string* path);
[[nodiscard]] bool ParseMeanKey(absl::string_view key, size_t* space, uint32_t* version);
// Takes an id in its key form off the front of `in`: how a payload value begins.
[[nodiscard]] bool ConsumeId(absl::string_view* in, PointId* id);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_KEYS_H_
