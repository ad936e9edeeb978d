// One vector space of an open collection: its engine, and what storage adds to it.
//
// Thread-safety: the engine states its own. Of the rest, each member says.
#ifndef TQDB_STORAGE_MEMORY_SPACE_H_
#define TQDB_STORAGE_MEMORY_SPACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "base/matrix_view.h"
#include "core/codec/centering.h"
#include "core/space/vector_space.h"
#include "storage/api/options.h"
#include "storage/memory/search_batcher.h"

namespace tqdb::storage {

// Rows that were encoded before any mean was adopted, kept as they came so that they can be encoded
// again once there is one, even in a space that keeps no originals. Thread-safe.
class WarmUpRows {
 public:
  static constexpr size_t kMaxRows = 256;

  struct Rows {
    std::vector<PointId> ids;
    std::vector<uint64_t> rows;
    std::vector<float> values;  // (ids.size(), dim) row-major
  };
  // Keeps the row while there is room.
  void Add(const PointId& id, uint64_t row, absl::Span<const float> values);
  // Hands over all rows and starts anew.
  Rows Take();
  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }
  uint64_t memory_bytes() const;

 private:
  std::atomic<size_t> count_{0};
  mutable absl::Mutex mutex_;
  Rows rows_ ABSL_GUARDED_BY(mutex_);
};

class Space {
 public:
  static absl::StatusOr<std::unique_ptr<Space>> Create(const VectorSpaceConfig& config,
                                                       size_t index);

  const VectorSpaceConfig& config() const { return config_; }
  size_t index() const { return index_; }  // in the configuration and in keys
  size_t dim() const { return config_.codec.dim; }
  const Codec& codec() const { return engine_->codec(); }
  VectorSpace& engine() { return *engine_; }
  const VectorSpace& engine() const { return *engine_; }
  SearchBatcher& batcher() const { return *batcher_; }
  bool keeps_originals() const { return config_.store_vectors != StoreVectors::kNone; }
  bool centers() const { return config_.centering == Centering::kAuto; }
  WarmUpRows& warm_up() { return warm_up_; }
  const WarmUpRows& warm_up() const { return warm_up_; }

  // Shows the rows of a batch to the guard. A mean when one should be adopted now: version 0 for
  // none. The caller holds guard_mutex() until the adoption is durable, so that versions are
  // committed in order.
  std::optional<std::shared_ptr<const Mean>> Observe(MatrixView rows)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(guard_mutex_);
  absl::Mutex& guard_mutex() ABSL_LOCK_RETURNED(guard_mutex_) { return guard_mutex_; }

  // At start-up, in this order: every stored version, then the one in force, then what is stored
  // under it: so many rows, whose squared norms (as the guard sees them) add up to `energy`.
  void RestoreMean(uint32_t version, absl::Span<const float> mu);
  absl::Status RestoreCurrentMean(uint32_t version) { return engine_->SetCurrentMean(version); }
  void RestoreGuard(uint64_t rows, double energy) ABSL_LOCKS_EXCLUDED(guard_mutex_);
  uint32_t mean_versions() const { return last_version_.load(std::memory_order_relaxed); }

  uint32_t current_mean_version() const;
  // Live rows that are not encoded under the mean in force.
  uint64_t stale_rows() const;

  // Dead rows that the last vacuum left. Of the maintenance thread alone, but for the atomic load.
  std::atomic<uint64_t> dead_rows_after_vacuum{0};
  bool wants_vacuum() const;

 private:
  Space(const VectorSpaceConfig& config, size_t index, std::unique_ptr<VectorSpace> engine);

  const VectorSpaceConfig config_;
  const size_t index_;
  const std::unique_ptr<VectorSpace> engine_;
  const std::unique_ptr<SearchBatcher> batcher_;
  WarmUpRows warm_up_;
  std::atomic<uint32_t> last_version_{0};
  absl::Mutex guard_mutex_;  // before every other lock of storage
  CenteringGuard guard_ ABSL_GUARDED_BY(guard_mutex_);
};

using Spaces = std::vector<std::unique_ptr<Space>>;

// Null when there is none of that name.
Space* FindSpace(const Spaces& spaces, absl::string_view name);
// "'', 'title'": for messages.
std::string ListSpaceNames(const Spaces& spaces);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SPACE_H_
