// The kinds of write that go through the commit queue. Each knows two things: what it puts into the
// batch of its group, and what it does to memory once the batch is on disk.
//
// Both run on the leader of the commit queue, one thread at a time, in queue order. A write is
// owned by the thread that queued it, which sleeps meanwhile: what it borrows from its caller stays
// valid.
#ifndef TQDB_STORAGE_WRITE_WRITES_H_
#define TQDB_STORAGE_WRITE_WRITES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "storage/write/commit_queue.h"

namespace tqdb::storage {

// The batch of one group under construction, and where ids will point once the writes so far are
// applied.
class GroupBuilder {
 public:
  // A row as the disk knows it: which spaces it has vectors in, bit i for space i.
  struct RowKeys {
    uint64_t row;
    uint32_t spaces;
  };

  // `many`: the group has several writes, so later ones must see what earlier ones do.
  GroupBuilder(const CollectionState& memory, Batch& batch, bool many)
      : memory_(memory), batch_(batch), many_(many), next_row_(memory.next_row) {}

  Batch& batch() { return batch_; }
  const Spaces& spaces() const { return memory_.spaces; }
  uint64_t next_row() const { return next_row_; }

  std::optional<RowKeys> Find(const PointId& id) const;
  // Takes the next row number for `id`.
  uint64_t NewRow(const PointId& id, uint32_t spaces);
  void EraseId(const PointId& id);
  // Deletes every key of a row but that of its id.
  void DeleteRow(const RowKeys& keys);

 private:
  const CollectionState& memory_;
  Batch& batch_;
  const bool many_;
  uint64_t next_row_;
  absl::flat_hash_map<PointId, std::optional<RowKeys>> pending_;
};

class Write : public QueuedWrite {
 public:
  Write(size_t bytes, Durability durability)
      : QueuedWrite(bytes), sync_(durability == Durability::kSync) {}
  bool sync() const { return sync_; }
  // Whether Prepare reads what is on disk: then every write before it is there by that time.
  virtual bool reads_disk() const { return false; }
  virtual void Prepare(GroupBuilder& group) = 0;
  // An error means that memory no longer mirrors the disk.
  virtual absl::Status Apply(CollectionState& memory) = 0;

 private:
  const bool sync_;
};

// The payloads of a batch, one a point. Valid ones only.
std::vector<nlohmann::json> ParsePayloads(const UpsertBatch& batch);

// Rows of one space within an upsert, encoded.
struct EncodedVectors {
  Space* space;
  MatrixView rows;                    // as they came
  std::vector<int32_t> row_of_point;  // index into rows, -1: the point has no vector here
  std::unique_ptr<uint8_t[]> codes;   // rows.rows() * code_bytes
  std::vector<std::string> halves;    // with StoreVectors::kF16: originals
  uint32_t mean_version = 0;
};

// The same of a sparse space.
struct EncodedSparseVectors {
  SparseSpace* space;
  absl::Span<const SparseVectorView> rows;
  std::vector<int32_t> row_of_point;
  std::vector<std::string> encoded;  // one a row
};

class UpsertWrite : public Write {
 public:
  // `batch` is valid and outlives this. `payloads`: those of the batch, parsed where a payload
  // index wants them; none when there was no index, and one that is made in between has to wait for
  // the parsing.
  UpsertWrite(const UpsertBatch& batch, std::vector<EncodedVectors> vectors,
              std::vector<EncodedSparseVectors> sparse, std::vector<nlohmann::json> payloads,
              size_t bytes)
      : Write(bytes, batch.durability),
        batch_(batch),
        vectors_(std::move(vectors)),
        sparse_(std::move(sparse)),
        payloads_(std::move(payloads)) {}
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState& memory) override;
  const UpsertResult& result() const { return result_; }

 private:
  const UpsertBatch& batch_;
  const std::vector<EncodedVectors> vectors_;
  const std::vector<EncodedSparseVectors> sparse_;
  std::vector<nlohmann::json> payloads_;
  uint64_t first_row_ = 0;
  UpsertResult result_;
};

class DeleteWrite : public Write {
 public:
  DeleteWrite(absl::Span<const PointId> ids, Durability durability)
      : DeleteWrite(ids, {}, durability) {}
  // Leaves alone the points that are not in `rows` (one an id) any more: what they are now is not
  // what was to be deleted.
  DeleteWrite(absl::Span<const PointId> ids, absl::Span<const uint64_t> rows, Durability durability)
      : Write(64 * ids.size(), durability), ids_(ids), rows_(rows), current_(ids.size()) {}
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState& memory) override;
  uint64_t deleted() const { return deleted_; }

 private:
  const absl::Span<const PointId> ids_;
  const absl::Span<const uint64_t> rows_;  // empty: whatever the row
  std::vector<bool> current_;
  uint64_t deleted_ = 0;
};

// New codes for rows that exist, under another mean; rows that are gone by then are left out.
class ReencodeWrite : public Write {
 public:
  // codes: ids.size() * code_bytes. All outlive this.
  ReencodeWrite(Space& space, absl::Span<const PointId> ids, absl::Span<const uint64_t> rows,
                const uint8_t* codes)
      : Write(ids.size() * space.codec().code_bytes(), Durability::kAsync),
        space_(space),
        ids_(ids),
        rows_(rows),
        codes_(codes),
        current_(ids.size()) {}
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState& memory) override;

 private:
  Space& space_;
  const absl::Span<const PointId> ids_;
  const absl::Span<const uint64_t> rows_;
  const uint8_t* const codes_;
  std::vector<bool> current_;
};

// Adopts a mean (null: none) for rows to come. Durable before any code uses it.
class MeanWrite : public Write {
 public:
  MeanWrite(Space& space, std::shared_ptr<const Mean> mean)
      : Write(space.dim() * sizeof(float), Durability::kSync),
        space_(space),
        mean_(std::move(mean)) {}
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState& memory) override;

 private:
  Space& space_;
  const std::shared_ptr<const Mean> mean_;
};

// Lets a space free the memory of dead rows. Writes nothing.
class VacuumWrite : public Write {
 public:
  explicit VacuumWrite(Space& space) : Write(0, Durability::kAsync), space_(space) {}
  void Prepare(GroupBuilder&) override {}
  absl::Status Apply(CollectionState& memory) override;

 private:
  Space& space_;
};

class MetadataWrite : public Write {
 public:
  // `applied` is called once the metadata is on disk, in the order of the log.
  MetadataWrite(std::string encoded, std::function<void()> applied)
      : Write(encoded.size(), Durability::kSync),
        encoded_(std::move(encoded)),
        applied_(std::move(applied)) {}
  void Prepare(GroupBuilder& group) override;
  absl::Status Apply(CollectionState&) override {
    applied_();
    return absl::OkStatus();
  }

 private:
  const std::string encoded_;
  const std::function<void()> applied_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_WRITES_H_
