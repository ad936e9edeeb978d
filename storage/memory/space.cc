#include "storage/memory/space.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

// A vacuum pays once kVacuumRows rows and 1/kVacuumFraction of all rows are dead. It copies the
// live rows, so without the share a large space would be copied for a few dead rows.
constexpr uint64_t kVacuumRows = 4096;
constexpr uint64_t kVacuumFraction = 4;

}  // namespace

absl::StatusOr<std::unique_ptr<Space>> Space::Create(const VectorSpaceConfig& config,
                                                     size_t index) {
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<VectorSpace> engine, VectorSpace::Create(config.codec));
  return std::unique_ptr<Space>(new Space(config, index, std::move(engine)));
}

Space::Space(const VectorSpaceConfig& config, size_t index, std::unique_ptr<VectorSpace> engine)
    : config_(config),
      index_(index),
      engine_(std::move(engine)),
      batcher_(std::make_unique<SearchBatcher>(*engine_)),
      guard_(config.codec.dim, config.codec.metric == Metric::kCosine,
             config.store_vectors == StoreVectors::kNone ? CenteringGuard::OldRows::kStay
                                                         : CenteringGuard::OldRows::kReencoded) {}

std::optional<MeanProposal> Space::Observe(MatrixView rows) {
  if (!guard_.Observe(rows)) return std::nullopt;
  MeanProposal proposal;
  proposal.base_version = current_mean_version();
  proposal.mu.assign(guard_.proposal().begin(), guard_.proposal().end());
  proposal.version = proposal.mu.empty() ? 0 : mean_versions() + 1;
  return proposal;
}

void Space::SettleProposal() {
  const std::shared_ptr<const Mean> mean = engine_->current_mean();
  guard_.Adopted(mean != nullptr ? absl::MakeConstSpan(mean->mu) : absl::Span<const float>());
}

absl::Status Space::AdoptMean(uint32_t version, std::shared_ptr<const Mean> mean) {
  if (mean != nullptr) engine_->AddMean(std::move(mean));
  TQDB_RETURN_IF_ERROR(engine_->SetCurrentMean(version));
  // This store comes last. A thread that sees that the space waits no longer then finds the mean in
  // force. upsert_encoder.cc relies on it.
  last_version_.store(std::max(mean_versions(), version), std::memory_order_release);
  return absl::OkStatus();
}

void Space::RestoreGuard(uint64_t rows, double energy) {
  const std::shared_ptr<const Mean> mean = engine_->current_mean();
  absl::MutexLock lock(&guard_mutex_);
  const absl::Span<const float> mu =
      mean != nullptr ? absl::MakeConstSpan(mean->mu) : absl::Span<const float>();
  guard_.Adopted(mu);
  guard_.Restore(mu, rows, energy);
}

uint32_t Space::current_mean_version() const {
  const std::shared_ptr<const Mean> mean = engine_->current_mean();
  return mean != nullptr ? mean->version : 0;
}

uint64_t Space::stale_rows() const {
  const uint64_t current = engine_->rows_under_mean(current_mean_version());
  const uint64_t live = engine_->live_rows();
  return live > current ? live - current : 0;
}

bool Space::wants_vacuum() const {
  const uint64_t stored = engine_->stored_rows();
  const uint64_t dead = stored - std::min(stored, engine_->live_rows());
  return dead >= dead_rows_after_vacuum_.load(std::memory_order_relaxed) + kVacuumRows &&
         dead * kVacuumFraction >= stored;
}

void Space::NoteVacuum() {
  const uint64_t stored = engine_->stored_rows();
  dead_rows_after_vacuum_.store(stored - std::min(stored, engine_->live_rows()),
                                std::memory_order_relaxed);
}

Space* FindSpace(const Spaces& spaces, absl::string_view name) {
  for (const std::unique_ptr<Space>& space : spaces) {
    if (space->config().name == name) return space.get();
  }
  return nullptr;
}

std::string ListSpaceNames(const Spaces& spaces) {
  return absl::StrJoin(spaces, ", ", [](std::string* out, const std::unique_ptr<Space>& space) {
    absl::StrAppend(out, "'", space->config().name, "'");
  });
}

}  // namespace tqdb::storage
