// The kinds of write that are about payloads (writes.h says what a write is).
#ifndef TQDB_STORAGE_WRITE_PAYLOAD_WRITES_H_
#define TQDB_STORAGE_WRITE_PAYLOAD_WRITES_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/disk/store.h"
#include "storage/payload/payload_edit.h"
#include "storage/payload/prepared_filter.h"
#include "storage/write/writes.h"
#include "values/field_kind.h"

namespace tqdb::storage {

// Edits the payloads of some points, all or none. A point keeps its row.
class EditPayloadWrite : public Write {
 public:
  // `ids` are distinct; those that do not exist are left out, and so are points that `condition`
  // (null: none) does not match when their turn comes. All outlive this.
  EditPayloadWrite(const Store& store, absl::Span<const PointId> ids, const PreparedEdit& edit,
                   const PreparedFilter* condition, Durability durability)
      : Write(256 * ids.size(), durability),
        store_(store),
        ids_(ids),
        edit_(edit),
        condition_(condition) {}
  bool reads_disk() const override { return true; }
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState& memory) override;
  // Not OK when there was nothing to be written because of it.
  const absl::Status& status() const { return status_; }
  uint64_t edited() const { return rows_.size(); }

 private:
  struct Row {
    PointId id;
    uint64_t row;
    std::string old_payload;
    std::string payload;
  };
  absl::Status Edit(GroupBuilder& group);

  const Store& store_;
  const absl::Span<const PointId> ids_;
  const PreparedEdit& edit_;
  const PreparedFilter* const condition_;
  absl::Status status_;
  std::vector<Row> rows_;
};

// Makes a payload index, which has yet to see the rows that are there (index_builder.h), or deletes
// one.
class PayloadIndexWrite : public Write {
 public:
  // `path` is the text of a KeyPath without an index; null `kind`: with one, which is deleted. One
  // such write at a time.
  PayloadIndexWrite(std::string path, std::optional<FieldKind> kind)
      : Write(path.size(), Durability::kSync), path_(std::move(path)), kind_(kind) {}
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState& memory) override;

 private:
  const std::string path_;
  const std::optional<FieldKind> kind_;
};

// Writes nothing. Once it is committed, memory has everything that was on disk when it came into
// the queue.
class BarrierWrite : public Write {
 public:
  BarrierWrite() : Write(0, Durability::kAsync) {}
  void Prepare(GroupBuilder&) override {}
  absl::Status Apply(CollectionState&) override { return absl::OkStatus(); }
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_PAYLOAD_WRITES_H_
