// One vector space of an open collection: its engine, and what storage adds to it.
//
// Thread-safety: the engine states its own. Of the rest, each member says.
#ifndef TQDB_STORAGE_MEMORY_SPACE_H_
#define TQDB_STORAGE_MEMORY_SPACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
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

// A mean that the guard of a space proposes to adopt.
struct MeanProposal {
  uint32_t base_version;  // in force when it was made, 0 for none
  uint32_t version;       // that it would be, 0 for none
  std::vector<float> mu;  // dim floats, empty for none
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

  // --- The guard. It watches the rows that callers bring, in whatever order their threads run, and
  // only proposes: whether a proposal is adopted is decided by its place among the records.
  //
  // Shows it the rows of a batch. Returns a proposal when a mean should be adopted now. The caller
  // holds guard_mutex() until the record of the proposal is committed, so that the next proposal
  // builds on it, and says then what became of it.
  std::optional<MeanProposal> Observe(MatrixView rows) ABSL_EXCLUSIVE_LOCKS_REQUIRED(guard_mutex_);
  // Tells the guard which mean is in force, after a proposal was committed or was void.
  void SettleProposal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(guard_mutex_);
  absl::Mutex& guard_mutex() ABSL_LOCK_RETURNED(guard_mutex_) { return guard_mutex_; }
  // At start-up, once the means are there: so many rows are stored under the one in force, and
  // their squared norms (as the guard sees them) add up to `energy`.
  void RestoreGuard(uint64_t rows, double energy) ABSL_LOCKS_EXCLUDED(guard_mutex_);

  // --- Means. Adoption is the applier's; the others are for any thread.
  // Makes `version` the one that new rows are encoded under; `mean` as in the change SetMean.
  // NotFound when the space does not have the version.
  absl::Status AdoptMean(uint32_t version, std::shared_ptr<const Mean> mean);
  // The highest version that was ever adopted.
  uint32_t mean_versions() const { return last_version_.load(std::memory_order_acquire); }
  // True while the space has never adopted a mean, would adopt one, and keeps no originals: then
  // the vectors of its first rows are kept, so that they can be encoded under the first mean.
  bool waits_for_mean() const { return centers() && !keeps_originals() && mean_versions() == 0; }
  // Rows whose vectors are kept at a time. The guard first decides after 128 rows, so these see
  // the first adoption of any data that has a mean worth subtracting.
  static constexpr size_t kMaxWaitingRows = 256;
  // The rows that are kept, and whose they are. Of the leader of the commit queue.
  using WaitingRows = std::map<uint64_t, PointId>;
  WaitingRows& waiting_rows() { return waiting_rows_; }
  const WaitingRows& waiting_rows() const { return waiting_rows_; }

  uint32_t current_mean_version() const;
  // Live rows that are not encoded under the mean in force.
  uint64_t stale_rows() const;

  bool wants_vacuum() const;
  // Notes how many dead rows are left, which another vacuum would not free either.
  void NoteVacuum();

 private:
  Space(const VectorSpaceConfig& config, size_t index, std::unique_ptr<VectorSpace> engine);

  const VectorSpaceConfig config_;
  const size_t index_;
  const std::unique_ptr<VectorSpace> engine_;
  const std::unique_ptr<SearchBatcher> batcher_;
  WaitingRows waiting_rows_;
  std::atomic<uint32_t> last_version_{0};
  std::atomic<uint64_t> dead_rows_after_vacuum_{0};
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
