// Turns records into changes, one group of the commit queue at a time.
//
// A record says what was asked, the state what there is. The planner looks up which rows the ids
// have at the record's place in the order, numbers the new rows, evaluates conditions and applies
// edits, and writes down what comes of it. It changes nothing but its own list: if it fails,
// nothing has happened.
//
// What it decides is a function of the state and the records alone. It asks no clock, no thread and
// no configuration of the process, so every machine that is given the same records in the same
// order comes to the same changes, and to the same digest.
//
// Belongs to the leader of the commit queue.
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

namespace tqdb::storage {

// What the writer of a record has made ready, so that the leader need not. Each part may be left
// out, and is made from the record then.
struct PreparedParts {
  std::vector<nlohmann::json> payloads;  // of an upsert, parsed, one a point
  std::optional<PreparedEdit> edit;
  std::optional<PreparedFilter> condition;
  std::optional<Digest> content;
};

class Planner {
 public:
  // `many`: more than one write follows, so later ones must see what earlier ones do.
  Planner(const Store& store, const CollectionState& state, bool many);

  // Appends the changes of a record and counts it, whatever it comes to.
  //
  // `rejected` tells a caller why a record changes nothing although it was counted: an edit that
  // does not apply to a payload. It is the same on every machine. An error that is returned is of
  // this machine, for example a payload that cannot be read: then the record is neither applied nor
  // counted.
  absl::Status Plan(const WriteRecord& record, PreparedParts& parts, WriteResult& result,
                    absl::Status& rejected);

  // --- Steps that are not records: each machine takes them when it likes.
  // Appends new codes for rows that exist, encoded under another mean from their originals: one
  // code a row, back to back. Rows that are gone by now are left out.
  void Reencode(const Space& space, absl::Span<const PointId> ids, absl::Span<const uint64_t> rows,
                absl::string_view codes);

  absl::Span<const Change> changes() const { return changes_; }
  uint64_t next_row() const { return next_row_; }
  const Position& position() const { return position_; }

 private:
  absl::Status Plan(const UpsertRecord& upsert);
  absl::Status Plan(const DeleteRecord& deletion);
  absl::Status Plan(const EditRecord& edit);
  absl::Status Plan(const MeanRecord& mean);
  absl::Status Plan(const IndexRecord& index);
  absl::Status Plan(const MetadataRecord& set);

  // Where an id points once the changes so far are applied.
  std::optional<RowKeys> Find(const PointId& id) const;
  // Whether the space has the means that the codes of a column are under.
  bool HasMeansOf(const VectorColumn& column) const;
  // The vector of a row of an upsert in the space of `column`.
  RowVector VectorOf(const VectorColumn& column, size_t rows, size_t r);
  // Encodes vectors that came before the space had a mean under the one in force.
  absl::string_view EncodeAgain(const Space& space, const Mean& mean, absl::string_view raw);
  // Encodes the rows that have waited for the first mean of a space under it.
  absl::Status EncodeWaitingRows(const Space& space, const Mean& mean);
  // Counts rows that wait: `delta` of them more, in the spaces of a mask.
  void CountWaiting(uint32_t spaces, int delta);

  const Store& store_;
  const CollectionState& state_;
  const bool many_;

  std::vector<Change> changes_;
  uint64_t next_row_;
  Position position_;
  // Not a table of Abseil: an exception in one of these breaks it (base/ending_allocator.h).
  std::unordered_map<PointId, std::optional<RowKeys>, absl::Hash<PointId>> pending_;
  std::array<int, kMaxSpaces> waiting_ = {};  // rows that wait in each space, changes included

  // What changes borrow.
  std::vector<std::unique_ptr<RowVector[]>> vectors_;
  std::vector<std::unique_ptr<RowSparse[]>> sparse_;
  std::deque<std::string> texts_;
  std::deque<nlohmann::json> trees_;
  std::deque<std::vector<nlohmann::json>> parsed_;

  // State of the record being planned.
  PreparedParts* parts_ = nullptr;
  WriteResult* result_ = nullptr;
  absl::Status rejected_;
  Hasher outcome_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_PLANNER_H_
