// The payload indexes of a collection, as its calls share them. Readers find the rows of a filter,
// and the leader of the commit queue keeps the indexes in step with the disk.
//
// The indexes live in memory alone. The disk only says which keys have one. So payloads are read at
// start-up, and also when an index is created for a collection that has rows (index_builder.h).
//
// Every call of a reader has a moment (moment.h), and sees the rows of that moment. Payloads are
// edited in place, so the indexes may know a later payload of a row than the moment has. They keep
// a list of the edits that some read in progress may be older than. Such rows are left to the
// caller, who reads their payloads in the view of the moment.
//
// Example: a filter asks for color = red at moment 5. Row 3 was red, and became blue at moment 6.
// The index says blue. Row 3 is in the list of edits, so it is undecided, and its payload is read.
//
// Thread-safe, with one lock over all indexes. A reader holds up the leader as long as it combines
// bitmaps: microseconds for most filters, milliseconds for millions of rows.
#ifndef TQDB_STORAGE_MEMORY_INDEXED_PAYLOADS_H_
#define TQDB_STORAGE_MEMORY_INDEXED_PAYLOADS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "base/ending_allocator.h"
#include "storage/memory/moment.h"
#include "storage/payload/payload_index.h"
#include "storage/sparse/bm25_index.h"
#include "values/key_path.h"
#include "values/types.h"

namespace tqdb::storage {

class IndexedPayloads {
 public:
  // Returns false while no key has an index. Payloads need not be parsed for Add and Replace then.
  bool has_fields() const { return has_fields_.load(std::memory_order_acquire); }

  // --- Calls for the leader of the commit queue, and for the loader.
  // Creates an index that has seen no rows.
  absl::Status CreateField(absl::string_view key, FieldKind kind);
  absl::Status DeleteField(absl::string_view key);
  struct Row {
    uint64_t row;
    PointId id;
    const nlohmann::json* payload;  // may be null while no key has an index
  };
  // Adds new rows to all indexes, and lets the `retired` ones count no more in the scores of texts,
  // in one step for all searches. Retired rows can be found until Remove. Requires: rows ascend
  // over all calls.
  void Add(absl::Span<const Row> rows, absl::Span<const uint64_t> retired);
  // Removes rows from all indexes. Requires: the rows were retired, and no read sees them any more.
  void Remove(absl::Span<const uint64_t> rows);
  struct Edit {
    uint64_t row;
    PointId id;
    const nlohmann::json* old_payload;  // both may be null while no key has an index
    const nlohmann::json* payload;
  };
  // Replaces the payload of a row. `moment` is the number of the first moment that has the edit.
  // Leaves out a row that has been removed.
  void Replace(const Edit& edit, uint64_t moment);
  // Forgets the edits that every moment from number `oldest` on has.
  void ForgetEdits(uint64_t oldest);
  // Returns the number of edits that are not forgotten.
  size_t kept_edits() const { return num_edited_.load(std::memory_order_relaxed); }

  // --- Calls for any thread.
  // Returns the number of the key's index, 0 if the key has none. The number changes whenever the
  // index is dropped and created again, so it tells the indexes of one key apart.
  uint64_t FieldNumber(absl::string_view key) const;
  // Adds rows to the index of a key. Leaves out rows that the index has seen, and rows that are
  // gone. Returns false if the key no longer has the index with this number, or if a write has left
  // the indexes half changed. Requires: the payloads were read after the index was created. The
  // index has been told of every edit since then.
  bool AddToField(absl::string_view key, uint64_t number, absl::Span<const Row> rows);
  // Frees the memory of removed rows, if there are enough of them.
  void VacuumIfWorthwhile();
  bool wants_vacuum() const;

  struct Matches {
    RowMatches rows;
    uint64_t total = 0;  // rows in memory, about as many as the collection has
  };
  // Returns the rows that match a filter, and the rows that the indexes leave undecided. The caller
  // must read the payloads of undecided rows. `find_row` knows the points of the moment.
  Matches Match(const PreparedFilter& filter, PayloadIndex::FindRow find_row,
                const Moment& moment) const;
  // Counts the values of a key among `rows`, or among all rows if that is null
  // (PayloadIndex::Facet). Adds rows whose values no index knows to `undecided`.
  void Facet(const KeyPath& key, const RowSet* rows, const Moment& moment,
             PayloadIndex::FacetCounts& counts, RowSet& undecided) const;
  // Returns the best rows for the words of a text, by BM25, over a key with an index of texts. The
  // statistics of words are those of the newest write, whatever the moment.
  //
  // Leaves out the rows whose texts were edited after the moment, and adds them to `edited`: the
  // caller must score them by ScoreText. FailedPrecondition when the key has no index,
  // Unavailable while it is being built, Cancelled when the options say so. Requires:
  // options.filter allows no row that the moment does not see.
  absl::StatusOr<std::vector<Hit>> SearchText(const KeyPath& key, absl::string_view text,
                                              const Moment& moment,
                                              const SparseSearchOptions& options,
                                              std::vector<uint64_t>& edited) const;
  // Returns the score of a payload for the words of a text, by the statistics of the key's index of
  // texts; nullopt if the payload has none of the words.
  std::optional<float> ScoreText(const KeyPath& key, absl::string_view text,
                                 const nlohmann::json& payload) const;
  struct OrderedRow {
    OrderedValue value;
    uint64_t row;
  };
  struct OrderedRows {
    std::vector<OrderedRow> rows;
    // Rows that were edited after the moment, ascending. They are left out of `rows`.
    std::vector<uint64_t> edited;
    FieldKind kind;  // kind of the index
  };
  // Returns the next `limit` of `rows` in the order of their values, and of their row numbers where
  // values are equal. A null `rows` stands for all rows. Begins after `after`, or with the first
  // row if that is null.
  absl::StatusOr<OrderedRows> Ordered(const KeyPath& key, bool descending, const OrderedRow* after,
                                      size_t limit, const RowSet* rows, const Moment& moment) const;
  // Returns the descriptions of the indexes. Rows that the moment does not see do not count.
  std::vector<FieldInfo> Fields(const Moment& moment) const;
  size_t memory_bytes() const;

 private:
  // An edit that some read in progress may be older than.
  struct Edited {
    uint64_t moment;  // number of the first moment that has the edit
    uint64_t row;
    bool of_text;  // whether the edit changed a text that is ranked
  };

  mutable absl::Mutex mutex_;  // in the lock order before the lock of IdIndex
  // Adds the texts that a row has at a key to the BM25 index of the key.
  void Rank(const KeyPath& key, Bm25Index& ranking, const Row& row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns the rows that the moment sees.
  RowSet RowsAt(const Moment& moment) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Removes from a set of rows in memory those that the moment does not see.
  void KeepSeen(const Moment& moment, RowSet& rows) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Returns the rows that the moment sees and that were edited after it, ascending. With `of_text`,
  // only those of which a ranked text changed.
  std::vector<uint64_t> EditedAfter(const Moment& moment, bool of_text) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Returns the number of rows of the moment that the index of a key has not seen.
  uint64_t CountUnseen(const KeyPath& key, const Moment& moment) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  PayloadIndex index_ ABSL_GUARDED_BY(mutex_);
  // BM25 indexes of the keys with an index of texts. The payload index knows which rows contain
  // a word, but not how well a row matches a query. Shared with searches, so that an index which is
  // dropped during a search stays until the search ends.
  std::map<KeyPath, std::shared_ptr<Bm25Index>> rankings_ ABSL_GUARDED_BY(mutex_);
  std::map<KeyPath, uint64_t> numbers_ ABSL_GUARDED_BY(mutex_);  // number of each index
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t end_ ABSL_GUARDED_BY(mutex_) = 0;  // one more than the highest row that was added
  // Rows that were retired and not yet removed. An index that is made meanwhile must not count
  // them.
  EndingHashSet<uint64_t> retired_ ABSL_GUARDED_BY(mutex_);
  std::deque<Edited> edited_ ABSL_GUARDED_BY(mutex_);  // by moment
  // True while a write changes the indexes. It stays so if memory runs out on the way: the indexes
  // are then half changed, the collection takes no more writes, and builds must add nothing.
  bool changing_ ABSL_GUARDED_BY(mutex_) = false;
  // Both are read without the lock, on every write.
  std::atomic<bool> has_fields_{false};
  std::atomic<size_t> num_edited_{0};
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_INDEXED_PAYLOADS_H_
