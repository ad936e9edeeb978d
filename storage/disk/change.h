// The changes that can happen to a collection, as plain values.
//
// A record of the write path (write/record.h) says what was asked; changes say what it came to:
// which rows were taken, replaced and deleted. One function turns a change into bytes of the disk
// (change_format.h), and one into memory (memory/apply.h). Loading a collection reads its rows
// back as changes and gives them to the same function, so that a collection which was loaded and
// one which was written to have no way to differ.
//
// Changes borrow what they are about: codes, payloads and vectors lie with the record, with the
// list of changes, or in the block of a cursor. Values without behaviour; nothing to lock.
#ifndef TQDB_STORAGE_DISK_CHANGE_H_
#define TQDB_STORAGE_DISK_CHANGE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/codec/centering.h"
#include "values/field_kind.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

// The keys that a row has on disk. Bit i of a mask stands for space i of the configuration.
struct RowKeys {
  uint64_t row = 0;
  uint32_t spaces = 0;   // vector spaces in which the row has a code
  uint32_t waiting = 0;  // those in which its vector is kept until a mean is adopted
};

// The vector of a row in one space.
struct RowVector {
  uint32_t space;
  bool waits;                  // `original` is kept only until the space adopts a mean
  absl::string_view code;      // Codec::code_bytes() bytes
  absl::string_view original;  // as it is stored, empty for none
};

// The sparse vector of a row: its bytes on disk, and the same decoded.
struct RowSparse {
  uint32_t space;
  absl::string_view encoded;
  SparseVectorView vector;
};

// A point gets a new row, and loses the row that it had, if any. One change and not two, because
// the point exists throughout: its entry in the id index is overwritten in place, and no step
// between shows the point as deleted.
struct PutRow {
  PointId id;
  uint64_t row = 0;
  absl::string_view payload;  // JSON, empty for none
  // Tree of `payload`. Null while the collection has no payload index.
  const nlohmann::json* parsed = nullptr;
  absl::Span<const RowVector> vectors;
  absl::Span<const RowSparse> sparse;
  std::optional<RowKeys> replaced;
};

// A point is gone, and its row with it.
struct DeleteRow {
  PointId id;
  RowKeys keys;
};

// A point keeps its row and gets another payload.
struct SetPayload {
  PointId id;
  uint64_t row = 0;
  absl::string_view payload;
  // The payload before and after, parsed. Null while the collection has no payload index.
  const nlohmann::json* old_parsed = nullptr;
  const nlohmann::json* parsed = nullptr;
};

// A row is encoded again, under another mean.
struct SetCode {
  uint32_t space = 0;
  uint64_t row = 0;
  PointId id;
  absl::string_view code;
  bool waited = false;  // the row's vector was kept for this, and goes
};

// A space encodes new rows under another mean.
struct SetMean {
  uint32_t space = 0;
  uint32_t version = 0;  // 0: under none
  // The mean of this version when it is new; null when the space has it already.
  std::shared_ptr<const Mean> mean;
};

// A payload key gets an index, or loses it.
struct SetPayloadIndex {
  std::string path;  // KeyPath::ToString
  std::optional<FieldKind> kind;
};

struct SetMetadata {
  std::map<std::string, std::string> metadata;
};

using Change =
    std::variant<PutRow, DeleteRow, SetPayload, SetCode, SetMean, SetPayloadIndex, SetMetadata>;

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_CHANGE_H_
