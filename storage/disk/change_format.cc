#include "storage/disk/change_format.h"

#include <string>

#include "base/coding.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"

namespace tqdb::storage {

namespace {

// Appends one kind of change each.
class Appender {
 public:
  Appender(const CollectionConfig& config, Batch& batch) : config_(config), batch_(batch) {}

  void operator()(const PutRow& put) {
    // The new row has another number, so its keys are not those that are deleted here. The key of
    // the id is the same for both rows and is overwritten, never deleted.
    if (put.replaced) DeleteKeys(*put.replaced);
    const Key id_key = Key::OfId(put.id);
    std::string value;
    PutVarint64(&value, put.row);
    batch_.Put(Family::kPoints, id_key.view(), value);
    batch_.Put(Family::kPayloads, Key::OfRow(put.row).view(),
               EncodePayload(id_key.view(), put.payload));
    for (const RowVector& vector : put.vectors) {
      // Rows ascend, and the row is the end of each of these keys. So the writes of a space come in
      // the order of its keys, and flushed files hardly overlap.
      const Key key = Key::OfSpaceRow(vector.space, put.row);
      batch_.Put(Family::kCodes, key.view(), vector.code);
      if (!vector.original.empty()) batch_.Put(Family::kVectors, key.view(), vector.original);
    }
    for (const RowSparse& vector : put.sparse) {
      batch_.Put(Family::kCodes, Key::OfSpaceRow(kFirstSparseSpace + vector.space, put.row).view(),
                 vector.encoded);
    }
  }

  void operator()(const DeleteRow& deleted) {
    DeleteKeys(deleted.keys);
    batch_.Delete(Family::kPoints, Key::OfId(deleted.id).view());
  }

  void operator()(const SetPayload& set) {
    batch_.Replace(Family::kPayloads, Key::OfRow(set.row).view(),
                   EncodePayload(Key::OfId(set.id).view(), set.payload));
  }

  void operator()(const SetCode& set) {
    const Key key = Key::OfSpaceRow(set.space, set.row);
    batch_.Replace(Family::kCodes, key.view(), set.code);
    // Deleted in the batch that writes the code: until then the vector is the only form in which
    // the row can be encoded under the mean.
    if (set.waited) batch_.Delete(Family::kVectors, key.view());
  }

  void operator()(const SetMean& set) {
    if (set.mean != nullptr) {
      batch_.Put(Family::kMeta, Key::OfMean(set.space, set.version).view(),
                 EncodeMean(set.mean->mu));
    }
    // The mean in force has a key of its own, because a space can go back to an older version, or
    // to none.
    std::string value;
    PutFixed32(&value, set.version);
    batch_.Put(Family::kMeta, Key::OfCurrentMean(set.space).view(), value);
  }

  void operator()(const SetPayloadIndex& set) {
    const std::string key = Key::OfPayloadIndex(set.path);
    if (set.kind) {
      batch_.Put(Family::kMeta, key, std::string(1, static_cast<char>(*set.kind)));
    } else {
      batch_.Delete(Family::kMeta, key);
    }
  }

  void operator()(const SetMetadata& set) {
    batch_.Put(Family::kMeta, kMetadataKey, EncodeMetadata(set.metadata));
  }

 private:
  // Deletes every key of a row but that of its id. A key that stayed behind would belong to no
  // point, and the next start would take it for damage.
  void DeleteKeys(const RowKeys& keys) {
    batch_.Delete(Family::kPayloads, Key::OfRow(keys.row).view());
    for (size_t s = 0; s < config_.spaces.size(); ++s) {
      // The mask spares a delete for each space in which the row has no vector. A deletion costs as
      // much in the log as a short value.
      if ((keys.spaces >> s & 1) == 0) continue;
      const Key key = Key::OfSpaceRow(s, keys.row);
      batch_.Delete(Family::kCodes, key.view());
      if (config_.spaces[s].store_vectors != StoreVectors::kNone || (keys.waiting >> s & 1) != 0) {
        batch_.Delete(Family::kVectors, key.view());
      }
    }
    // Nothing in memory says which rows have sparse vectors, and to delete a key that is not there
    // costs a few bytes.
    for (size_t s = 0; s < config_.sparse_spaces.size(); ++s) {
      batch_.Delete(Family::kCodes, Key::OfSpaceRow(kFirstSparseSpace + s, keys.row).view());
    }
  }

  const CollectionConfig& config_;
  Batch& batch_;
};

}  // namespace

void AppendChange(const Change& change, const CollectionConfig& config, Batch& batch) {
  std::visit(Appender(config, batch), change);
}

void AppendNextRow(uint64_t next_row, Batch& batch) {
  std::string value;
  PutFixed64(&value, next_row);
  batch.Put(Family::kMeta, kNextRowKey, value);
}

void AppendPosition(const Position& position, Batch& batch) {
  std::string value;
  PutFixed64(&value, position.sequence);
  PutFixed64(&value, position.digest.low);
  PutFixed64(&value, position.digest.high);
  batch.Put(Family::kMeta, kPositionKey, value);
}

void AppendFormatVersion(uint32_t version, Batch& batch) {
  std::string value;
  PutFixed32(&value, version);
  batch.Put(Family::kMeta, kFormatKey, value);
}

absl::StatusOr<Position> DecodePosition(absl::string_view bytes) {
  Position position;
  if (!GetFixed64(&bytes, &position.sequence) || !GetFixed64(&bytes, &position.digest.low) ||
      !GetFixed64(&bytes, &position.digest.high) || !bytes.empty()) {
    return absl::DataLossError("the position of the collection is damaged");
  }
  return position;
}

}  // namespace tqdb::storage
