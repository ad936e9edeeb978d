// The payload indexes of a collection, in memory: rows for a filter without reading every payload.
//
// Not thread-safe; const methods may run together. The owner keeps writers out while filters are
// matched.
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
#include "absl/strings/string_view.h"
#include "storage/payload/field_index.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"
#include "storage/payload/row_set.h"
#include "values/types.h"

namespace tqdb::storage {

inline constexpr size_t kMaxIndexedFields = 64;  // of one collection

struct FieldInfo {
  std::string key;
  FieldKind kind;
  uint64_t rows = 0;  // of the collection, that the index has seen
  size_t memory_bytes = 0;
  bool complete = false;  // it has seen them all
};

class PayloadIndex {
 public:
  // The row of a point; nothing when there is no such point.
  using FindRow = absl::FunctionRef<std::optional<uint64_t>(const PointId&)>;

  // Makes the index of a key. It has not seen the rows that are there already: AddToField shows it
  // one, in any order and while writes go on; filters are answered rightly all the while.
  // InvalidArgument on a bad key, AlreadyExists when the key has an index, ResourceExhausted above
  // kMaxIndexedFields.
  absl::Status CreateField(absl::string_view key, FieldKind kind);
  // NotFound when the key has none, InvalidArgument on a bad key.
  absl::Status DeleteField(absl::string_view key);
  // How many rows the index of a key has not seen: all, when there is none.
  uint64_t CountUnseen(const KeyPath& key) const;
  // In the order of keys.
  std::vector<FieldInfo> Fields() const;
  bool has_fields() const { return !fields_.empty(); }

  // `payload` is an object. No effect when the row is there.
  void Add(uint64_t row, const nlohmann::json& payload);
  // The row matches nothing any more. What fields know of it goes with the next Vacuum: nobody has
  // to read the payload of a point in order to delete it.
  void Remove(uint64_t row);
  // The row has another payload. `old_payload` is the one that was added. No effect when the row is
  // not there.
  void Replace(uint64_t row, const nlohmann::json& old_payload, const nlohmann::json& payload);
  // Shows a row to the index of one key. False, and no effect, when there is no such index, no such
  // row (any more), or when the index has seen it.
  bool AddToField(const KeyPath& key, uint64_t row, const nlohmann::json& payload);

  // Rows that match, and rows for which the indexes cannot tell: those are to be evaluated by the
  // filter as a whole. (Conditions that are decided could be left out of it, but a payload costs
  // far more to read and parse than to evaluate.) Exact when every condition is on a key whose
  // index serves it and whose payloads are of its kind, or a HasId; Nested never is.
  RowMatches Match(const PreparedFilter& filter, FindRow find_row) const;
  // Frees what fields know of rows that were removed. `wants_vacuum`: there are so many that it
  // pays.
  void Vacuum();
  bool wants_vacuum() const;

  // Adds up how many of `rows` have each value of a key: strings, integers and booleans. Rows of
  // which that is not known, all of them when the key has no index of such values, are left for
  // `undecided`. A row counts once for a value.
  using FacetCounts = absl::flat_hash_map<FieldValue, uint64_t>;
  void Facet(const KeyPath& key, const RowSet& rows, FacetCounts& counts, RowSet& undecided) const;

  // Calls visit(value, rows) for the numbers or times of a key in their order, from `from` (null:
  // the first) on, until it returns false. FailedPrecondition when the key has no index of such
  // values, or one that has not seen all rows; InvalidArgument when `from` is of another type.
  absl::Status Walk(const KeyPath& key, bool descending, const OrderedValue* from,
                    ValueIndex::VisitOrdered visit) const;

  const RowSet& rows() const { return rows_; }
  size_t memory_bytes() const;

 private:
  friend class FilterMatcher;

  const FieldIndex* Find(const KeyPath& path) const;

  std::map<KeyPath, std::unique_ptr<FieldIndex>> fields_;
  RowSet rows_;
  uint64_t removed_ = 0;  // since the last vacuum
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_INDEX_H_
