// One collection as its callers see it: the values that they pass, and the calls.
//
// A collection is a RocksDB on disk and its search structures in memory. Every write takes one path
// into both: first disk, then memory, in one order for all threads. So a restart, which reads the
// disk alone, comes to the state that the callers saw.
//
// Thread-safe. Writes of all threads are committed in groups: one batch and one fsync a group
// (storage/write/commit_queue.h). Every read sees the collection as it was at one moment, after all
// writes that were acknowledged before it began: of each batch it sees every point or none
// (storage/memory/moment.h). Readers do not wait for the disk of writers, nor writers for a search.
//
// A read that has gone on for very long, while very many points were replaced, deleted or edited,
// ends with Aborted, and can be started again.
//
// Left out of this file: names of collections, their creation and removal (database.h), and the
// limits of sizes and counts (options.h).
#ifndef TQDB_STORAGE_API_COLLECTION_H_
#define TQDB_STORAGE_API_COLLECTION_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/matrix_view.h"
#include "base/number.h"
#include "storage/api/options.h"
#include "storage/api/shared_filter.h"
#include "storage/payload/payload_edit.h"
#include "storage/payload/payload_parts.h"
#include "values/field_kind.h"
#include "values/filter.h"
#include "values/types.h"

namespace tqdb::storage {

// The state of a collection at one moment (storage/memory/moment.h). Held by several reads, it lets
// all of them see the same. It keeps memory of the collection, so it is to be held for one call.
struct Moment;

// Vectors of one space within a batch. `points[i]` is the index in the batch of row i of `rows`; an
// empty `points` means row i belongs to point i.
//
// Example: a batch of three points, with vectors for the first and the third alone, has two rows
// and points = {0, 2}.
struct SpaceVectors {
  absl::string_view name;
  MatrixView rows;
  std::vector<uint32_t> points;
};

// Vectors of one sparse space within a batch. `points` has the meaning that it has in SpaceVectors.
struct SparseSpaceVectors {
  absl::string_view name;
  std::vector<SparseVectorView> rows;
  std::vector<uint32_t> points;
};

// One atomic batch, borrowed from the caller for the duration of the call. Every point needs a
// vector in at least one space, of either sort.
struct UpsertBatch {
  absl::Span<const PointId> ids;                 // distinct
  absl::Span<const absl::string_view> payloads;  // one JSON object a point, "" for none; or empty
  std::vector<SpaceVectors> vectors;             // at most one entry a vector space
  std::vector<SparseSpaceVectors> sparse;        // at most one entry a sparse space
  Durability durability = Durability::kSync;
  UpsertMode mode = UpsertMode::kUpsert;
  // An existing point is only written if it matches at that moment. Not allowed with kInsert.
  SharedFilter condition = {};
};

struct UpsertResult {
  uint64_t inserted = 0;  // points that did not exist
  uint64_t replaced = 0;  // points that did, and were written
  uint64_t skipped = 0;   // points that mode or condition left as they were
};

// A vector of a point, as it is returned: the original, or the decoded code where the space keeps
// no originals.
struct PointVector {
  std::string name;
  std::vector<float> values;
};

struct PointSparseVector {
  std::string name;
  SparseVector vector;
};

// A point as it is returned.
struct PointRecord {
  PointId id;
  float score = 0;                                // set by a search
  std::string payload;                            // JSON, empty for none
  std::vector<PointVector> vectors;               // empty unless Select asks for vectors
  std::vector<PointSparseVector> sparse_vectors;  // empty unless Select asks for vectors
};

// Parts of a point that a call returns besides its id and score.
struct Select {
  bool payload = false;
  bool vectors = false;
  // Parts of the payload to return; null means all of it.
  std::shared_ptr<const PayloadParts> parts = {};
  // Bytes of payloads and vectors together that one call may return. A call that would return more
  // fails with ResourceExhausted. This bounds the memory of a call before it is spent.
  size_t max_bytes = std::numeric_limits<size_t>::max();
};

struct ScrollPage {
  std::vector<PointRecord> points;
  bool more = false;  // true if there are points after the last one
};

// Points in the order of the numbers or times that a payload key holds. A point with several values
// appears once for each of them, or with `once` at the first of them alone. A point without a value
// does not appear.
//
// Example: the payloads {"n": [1, 5]}, {"n": 3} and {} give the order 1, 3, 5. The first point
// appears twice, the last one never. With `once` the order is 1, 3, and descending 5, 3.
struct OrderSpec {
  std::string key;  // must have a payload index of integers, floats or times
  bool descending = false;
  bool once = false;
};

// Place of a point in such an order. Equal values are ordered by row, so a page can begin between
// two points of one value. An index of floats has doubles, and integers that no double equals; the
// other ones have integers.
struct OrderedPosition {
  Number value;
  uint64_t row = 0;
};

struct OrderedPage {
  std::vector<PointRecord> points;
  std::vector<OrderedPosition> positions;  // one a point; the next page begins after the last one
  bool more = false;                       // true if there are points after the last one
};

struct FacetSpec {
  std::string key;
  size_t limit = 10;                     // values to return, 1..kMaxFacetLimit
  SharedFilter filter = {};              // points to count; all without a filter
  std::function<bool()> cancelled = {};  // may be empty
};
inline constexpr size_t kMaxFacetLimit = 10'000;
// Number of different values that one facet can tell apart. It bounds the memory of the counts.
inline constexpr size_t kMaxFacetValues = 1'000'000;

struct FacetCount {
  MatchValue value;
  uint64_t count = 0;  // points that have the value
};

// Points that match a filter. Where no payload index decides, payloads are read and evaluated.
struct FilterSpec {
  SharedFilter filter;
  std::function<bool()> cancelled = {};  // may be empty
};

// Page of a walk over points.
struct PageSpec {
  size_t limit = 100;  // number of points
  Select select = {};
  // Moment to read at, for several pages that must see the same state; null: the one now.
  std::shared_ptr<const Moment> moment = {};
};

// A search for points by the words of a text.
struct TextQuery {
  std::string key;  // must have a payload index of texts
  // At most kMaxQueryWords words, as base/words.h cuts them. Without any it finds nothing.
  std::string text;
  friend bool operator==(const TextQuery&, const TextQuery&) = default;
};

struct SearchSpec {
  absl::string_view space = {};  // name of a vector space, or of a sparse one if `sparse` is set
  // Words to search for in place of a vector. There are no queries then, and the answer is one
  // list, ranked by BM25 (storage/sparse/bm25_index.h). Points that have none of the words are left
  // out. exact, rerank and mmr must not be set.
  std::optional<TextQuery> text = {};
  // Sparse vector to search for in place of a dense one, under the same restrictions as `text`. The
  // score is the exact dot product (storage/sparse/sparse_index.h). Points that share no index with
  // the vector are left out, so an empty vector finds nothing.
  std::optional<SparseVector> sparse = {};
  size_t limit = 10;  // limit + offset is 1..kMaxTopK
  size_t offset = 0;  // number of the best points to leave out
  float score_threshold = -std::numeric_limits<float>::infinity();  // lowest score of a hit
  bool exact = false;       // true: brute force over originals
  bool rerank = false;      // true: rescore candidates from originals
  double oversampling = 0;  // candidates = (limit + offset) * oversampling; 0: 3. With an offset
                            // limit + offset is rounded up (storage/read/candidates.h)
  float error_bound = 0;    // 0: the default
  // Returns matching points only. Where no payload index decides, payloads are read and evaluated
  // first, once for all queries.
  SharedFilter filter = {};
  // Chooses, among the best `candidates` points, `limit` that are unlike each other (read/mmr.h).
  // The choice does not change scores.
  struct Mmr {
    float diversity = 0.5f;  // 0..1; 0: by score alone
    size_t candidates = 0;   // limit + offset..kMaxMmrCandidates; 0: kMmrOversampling
                             // times limit + offset
    friend bool operator==(const Mmr&, const Mmr&) = default;
  };
  std::optional<Mmr> mmr = {};
  Select select = {};
  std::function<bool()> cancelled = {};  // may be empty
  // Moment to search at; null: a moment after the search begins.
  std::shared_ptr<const Moment> moment = {};
};
inline constexpr size_t kMmrOversampling = 4;
inline constexpr size_t kMaxMmrCandidates = 1'000;

// An edit and the points whose payloads it changes. With both ids and a filter, a point must be
// among the ids and match.
struct PayloadUpdate {
  absl::Span<const PointId> ids;      // distinct; an id without a point is left out
  std::optional<Filter> filter = {};  // condition on a point's payload before the edit
  const PayloadEdit& edit;
  Durability durability = Durability::kSync;
  std::function<bool()> cancelled = {};  // may be empty
};

struct PayloadIndexInfo {
  std::string key;
  FieldKind kind = FieldKind::kKeyword;
  uint64_t points = 0;  // points that the index has seen; all of them once it is ready
  uint64_t memory_bytes = 0;
  bool ready = false;
  // Points that have a value at the key which the index cannot hold: one of another type, or a
  // string that is no time. They are found by the tests of other types alone.
  uint64_t unheld_points = 0;
};

struct SpaceInfo {
  std::string name;
  uint64_t rows = 0;  // rows that are not removed from memory; rows of kept_rows are among them
  uint64_t memory_bytes = 0;
  uint64_t code_bytes = 0;  // bytes of one code
  uint32_t mean_versions = 0;
  uint32_t current_mean_version = 0;  // 0 if no mean is in force
  uint64_t rows_under_current_mean = 0;
};

struct SparseSpaceInfo {
  std::string name;
  uint64_t rows = 0;
  uint64_t memory_bytes = 0;
};

struct CollectionInfo {
  std::string name;
  CollectionConfig config;
  CollectionStatus status = CollectionStatus::kReady;
  std::string error;  // cause of a status other than kReady
  // Number of records that the collection was given: upserts, deletions, edits, adoptions of means,
  // changes of indexes and metadata. A record that changed nothing counts too. A restart does not
  // reset the number.
  uint64_t sequence = 0;
  // 32 hexadecimal digits. Two collections that were given the same records in the same order have
  // the same digest, whatever their machines. All zero while `sequence` is 0.
  std::string digest;
  uint64_t points = 0;
  uint64_t disk_bytes = 0;
  uint64_t memory_bytes = 0;        // codes, id index and payload indexes
  uint64_t write_buffer_bytes = 0;  // writes not yet in a table file; not part of memory_bytes
  // Rows of points that were replaced or deleted, and that stay in memory while reads which began
  // before are in progress.
  uint64_t kept_rows = 0;
  std::vector<SpaceInfo> spaces;
  std::vector<SparseSpaceInfo> sparse_spaces;
  std::vector<PayloadIndexInfo> payload_indexes;  // in the order of their keys
};

class Collection {
 public:
  virtual ~Collection() = default;

  virtual const std::string& name() const = 0;
  // Never returns null. A change of the metadata puts another object in place, and leaves this one
  // as it is.
  virtual std::shared_ptr<const CollectionConfig> config() const = 0;

  // Validates everything, then writes the points that mode and condition allow, all or none.
  // Returns InvalidArgument, which names the field and the value; FailedPrecondition when the
  // collection is read-only; Unavailable when it is being dropped; ResourceExhausted when the disk
  // is full.
  virtual absl::StatusOr<UpsertResult> Upsert(const UpsertBatch& batch) = 0;
  // Deletes points, all in one step. Returns the number of points that existed.
  virtual absl::StatusOr<uint64_t> Delete(absl::Span<const PointId> ids, Durability durability) = 0;
  // Deletes the points that match when the call begins, and returns their number. A point that is
  // replaced before its turn comes stays: it is another point by then. A point whose payload is
  // edited before its turn is deleted all the same. Works in batches of kMaxBatchPoints, each of
  // them atomic, so some points may be gone after an error. InvalidArgument when the filter is bad,
  // or empty: an empty filter matches every point.
  virtual absl::StatusOr<uint64_t> DeleteMatching(const FilterSpec& spec,
                                                  Durability durability) = 0;

  // Edits payloads, and returns the number of points edited. With ids, the call edits all of them
  // or none. With a filter alone, it works in batches, each of them atomic, so some points may be
  // edited after an error. The filter is evaluated in the same step as the edit, so that it can
  // serve as a condition. InvalidArgument on a bad edit or filter, or a payload that would grow too
  // large; FailedPrecondition when an edit does not apply to a payload.
  virtual absl::StatusOr<uint64_t> UpdatePayload(const PayloadUpdate& update) = 0;

  // Indexes the values of a payload key. Returns once the index is recorded on disk; with `wait`,
  // once it is complete. Writes and reads go on while it is built. When `cancelled()` ends the
  // wait, the index is completed in the background. Returns OK when the index exists already, and
  // AlreadyExists when the key has an index of another kind.
  virtual absl::StatusOr<PayloadIndexInfo> CreatePayloadIndex(
      absl::string_view key, FieldKind kind, bool wait, const std::function<bool()>& cancelled) = 0;
  // Returns NotFound when the key has no index.
  virtual absl::Status DeletePayloadIndex(absl::string_view key) = 0;

  // Returns the moment now, for several reads that must see the same state. The collection is not
  // closed while it is held. Unavailable when the collection is being closed or dropped.
  virtual absl::StatusOr<std::shared_ptr<const Moment>> Now() const = 0;
  // Returns the points that exist, in the order of the ids. A null `moment` is the one now.
  virtual absl::StatusOr<std::vector<PointRecord>> Get(
      absl::Span<const PointId> ids, Select select, std::shared_ptr<const Moment> moment) const = 0;
  absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids, Select select) const {
    return Get(ids, select, nullptr);
  }
  // Returns the first page.limit points with id > `after` in id order. A null `after` begins with
  // the first point.
  virtual absl::StatusOr<ScrollPage> Scroll(const PointId* after, const PageSpec& page) const = 0;
  // Returns the first page.limit matching points with id > `after` in id order. Reads as many
  // points as it takes to find them.
  virtual absl::StatusOr<ScrollPage> ScrollMatching(const PointId* after, const PageSpec& page,
                                                    const FilterSpec& spec) const = 0;
  // Returns the next page.limit points after the position `after`, from the first one if it is
  // null. `filter` may be null. FailedPrecondition when the key has no index with an order, or when
  // that index is being built. A point that is replaced between two pages of different moments may
  // be seen twice, or not at all.
  virtual absl::StatusOr<OrderedPage> ScrollOrdered(const OrderSpec& order,
                                                    const OrderedPosition* after,
                                                    const PageSpec& page,
                                                    const FilterSpec* filter) const = 0;
  virtual uint64_t Count() const = 0;
  virtual absl::StatusOr<uint64_t> CountMatching(const FilterSpec& spec) const = 0;
  // Returns the most frequent strings, integers and booleans of a payload key, by count, then by
  // value. A point counts once for each of its values. Payloads are read if no index covers such
  // values. ResourceExhausted when there are more than kMaxFacetValues different values.
  virtual absl::StatusOr<std::vector<FacetCount>> Facet(const FacetSpec& spec) const = 0;
  // Returns one list for each query, best first. `queries` has shape (n, dim). All queries share
  // the spec.
  virtual absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(
      MatrixView queries, const SearchSpec& spec) const = 0;

  virtual CollectionInfo Info() const = 0;
  virtual absl::Status SetMetadata(std::map<std::string, std::string> metadata) = 0;
  // Writes the memtables to table files. With `settle`, finishes background work (re-encoding,
  // vacuum) first.
  virtual absl::Status Flush(bool settle) = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_COLLECTION_H_
