// One sparse space of an open collection: its index in memory, as calls share it.
//
// Thread-safe: searches share the lock, and the leader of the commit queue excludes them while it
// adds or removes rows. That takes some microseconds a row, and sometimes a merge
// (sparse/inverted_index.h). A search lets the leader in about once a millisecond.
#ifndef TQDB_STORAGE_MEMORY_SPARSE_SPACE_H_
#define TQDB_STORAGE_MEMORY_SPARSE_SPACE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/api/options.h"
#include "storage/disk/keys.h"
#include "storage/sparse/sparse_index.h"

namespace tqdb::storage {

class SparseSpace {
 public:
  // A new row of a point, with its vector.
  struct Row {
    uint64_t row;
    PointId id;
    SparseVectorView vector;
  };

  SparseSpace(SparseSpaceConfig config, size_t index)
      : config_(std::move(config)),
        key_space_(kFirstSparseSpace + index),
        index_(config_.modifier) {}

  const SparseSpaceConfig& config() const { return config_; }
  // Returns the number of the space in keys of codes.
  size_t key_space() const { return key_space_; }

  // Adds rows, and lets the `retired` ones count no more in the scores, in one step for all
  // searches. Retired rows without a vector here are left out. Requires: the vectors are valid, and
  // no row was added before.
  void Add(absl::Span<const Row> rows, absl::Span<const uint64_t> retired);
  // Removes rows from memory. Leaves out rows that have no vector here.
  void Remove(absl::Span<const uint64_t> rows);
  // Returns the hits that SparseIndex::Search finds.
  absl::StatusOr<std::vector<Hit>> Search(SparseVectorView query,
                                          const SparseSearchOptions& options) const;

  uint64_t rows() const;  // of points that exist
  size_t memory_bytes() const;

 private:
  const SparseSpaceConfig config_;
  const size_t key_space_;
  mutable absl::Mutex mutex_;
  SparseIndex index_ ABSL_GUARDED_BY(mutex_);
};

using SparseSpaces = std::vector<std::unique_ptr<SparseSpace>>;

SparseSpaces MakeSparseSpaces(absl::Span<const SparseSpaceConfig> configs);
// Returns the space of a name; null if there is none.
SparseSpace* FindSparseSpace(const SparseSpaces& spaces, absl::string_view name);
// Returns the names for a message, for example "'terms', 'words'".
std::string ListSparseSpaceNames(const SparseSpaces& spaces);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SPARSE_SPACE_H_
