// The payload indexes of a collection, in memory. They find the rows of a filter without reading
// every payload.
//
// The simple idea: each indexed key has a map from values to rows (field_index.h). A filter becomes
// operations on sets of rows (filter_matcher.h). Example: keys `color` and `price` are indexed, and
// the filter is color = red and price < 10. The rows of "red" are intersected with the union of the
// rows of all prices below 10. No payload is read.
//
// Indexes are allowed to know less than the payloads. Each answer has two sets (row_matches.h):
// rows that match certainly, and rows that are undecided. The caller reads the payloads of the
// undecided rows and evaluates the whole filter on them. Keys without index, indexes that are being
// built and values of unexpected types make a filter slower and never wrong.
//
// Deletes are lazy. A delete takes the row out of rows(), and every answer is intersected with
// rows(). The fields still hold the row until a vacuum. Removing it at once would need the payload
// of every point that is deleted or replaced. That is a random read from disk for each point of a
// batch, while all other writers wait.
//
// Only the list of keys and kinds is stored on disk. Indexes are built from the payloads at
// start-up (5 us a point), so they cannot contradict them after a crash.
//
// Not thread-safe; const methods may run at the same time. The owner keeps writers out while
// filters are matched.
#ifndef TQDB_STORAGE_PAYLOAD_PAYLOAD_INDEX_H_
#define TQDB_STORAGE_PAYLOAD_PAYLOAD_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/payload/field_index.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"
#include "storage/payload/row_set.h"
#include "values/types.h"

namespace tqdb::storage {

// Limit of the indexed keys of one collection. Every write is shown to all of them.
inline constexpr size_t kMaxIndexedFields = 64;

// Description of one index.
struct FieldInfo {
  std::string key;
  FieldKind kind;
  uint64_t rows = 0;        // number of rows that the index has seen
  size_t memory_bytes = 0;  // bytes in memory, about
  bool complete = false;    // whether the index has seen all rows
  uint64_t unheld = 0;      // rows with a value that the index cannot hold (FieldIndex::strays)
};

// All indexes of one collection.
class PayloadIndex {
 public:
  // Returns the row of a point, or nullopt if there is no such point.
  using FindRow = absl::FunctionRef<std::optional<uint64_t>(const PointId&)>;

  // Makes the index of a key. It has not seen the rows that exist. They are undecided until
  // AddToField shows them to it, in any order and between writes. InvalidArgument for a bad key,
  // AlreadyExists if the key has an index, ResourceExhausted above kMaxIndexedFields.
  absl::Status CreateField(absl::string_view key, FieldKind kind);
  // Drops the index of a key. NotFound if it has none, InvalidArgument for a bad key.
  absl::Status DeleteField(absl::string_view key);
  // Returns how many of `rows` the index of a key has not seen: all of them if there is no index.
  uint64_t CountUnseen(const KeyPath& key, const RowSet& rows) const;
  // Returns the descriptions of all indexes, sorted by key. Only rows of `rows` count.
  std::vector<FieldInfo> Fields(const RowSet& rows) const;
  // Returns the kind of the index of a key, if it has an order. FailedPrecondition if the key has
  // no index of numbers or times.
  absl::StatusOr<FieldKind> OrderedKind(const KeyPath& key) const;
  bool has_fields() const { return !fields_.empty(); }

  // Shows a new row to all indexes. `payload` is a JSON object. No effect if the row is there.
  void Add(uint64_t row, const nlohmann::json& payload);
  // Deletes a row. It matches nothing from now on; the next Vacuum frees its memory.
  void Remove(uint64_t row);
  // Changes the payload of a row. No effect if the row is not there. Requires: `old_payload` is the
  // payload that was shown last.
  void Replace(uint64_t row, const nlohmann::json& old_payload, const nlohmann::json& payload);
  // Shows a row to the index of one key. Returns false, without effect, if there is no such index
  // or row, or if the index has seen the row.
  bool AddToField(const KeyPath& key, uint64_t row, const nlohmann::json& payload);

  // Returns the rows that match, and the rows that the indexes cannot decide. The caller evaluates
  // the whole filter on the latter. Decided conditions could be left out of it, but to read and
  // parse a payload costs far more than to evaluate it. The answer is exact if the index of each
  // key serves the condition, is complete, and has met only values of its kind. HasId is always
  // exact. A filter with a nested condition is never exact.
  RowMatches Match(const PreparedFilter& filter, FindRow find_row) const;
  // Frees the memory of deleted rows. Cost: one pass over all values of all keys.
  void Vacuum();
  // Returns whether there are enough deleted rows for a vacuum to pay.
  bool wants_vacuum() const;

  // Counts the rows of `rows` that have each string, integer and boolean of a key. Adds the numbers
  // to `counts`. A row counts once for each of its different values. Sets `undecided` to the rows
  // that were not counted: the index has not seen them, or does not hold all their values. Without
  // an index of such values these are all of `rows`.
  using FacetCounts = absl::flat_hash_map<FieldValue, uint64_t>;
  void Facet(const KeyPath& key, const RowSet& rows, FacetCounts& counts, RowSet& undecided) const;

  // Calls visit(value, rows) for the numbers or times of a key in their order, until visit returns
  // false. Begins with the first value at `from` or behind it; null begins with the first one.
  // Leaves out rows that the index has not seen. FailedPrecondition if the key has no index of such
  // values. InvalidArgument if `from` is of another type. The rows may contain deleted ones.
  absl::Status Walk(const KeyPath& key, bool descending, const OrderedValue* from,
                    ValueIndex::VisitOrdered visit) const;

  // Returns the live rows.
  const RowSet& rows() const { return rows_; }
  size_t memory_bytes() const;

 private:
  friend class FilterMatcher;

  // Returns the index of a key, or null.
  const FieldIndex* Find(const KeyPath& path) const;

  std::map<KeyPath, std::unique_ptr<FieldIndex>> fields_;
  RowSet rows_;           // live rows
  uint64_t removed_ = 0;  // rows deleted since the last vacuum
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_INDEX_H_
