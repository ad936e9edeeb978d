#include "storage/memory/sparse_space.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/memory/search_yielding.h"

namespace tqdb::storage {

void SparseSpace::Add(absl::Span<const Row> rows, absl::Span<const uint64_t> retired) {
  if (rows.empty() && retired.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const Row& row : rows) index_.Add(row.row, row.id, row.vector);
  for (const uint64_t row : retired) index_.Retire(row);
}

void SparseSpace::Remove(absl::Span<const uint64_t> rows) {
  if (rows.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const uint64_t row : rows) index_.Remove(row);
}

absl::StatusOr<std::vector<Hit>> SparseSpace::Search(SparseVectorView query,
                                                     const SparseSearchOptions& options) const {
  absl::ReaderMutexLock lock(&mutex_);
  return SearchYielding(mutex_, index_, query, options);
}

uint64_t SparseSpace::rows() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.rows();
}

size_t SparseSpace::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.memory_bytes();
}

SparseSpaces MakeSparseSpaces(absl::Span<const SparseSpaceConfig> configs) {
  SparseSpaces spaces;
  for (size_t i = 0; i < configs.size(); ++i) {
    spaces.push_back(std::make_unique<SparseSpace>(configs[i], i));
  }
  return spaces;
}

SparseSpace* FindSparseSpace(const SparseSpaces& spaces, absl::string_view name) {
  for (const std::unique_ptr<SparseSpace>& space : spaces) {
    if (space->config().name == name) return space.get();
  }
  return nullptr;
}

std::string ListSparseSpaceNames(const SparseSpaces& spaces) {
  return absl::StrJoin(spaces, ", ",
                       [](std::string* out, const std::unique_ptr<SparseSpace>& space) {
                         absl::StrAppend(out, "'", space->config().name, "'");
                       });
}

}  // namespace tqdb::storage
