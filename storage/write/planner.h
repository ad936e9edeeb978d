// Turns records into changes, one group of the commit queue at a time.
//
// The simple idea: a record says what a caller asked for, and the state says what exists. The
// planner compares both at the record's place in the order. It looks up the rows of the ids,
// numbers the new rows, evaluates conditions and applies edits. The result is a list of changes. It
// changes nothing but this list, so if planning fails, nothing has happened.
//
// Example: point 7 has row 3, and the next free row number is 10. The record "upsert 7 and 8"
// becomes two changes: PutRow(7, row 10, replaces row 3) and PutRow(8, row 11). If the record
// "delete 7" follows in the same group, it must find row 10 and not row 3, although memory says row
// 3 until the group is applied. So the planner keeps the fate of ids within the group (pending_),
// and looks there before it asks memory.
//
// Every decision is a function of the state and the records alone. The planner asks no clock, no
// thread and no configuration of the process. So every machine that is given the same records in
// the same order comes to the same changes, and to the same digest.
//
// Left out of this file: bytes of changes (disk/change_format.h), their way into memory
// (memory/apply.h), and the forming of groups (commit_queue.h, committer.h). An edit, an upsert
// with a condition and the adoption of a mean read the disk, which does not have the changes of the
// same batch. Therefore the committer begins a new batch for them (Write::sharing).
//
// Not thread-safe: a planner belongs to the leader of the commit queue, for one batch.
#ifndef TQDB_STORAGE_WRITE_PLANNER_H_
#define TQDB_STORAGE_WRITE_PLANNER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/disk/change.h"
#include "storage/disk/change_format.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "storage/payload/payload_edit.h"
#include "storage/payload/prepared_filter.h"
#include "storage/write/record.h"
#include "storage/write/stored_points.h"

namespace tqdb::storage {

// Parts of a record that its writer has parsed or hashed on its own thread. All other writers wait
// while the leader plans, so work that needs no order is better done before. The planner makes
// parts that are missing from the record.
struct PreparedParts {
  std::vector<nlohmann::json> payloads;     // parsed payloads of an upsert, one a point
  std::optional<PreparedEdit> edit;         // edit of an EditRecord
  std::optional<PreparedFilter> condition;  // condition of an EditRecord or an UpsertRecord
  std::optional<Digest> content;            // ContentDigest of the record
};

class Planner {
 public:
  // `many` is true if more than one write is to be planned. Later ones must then see the effects of
  // earlier ones. A lone upsert has distinct ids, and saves the time of noting them. Requires:
  // store and state outlive the planner, and nobody applies changes as long as it plans.
  Planner(const Store& store, const CollectionState& state, bool many);

  // Appends the changes of a record and counts the record, even if it changes nothing.
  //
  // `rejected` is the reason why a counted record changes nothing, for example an edit that does
  // not apply to a payload. Every machine rejects the same records. A returned error concerns this
  // machine alone, for example a payload that cannot be read. The record is then neither applied
  // nor counted. Requires: the record is valid for the collection, and outlives the planner.
  absl::Status Plan(const WriteRecord& record, PreparedParts& parts, WriteResult& result,
                    absl::Status& rejected);

  // --- Steps that are not records: each machine takes them at times of its own.
  // Appends new codes for existing rows, encoded from their originals under another mean. `codes`
  // holds one code a row, back to back. Leaves out rows that have been replaced or deleted.
  void Reencode(const Space& space, absl::Span<const PointId> ids, absl::Span<const uint64_t> rows,
                absl::string_view codes);

  // Returns the changes of all records, in their order. They borrow from the records and from the
  // planner.
  absl::Span<const Change> changes() const { return changes_; }
  // Returns the first row number that is still unused once the changes are applied.
  uint64_t next_row() const { return next_row_; }
  // Returns the position of the collection once the changes are applied.
  const Position& position() const { return position_; }

 private:
  // Append the changes of one kind of record, and add to outcome_ whatever was decided for it.
  absl::Status Plan(const UpsertRecord& upsert);
  absl::Status Plan(const DeleteRecord& deletion);
  absl::Status Plan(const EditRecord& edit);
  absl::Status Plan(const MeanRecord& mean);
  absl::Status Plan(const IndexRecord& index);
  absl::Status Plan(const MetadataRecord& set);

  // What planning an upsert knows of the points that exist already; i is a point of the record.
  struct Existing {
    std::vector<int32_t> place;  // of point i among `points`; -1 for none, or if nothing is read
    std::vector<bool> matches;   // whether point i may be written, as far as the condition goes
    std::vector<const nlohmann::json*> trees;  // payload of point i where it was parsed
    const std::vector<StoredPoints::Point>* points = nullptr;
  };
  absl::Status ReadExisting(const UpsertRecord& upsert, Existing& existing);
  // Returns whether the mode leaves a point as it is.
  static bool Skips(const UpsertRecord& upsert, bool exists);
  // Returns the row that an id has once the changes so far are applied; nullopt if it has none.
  std::optional<RowKeys> Find(const PointId& id) const;
  // Returns whether the space knows every mean that a code of the column names. Without its mean, a
  // code could not be decoded.
  bool HasMeansOf(const VectorColumn& column) const;
  // Returns the vector at position `r` of the `rows` rows of `column`.
  RowVector VectorOf(const VectorColumn& column, size_t rows, size_t r);
  // Returns the code of one raw vector under `mean`, for vectors that were encoded before the space
  // had a mean.
  absl::string_view EncodeAgain(const Space& space, const Mean& mean, absl::string_view raw);
  // Appends new codes, under the first mean of a space, for the rows that have waited for it.
  absl::Status EncodeWaitingRows(const Space& space, const Mean& mean);
  // Adds `delta` to the number of waiting rows of every space in the bit mask `spaces`.
  void CountWaiting(uint32_t spaces, int delta);

  const Store& store_;
  const CollectionState& state_;
  const bool many_;

  std::vector<Change> changes_;
  uint64_t next_row_;
  Position position_;
  // Row of each id that a change concerns; nullopt if the point is gone. This is no table of
  // Abseil, because such a table is broken by an exception (base/ending_allocator.h). Here the
  // process must survive a lack of memory: planning has not changed anything.
  std::unordered_map<PointId, std::optional<RowKeys>, absl::Hash<PointId>> pending_;
  std::array<int, kMaxSpaces> waiting_ = {};  // rows that wait in each space, changes included

  // Memory that changes borrow. Deques and arrays of fixed size, because their elements never move.
  std::vector<std::unique_ptr<RowVector[]>> vectors_;
  std::vector<std::unique_ptr<RowSparse[]>> sparse_;
  std::deque<std::unique_ptr<StoredPoints>> stored_;
  std::deque<std::string> texts_;
  std::deque<nlohmann::json> trees_;
  std::deque<std::vector<nlohmann::json>> parsed_;

  // State of the record being planned.
  PreparedParts* parts_ = nullptr;
  WriteResult* result_ = nullptr;
  absl::Status rejected_;
  Hasher outcome_;  // every decision that depended on the state
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_PLANNER_H_
