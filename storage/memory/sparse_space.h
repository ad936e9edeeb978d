// One sparse space of an open collection: its index in memory, as calls share it.
//
// Thread-safe: searches share, the leader of the commit queue excludes them while it adds or
// removes rows. That takes some microseconds a row, and now and then a merge (inverted_index.h). A
// search lets it in every millisecond or so.
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
  SparseSpace(SparseSpaceConfig config, size_t index)
      : config_(std::move(config)),
        key_space_(kFirstSparseSpace + index),
        index_(config_.modifier) {}

  const SparseSpaceConfig& config() const { return config_; }
  size_t key_space() const { return key_space_; }  // in keys of codes

  // Valid vectors, one a row; none of the rows is there.
  void Add(absl::Span<const uint64_t> rows, absl::Span<const SparseVectorView> vectors);
  // Those that are there.
  void Remove(absl::Span<const uint64_t> rows);
  // As SparseIndex::Search.
  absl::StatusOr<std::vector<RowHit>> Search(SparseVectorView query,
                                             const SparseSearchOptions& options) const;

  uint64_t rows() const;
  size_t memory_bytes() const;

 private:
  const SparseSpaceConfig config_;
  const size_t key_space_;
  mutable absl::Mutex mutex_;
  SparseIndex index_ ABSL_GUARDED_BY(mutex_);
};

using SparseSpaces = std::vector<std::unique_ptr<SparseSpace>>;

SparseSpaces MakeSparseSpaces(absl::Span<const SparseSpaceConfig> configs);
// Null when there is none of that name.
SparseSpace* FindSparseSpace(const SparseSpaces& spaces, absl::string_view name);
// "'terms', 'words'": for messages.
std::string ListSparseSpaceNames(const SparseSpaces& spaces);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SPARSE_SPACE_H_
