// One vector space of an open collection. The engine (core/space/vector_space.h) holds the codes
// and searches them. Storage adds the batching of searches, the choice of means and the decision
// when a vacuum pays.
//
// Means: a code is more precise if the mean of all vectors is subtracted first. The first rows show
// whether that pays, so the mean is found while rows arrive. A guard watches them and proposes a
// mean. The proposal becomes a record among the others, so that every machine adopts it at the same
// place in the order. Rows that were encoded before are encoded again in the background, from their
// originals. A space without originals keeps the vectors of its first rows for this purpose.
//
// Example: row 128 arrives, and the guard proposes mean version 1. Rows 0 to 127 have codes under
// version 0, which stands for no mean. They are re-encoded, and new rows use version 1.
//
// Left out of this file: the work itself (upkeep/reencode.h), and the records (write/planner.h).
//
// Thread-safety: the engine is thread-safe in its own words. Comments below state it for the other
// members.
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
  uint32_t base_version;  // version in force when the proposal was made, 0 for none
  uint32_t version;       // version that the proposed mean would have, 0 for none
  std::vector<float> mu;  // dim floats, empty for none
};

class Space {
 public:
  static absl::StatusOr<std::unique_ptr<Space>> Create(const VectorSpaceConfig& config,
                                                       size_t index);

  const VectorSpaceConfig& config() const { return config_; }
  // Returns the place of the space in the configuration and in keys.
  size_t index() const { return index_; }
  size_t dim() const { return config_.codec.dim; }
  const Codec& codec() const { return engine_->codec(); }
  VectorSpace& engine() { return *engine_; }
  const VectorSpace& engine() const { return *engine_; }
  SearchBatcher& batcher() const { return *batcher_; }
  bool keeps_originals() const { return config_.store_vectors != StoreVectors::kNone; }
  bool centers() const { return config_.centering == Centering::kAuto; }

  // --- The guard. It watches the rows that callers bring, in whatever order their threads run. It
  // only proposes: the place of a proposal among the records decides whether it is adopted.
  //
  // Shows the rows of a batch to the guard. Returns a proposal when a mean should be adopted now.
  // After a proposal, the caller must commit its record and then call SettleProposal. It must hold
  // guard_mutex() all the time, so that the next proposal builds on this one.
  std::optional<MeanProposal> Observe(MatrixView rows) ABSL_EXCLUSIVE_LOCKS_REQUIRED(guard_mutex_);
  // Tells the guard which mean is in force, after a proposal was committed or was void.
  void SettleProposal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(guard_mutex_);
  absl::Mutex& guard_mutex() ABSL_LOCK_RETURNED(guard_mutex_) { return guard_mutex_; }
  // Restores the guard at start-up. `rows` is the number of rows under the mean in force, and
  // `energy` is the sum of their squared norms as the guard sees them. Requires: the means have
  // been adopted.
  void RestoreGuard(uint64_t rows, double energy) ABSL_LOCKS_EXCLUDED(guard_mutex_);

  // --- Means. Only the applier calls AdoptMean. The other calls are for any thread.
  // Makes `version` the one that new rows are encoded under. `mean` is null if the space has the
  // version already, as in the change SetMean. Returns NotFound when the space lacks the version.
  absl::Status AdoptMean(uint32_t version, std::shared_ptr<const Mean> mean);
  // Returns the highest version that was ever adopted.
  uint32_t mean_versions() const { return last_version_.load(std::memory_order_acquire); }
  // Returns true while the space has never adopted a mean, may adopt one, and keeps no originals.
  // The vectors of its first rows are kept meanwhile, so that the first mean can encode them again.
  bool waits_for_mean() const { return centers() && !keeps_originals() && mean_versions() == 0; }
  // Most rows whose vectors are kept at a time. The guard first decides after 128 rows. So for any
  // data with a mean that is worth subtracting, the first adoption still finds its first rows.
  static constexpr size_t kMaxWaitingRows = 256;
  // Rows whose vectors are kept, with the ids of their points. They belong to the leader of the
  // commit queue.
  using WaitingRows = std::map<uint64_t, PointId>;
  WaitingRows& waiting_rows() { return waiting_rows_; }
  const WaitingRows& waiting_rows() const { return waiting_rows_; }

  uint32_t current_mean_version() const;
  // Returns the number of rows that are not removed and not encoded under the mean in force. Dead
  // rows that reads keep in memory are among them.
  uint64_t stale_rows() const;

  // Returns whether enough rows have died since the last vacuum, both in number and as a share.
  bool wants_vacuum() const;
  // Notes after a vacuum how many dead rows it left, since another one would not free them either.
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
  absl::Mutex guard_mutex_;  // in the lock order before every other lock of storage
  CenteringGuard guard_ ABSL_GUARDED_BY(guard_mutex_);
};

using Spaces = std::vector<std::unique_ptr<Space>>;

// Returns the space of a name; null if there is none.
Space* FindSpace(const Spaces& spaces, absl::string_view name);
// Returns the names for a message, for example "'', 'title'".
std::string ListSpaceNames(const Spaces& spaces);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SPACE_H_
