#include "storage/disk/keys.h"

#include "absl/strings/str_cat.h"
#include "base/coding.h"

namespace tqdb::storage {

Key Key::OfId(const PointId& id) {
  Key key;
  // The tag comes first, so numbers sort before UUIDs, and the length of an id follows from its
  // first byte. ConsumeId depends on it where an id is followed by a text.
  if (id.is_uuid()) {
    key.bytes_[0] = 1;
    StoreBigEndian64(id.high, key.bytes_ + 1);
    StoreBigEndian64(id.low, key.bytes_ + 9);
    key.size_ = 17;
  } else {
    key.bytes_[0] = 0;
    StoreBigEndian64(id.low, key.bytes_ + 1);
    key.size_ = 9;
  }
  return key;
}

Key Key::OfRow(uint64_t row) {
  Key key;
  StoreBigEndian64(row, key.bytes_);
  key.size_ = 8;
  return key;
}

Key Key::OfSpaceRow(size_t space, uint64_t row) {
  Key key;
  key.bytes_[0] = static_cast<char>(space);
  StoreBigEndian64(row, key.bytes_ + 1);
  key.size_ = 9;
  return key;
}

Key Key::SpaceEnd(size_t space) {
  Key key;
  // One byte suffices: it is above every key of the space, which begin with a lower byte, and not
  // above any key of the next one.
  key.bytes_[0] = static_cast<char>(space + 1);
  key.size_ = 1;
  return key;
}

Key Key::OfMean(size_t space, uint32_t version) {
  Key key;
  // Big-endian like a row, so that a scan meets the versions of a space in their order. A start
  // adopts them in this order.
  key.bytes_[0] = 'm';
  key.bytes_[1] = static_cast<char>(space);
  for (int i = 0; i < 4; ++i) key.bytes_[2 + i] = static_cast<char>(version >> (24 - 8 * i) & 0xff);
  key.size_ = 6;
  return key;
}

Key Key::OfCurrentMean(size_t space) {
  Key key;
  key.bytes_[0] = 'c';
  key.bytes_[1] = static_cast<char>(space);
  key.size_ = 2;
  return key;
}

std::string Key::OfPayloadIndex(absl::string_view path) { return absl::StrCat("p", path); }

bool ConsumeId(absl::string_view* in, PointId* id) {
  if (in->size() >= 9 && (*in)[0] == 0) {
    *id = PointId::Number(LoadBigEndian64(in->data() + 1));
    in->remove_prefix(9);
    return true;
  }
  if (in->size() >= 17 && (*in)[0] == 1) {
    *id = PointId::Uuid(LoadBigEndian64(in->data() + 1), LoadBigEndian64(in->data() + 9));
    in->remove_prefix(17);
    return true;
  }
  return false;
}

bool ParseIdKey(absl::string_view key, PointId* id) { return ConsumeId(&key, id) && key.empty(); }

bool ParseRowKey(absl::string_view key, uint64_t* row) {
  if (key.size() != 8) return false;
  *row = LoadBigEndian64(key.data());
  return true;
}

bool ParseSpaceRowKey(absl::string_view key, size_t* space, uint64_t* row) {
  if (key.size() != 9) return false;
  *space = static_cast<uint8_t>(key[0]);
  *row = LoadBigEndian64(key.data() + 1);
  return true;
}

bool ParsePayloadIndexKey(absl::string_view key, std::string* path) {
  // No other key of `meta` begins with this byte, and a path is never empty.
  if (key.size() < 2 || key[0] != 'p') return false;
  *path = std::string(key.substr(1));
  return true;
}

bool ParseMeanKey(absl::string_view key, size_t* space, uint32_t* version) {
  // The length tells this key from "metadata", which begins with the same byte.
  if (key.size() != 6 || key[0] != 'm') return false;
  *space = static_cast<uint8_t>(key[1]);
  *version = 0;
  for (int i = 0; i < 4; ++i) *version = *version << 8 | static_cast<uint8_t>(key[2 + i]);
  return true;
}

}  // namespace tqdb::storage
