// The payload indexes of a collection, as its calls share them: readers find the rows of a filter,
// the leader of the commit queue keeps the indexes in step with the disk.
//
// They live in memory alone. What is on disk is which keys have one; payloads are read at start-up,
// and again when an index is made for rows that are there already (index_builder.h).
//
// Thread-safe. A reader holds up the leader for as long as it takes to combine bitmaps:
// microseconds for most filters, milliseconds for millions of rows.
#ifndef TQDB_STORAGE_MEMORY_INDEXED_PAYLOADS_H_
#define TQDB_STORAGE_MEMORY_INDEXED_PAYLOADS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/payload/payload_index.h"
#include "storage/sparse/bm25_index.h"
#include "values/key_path.h"

namespace tqdb::storage {

class IndexedPayloads {
 public:
  // False while no key has an index: then nobody need parse payloads for Add and Replace.
  bool has_fields() const { return has_fields_.load(std::memory_order_acquire); }

  // --- Of the leader of the commit queue, and of the loader.
  absl::Status CreateField(absl::string_view key, FieldKind kind);
  absl::Status DeleteField(absl::string_view key);
  struct Row {
    uint64_t row;
    const nlohmann::json* payload;  // null without fields
  };
  // Takes rows that ascend over all calls. Before the rows can be found by a search: a filter never
  // misses one that a search hits.
  void Add(absl::Span<const Row> rows);
  // After the rows are gone from searches.
  void Remove(absl::Span<const uint64_t> rows);
  struct Edit {
    uint64_t row;
    const nlohmann::json& old_payload;
    const nlohmann::json& payload;
  };
  void Replace(absl::Span<const Edit> edits);

  // --- Of any thread.
  // Tells the index that a key has now from those that it had and will have; 0: it has none.
  uint64_t FieldNumber(absl::string_view key) const;
  // Shows rows to the index of a key; those that it has seen, or that are gone, are left out. The
  // payloads must have been read when the key had the index already: it knows of edits since then.
  // False when the key does not have the index of this number any more.
  bool AddToField(absl::string_view key, uint64_t number, absl::Span<const uint64_t> rows,
                  absl::Span<const nlohmann::json> payloads);
  void VacuumIfWorthwhile();
  bool wants_vacuum() const;

  struct Matches {
    RowMatches rows;
    uint64_t end = 0;    // rows from here on came later
    uint64_t total = 0;  // rows there are
  };
  Matches Match(const PreparedFilter& filter, PayloadIndex::FindRow find_row) const;
  // As PayloadIndex says; `rows` null: all of the collection.
  void Facet(const KeyPath& key, const RowSet* rows, PayloadIndex::FacetCounts& counts,
             RowSet& undecided) const;
  // The best rows for the words of a text, by BM25, over a key with an index of texts.
  // FailedPrecondition when the key has none, Unavailable while it is being built, CANCELLED.
  absl::StatusOr<std::vector<RowHit>> SearchText(const KeyPath& key, absl::string_view text,
                                                 const SparseSearchOptions& options) const;
  struct OrderedRow {
    OrderedValue value;
    uint64_t row;
  };
  // The next `limit` of `rows` (null: all) after `after` (null: from the start), by value and,
  // where that is the same, by row.
  absl::StatusOr<std::vector<OrderedRow>> Ordered(const KeyPath& key, bool descending,
                                                  const OrderedRow* after, size_t limit,
                                                  const RowSet* rows) const;
  std::vector<FieldInfo> Fields() const;
  size_t memory_bytes() const;

 private:
  mutable absl::Mutex mutex_;  // before IdIndex
  // Texts of a row at a key, for its ranking.
  void Rank(const KeyPath& key, Bm25Index& ranking, uint64_t row, const nlohmann::json& payload)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  PayloadIndex index_ ABSL_GUARDED_BY(mutex_);
  // BM25 statistics of the keys with an index of texts. The payload index knows which rows contain
  // a word, but not how well a row matches a query. Shared with searches, so that an index which is
  // dropped during a search stays until the search ends.
  std::map<KeyPath, std::shared_ptr<Bm25Index>> rankings_ ABSL_GUARDED_BY(mutex_);
  std::map<KeyPath, uint64_t> numbers_ ABSL_GUARDED_BY(mutex_);  // of the fields
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t end_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> has_fields_{false};
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_INDEXED_PAYLOADS_H_
