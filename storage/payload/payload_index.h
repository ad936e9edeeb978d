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

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/types.h"
#include "storage/payload/field_index.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"
#include "storage/payload/row_set.h"

namespace tqdb::storage {

inline constexpr size_t kMaxIndexedFields = 64;  // of one collection

struct FieldInfo {
  std::string key;
  FieldKind kind;
  uint64_t rows = 0;  // that the index has seen; those of the collection when it is complete
  size_t memory_bytes = 0;
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
  // In the order of keys.
  std::vector<FieldInfo> Fields() const;

  // `payload` is an object. No effect when the row is there.
  void Add(uint64_t row, const nlohmann::json& payload);
  // `payload` is the one that was added. No effect when the row is not there.
  void Remove(uint64_t row, const nlohmann::json& payload);
  // Shows a row to the index of one key. No effect when there is no such index or no such row (any
  // more).
  void AddToField(absl::string_view key, uint64_t row, const nlohmann::json& payload);

  // Rows that match, and rows for which the indexes cannot tell: those are to be evaluated by the
  // filter as a whole. (Conditions that are decided could be left out of it, but a payload costs
  // far more to read and parse than to evaluate.) Exact when every condition is on a key whose
  // index serves it and whose payloads are of its kind, or a HasId; Nested never is.
  RowMatches Match(const PreparedFilter& filter, FindRow find_row) const;
  // The size of what the filter matches: min and max hold, likely is a guess. Builds no set.
  RowEstimate Estimate(const PreparedFilter& filter) const;

  const RowSet& rows() const { return rows_; }
  size_t memory_bytes() const;

 private:
  friend class FilterMatcher;
  friend class FilterEstimator;

  const FieldIndex* Find(const KeyPath& path) const;

  std::map<KeyPath, std::unique_ptr<FieldIndex>> fields_;
  RowSet rows_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_INDEX_H_
