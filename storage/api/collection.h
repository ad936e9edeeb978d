// One collection: its RocksDB, its vector spaces in memory, and the one path by which writes reach
// both.
//
// Thread-safe. Readers never wait for writers. Writes of all threads are committed in groups: one
// WriteBatch and one fsync a group, applied to memory in the same order (see commit_queue.h).
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
#include "storage/api/options.h"
#include "storage/payload/payload_edit.h"
#include "values/field_kind.h"
#include "values/filter.h"
#include "values/types.h"

namespace tqdb::storage {

enum class CollectionStatus { kReady, kReadOnly, kQuarantined };

// Vectors of one space within a batch. `points[i]` is the index in the batch of row i of `rows`; an
// empty `points` means row i belongs to point i.
struct SpaceVectors {
  absl::string_view name;
  MatrixView rows;
  std::vector<uint32_t> points;
};

// The same of a sparse space: rows[i] belongs to points[i], or to point i.
struct SparseSpaceVectors {
  absl::string_view name;
  std::vector<SparseVectorView> rows;
  std::vector<uint32_t> points;
};

// One atomic batch, borrowed from the caller for the duration of the call.
struct UpsertBatch {
  absl::Span<const PointId> ids;                 // distinct
  absl::Span<const absl::string_view> payloads;  // one JSON object a point, "" for none; or empty
  std::vector<SpaceVectors> vectors;             // every point needs a vector in at least one space
  std::vector<SparseSpaceVectors> sparse;        // or one of these
  Durability durability = Durability::kSync;
};

struct UpsertResult {
  uint64_t inserted = 0;
  uint64_t replaced = 0;
};

struct PointVector {
  std::string name;
  std::vector<float> values;
};

struct PointSparseVector {
  std::string name;
  SparseVector vector;
};

struct PointRecord {
  PointId id;
  float score = 0;                   // of a search
  std::string payload;               // JSON, empty for none
  std::vector<PointVector> vectors;  // when asked for
  std::vector<PointSparseVector> sparse_vectors;
};

struct Select {
  bool payload = false;
  bool vectors = false;
  // Of both, in all that one call returns: above it, ResourceExhausted.
  size_t max_bytes = std::numeric_limits<size_t>::max();
};

struct ScrollPage {
  std::vector<PointRecord> points;
  bool more = false;  // there are points after the last one
};

// Points in the order of the numbers or times that a payload key holds. A point with several values
// is there for each; points without any are not there.
struct OrderSpec {
  std::string key;  // needs a payload index of integers, floats or times
  bool descending = false;
};

// Where a point stands in such an order.
struct OrderedPosition {
  std::variant<int64_t, double> value;
  uint64_t row = 0;
};

struct OrderedPage {
  std::vector<PointRecord> points;
  std::vector<OrderedPosition> positions;  // of each; the next page begins after the last
  bool more = false;
};

struct FacetSpec {
  std::string key;
  size_t limit = 10;                     // values, 1..kMaxFacetLimit
  std::optional<Filter> filter = {};     // of the points counted
  std::function<bool()> cancelled = {};  // may be empty
};
inline constexpr size_t kMaxFacetLimit = 10'000;
// Different values that one facet can tell apart.
inline constexpr size_t kMaxFacetValues = 1'000'000;

struct FacetCount {
  MatchValue value;
  uint64_t count = 0;
};

// Points by what they are. Payloads are read and evaluated where no payload index decides.
struct FilterSpec {
  const Filter& filter;
  std::function<bool()> cancelled = {};  // may be empty
};

// Points by the words of a text.
struct TextQuery {
  std::string key;   // with a payload index of texts
  std::string text;  // its words, as storage/payload/words.h has them; kMaxQueryWords at most
  friend bool operator==(const TextQuery&, const TextQuery&) = default;
};

struct SearchSpec {
  absl::string_view space = {};  // name
  // In place of a vector: there are no queries then, and one list is the answer, by BM25
  // (storage/sparse/bm25_index.h). Points that have none of the words are left out. exact, rerank
  // and mmr must not be set.
  std::optional<TextQuery> text = {};
  // The same for a sparse vector; `space` is the name of a sparse space then. By the exact dot
  // product (storage/sparse/sparse_index.h), of points that share an index with it.
  std::optional<SparseVector> sparse = {};
  size_t limit = 10;  // 1..kMaxTopK, together with offset
  size_t offset = 0;  // so many of the best are left out
  float score_threshold = -std::numeric_limits<float>::infinity();
  bool exact = false;       // brute force over originals
  bool rerank = false;      // rescore candidates from originals
  double oversampling = 0;  // candidates = (limit + offset) * oversampling; 0: 3
  float error_bound = 0;    // 0: the default
  // Only points that match. Where no payload index decides, payloads are read and evaluated first,
  // once for all queries. A point that comes to match while the search runs may be missing.
  std::optional<Filter> filter = {};
  // Of the best `candidates` points, `limit` that are unlike each other (read/mmr.h). Scores stay
  // what they are.
  struct Mmr {
    float diversity = 0.5f;  // 0..1
    size_t candidates = 0;   // limit + offset..kMaxMmrCandidates; 0: kMmrOversampling
                             // times limit + offset
    friend bool operator==(const Mmr&, const Mmr&) = default;
  };
  std::optional<Mmr> mmr = {};
  Select select = {};
  std::function<bool()> cancelled = {};  // may be empty
};
inline constexpr size_t kMmrOversampling = 4;
inline constexpr size_t kMaxMmrCandidates = 1'000;

// Which payloads to edit, and how.
struct PayloadUpdate {
  absl::Span<const PointId> ids;      // distinct; those that do not exist are left out
  std::optional<Filter> filter = {};  // of the points to edit; with ids: of those among them
  const PayloadEdit& edit;
  Durability durability = Durability::kSync;
  std::function<bool()> cancelled = {};  // may be empty
};

struct PayloadIndexInfo {
  std::string key;
  FieldKind kind = FieldKind::kKeyword;
  uint64_t points = 0;  // that it has seen: all, once it is ready
  uint64_t memory_bytes = 0;
  bool ready = false;
};

struct SpaceInfo {
  std::string name;
  uint64_t rows = 0;
  uint64_t memory_bytes = 0;
  uint64_t code_bytes = 0;
  uint32_t mean_versions = 0;
  uint32_t current_mean_version = 0;
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
  std::string error;
  // Records that the collection was given: upserts, deletions, edits, adoptions of means, changes
  // of indexes and metadata, even those that came to nothing. Counted from 0, across restarts.
  uint64_t sequence = 0;
  // 32 hexadecimal digits that two collections share if they were given the same records in the
  // same order, on whatever machines. All zero while `sequence` is 0.
  std::string digest;
  uint64_t points = 0;
  uint64_t disk_bytes = 0;
  uint64_t memory_bytes = 0;        // codes, id index and payload indexes
  uint64_t write_buffer_bytes = 0;  // beside it: writes not yet in a table file
  std::vector<SpaceInfo> spaces;
  std::vector<SparseSpaceInfo> sparse_spaces;
  std::vector<PayloadIndexInfo> payload_indexes;  // by key
};

class Collection {
 public:
  virtual ~Collection() = default;

  virtual const std::string& name() const = 0;
  // Never null. Another one takes its place when the metadata changes.
  virtual std::shared_ptr<const CollectionConfig> config() const = 0;

  // Validates everything, then writes all points or none. InvalidArgument names the field and the
  // value; FailedPrecondition when the collection is read-only; Unavailable when it is being
  // dropped; ResourceExhausted when the disk is full.
  virtual absl::StatusOr<UpsertResult> Upsert(const UpsertBatch& batch) = 0;
  // Number of points that existed.
  virtual absl::StatusOr<uint64_t> Delete(absl::Span<const PointId> ids, Durability durability) = 0;
  // Deletes the points that match when the call begins, but for those that are replaced before
  // their turn comes; not so those whose payload is edited meanwhile. In batches of
  // kMaxBatchPoints, each atomic: after an error some may be gone. Number of points deleted.
  // InvalidArgument when the filter is bad, or empty: that would be every point.
  virtual absl::StatusOr<uint64_t> DeleteMatching(const FilterSpec& spec,
                                                  Durability durability) = 0;

  // Number of points whose payload was edited. With ids, all of them or none. With a filter alone,
  // in batches that are atomic each: after an error some points may be edited. The filter is
  // evaluated in the same step as the edit, so that it can serve as a condition. InvalidArgument on
  // a bad edit or filter, or a payload that would grow too large; FailedPrecondition when an edit
  // does not apply to a payload.
  virtual absl::StatusOr<uint64_t> UpdatePayload(const PayloadUpdate& update) = 0;

  // Indexes the values of a payload key. Once it is on disk, returns, if `wait` is false, or when
  // it is complete: writes and reads go on meanwhile, and when `cancelled()` ends the wait the work
  // is completed in the background. OK when the index exists; AlreadyExists when one of another
  // kind does.
  virtual absl::StatusOr<PayloadIndexInfo> CreatePayloadIndex(
      absl::string_view key, FieldKind kind, bool wait, const std::function<bool()>& cancelled) = 0;
  // NotFound when the key has no index.
  virtual absl::Status DeletePayloadIndex(absl::string_view key) = 0;

  virtual absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids,
                                                       Select select) const = 0;
  // Points with id > `after` (null: from the first) in id order.
  virtual absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit,
                                            Select select) const = 0;
  // The next `limit` of them that match. As many points are read as it takes to find them.
  virtual absl::StatusOr<ScrollPage> ScrollMatching(const PointId* after, size_t limit,
                                                    Select select,
                                                    const FilterSpec& spec) const = 0;
  // The next `limit` points after `after` (null: the first). `filter` may be null.
  // FailedPrecondition when the key has no index with an order, or one that is being built. A point
  // that is replaced between two pages may be seen twice, or not at all.
  virtual absl::StatusOr<OrderedPage> ScrollOrdered(const OrderSpec& order,
                                                    const OrderedPosition* after, size_t limit,
                                                    Select select,
                                                    const FilterSpec* filter) const = 0;
  virtual uint64_t Count() const = 0;
  virtual absl::StatusOr<uint64_t> CountMatching(const FilterSpec& spec) const = 0;
  // The most frequent strings, integers and booleans of a payload key, by count, then by value; a
  // point counts once for each of its values. Payloads are read where no index of such values
  // knows. ResourceExhausted above kMaxFacetValues.
  virtual absl::StatusOr<std::vector<FacetCount>> Facet(const FacetSpec& spec) const = 0;
  // One list a query (n, dim), best first. All queries share the spec.
  virtual absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(
      MatrixView queries, const SearchSpec& spec) const = 0;

  virtual CollectionInfo Info() const = 0;
  virtual absl::Status SetMetadata(std::map<std::string, std::string> metadata) = 0;
  // Writes memtables to disk. Background work (re-encoding, vacuum) is finished first when
  // `settle`.
  virtual absl::Status Flush(bool settle) = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_COLLECTION_H_
