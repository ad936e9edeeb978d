// Keys of the column families. The memcmp order of keys is the numeric order of the things that
// they name. So a scan meets rows in the order of their arrival, and ids in ascending order.
//
// clang-format off
//   family    key                                                           bytes
//   points    tag 0, number                                                 1 + 8
//             tag 1, UUID in its printed order                              1 + 16
//   codes     index of the space, row                                       1 + 8
//   vectors   index of the space, row                                       1 + 8
//   payloads  row                                                           8
//   meta      'm', index of the space, version of the mean                  1 + 1 + 4
//             'c', index of the space                                       1 + 1
//             'p', path of a payload key                                    1 + length
//             "format", "config", "metadata", "next_row", "applied"
// clang-format on
//
// Numbers, rows and versions are big-endian. Example: row 258 of space 1 has the key
// 01 00 00 00 00 00 00 01 02. Rows 257 and 259 are its neighbours, and all rows of space 0 come
// before it.
#ifndef TQDB_STORAGE_DISK_KEYS_H_
#define TQDB_STORAGE_DISK_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "values/types.h"

namespace tqdb::storage {

// Index of the first sparse space in keys of `codes`. Sparse space i has the index 128 + i, so both
// kinds of spaces share the family.
inline constexpr size_t kFirstSparseSpace = 128;

// A key of at most 17 bytes. It lives on the stack, because a batch makes several for every point.
class Key {
 public:
  // Returns the key of a point in `points`.
  static Key OfId(const PointId& id);
  // Returns the key of a row in `payloads`.
  static Key OfRow(uint64_t row);
  // Returns the key of a row in `codes` and `vectors`. Requires: space < 255.
  static Key OfSpaceRow(size_t space, uint64_t row);
  // Returns the first key behind all rows of a space: the upper bound of a scan.
  static Key SpaceEnd(size_t space);
  // Returns the key in `meta` of one version of a space's mean.
  static Key OfMean(size_t space, uint32_t version);
  // Returns the key in `meta` of the kind of a payload index.
  static std::string OfPayloadIndex(absl::string_view path);
  // Returns the key in `meta` of the number of the mean that new rows are encoded under.
  static Key OfCurrentMean(size_t space);

  absl::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[17];
  uint8_t size_ = 0;
};

// Keys of `meta` without parameters.
inline constexpr absl::string_view kFormatKey = "format";
inline constexpr absl::string_view kConfigKey = "config";
inline constexpr absl::string_view kMetadataKey = "metadata";
inline constexpr absl::string_view kNextRowKey = "next_row";
inline constexpr absl::string_view kPositionKey = "applied";

// Inverses of the functions above. Each returns false if the bytes are not a key of its kind; the
// outputs are unspecified then.
[[nodiscard]] bool ParseIdKey(absl::string_view key, PointId* id);
[[nodiscard]] bool ParseRowKey(absl::string_view key, uint64_t* row);
[[nodiscard]] bool ParseSpaceRowKey(absl::string_view key, size_t* space, uint64_t* row);
[[nodiscard]] bool ParsePayloadIndexKey(absl::string_view key, std::string* path);
[[nodiscard]] bool ParseMeanKey(absl::string_view key, size_t* space, uint32_t* version);
// Takes an id in its key form off the front of `in`. Payload values begin with one. Returns false,
// and leaves `in` alone, if there is no id.
[[nodiscard]] bool ConsumeId(absl::string_view* in, PointId* id);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_KEYS_H_
