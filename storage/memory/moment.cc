#include "storage/memory/moment.h"

#include <algorithm>

namespace tqdb::storage {

const RowFilter& Moment::rows() const {
  std::call_once(filter_made_, [this] { filter_ = RowFilter::AllBelow(end, dead.ToVector()); });
  return *filter_;
}

absl::Status Moment::CheckComplete() const {
  // Rows are removed after the flag was set. So a read that has missed a row sees the flag.
  if (!expired.load(std::memory_order_acquire)) return absl::OkStatus();
  return absl::AbortedError(
      "the call took so long that the points which it reads were replaced or deleted meanwhile, "
      "more of them than are kept for it; start it again");
}

absl::Status ReadMoment::LeaveMemory() {
  if (moment_ == nullptr) return absl::OkStatus();
  absl::Status status = moment_->CheckComplete();
  moment_ = nullptr;
  return status;
}

void Moments::AddDead(uint64_t row, absl::Span<const Slot> slots) {
  DeadRow& dead = dead_.emplace_back();
  dead.moment = next_number();
  dead.row = row;
  dead.slots.fill(kNoSlot);
  std::copy(slots.begin(), slots.end(), dead.slots.begin());
  num_dead_.store(dead_.size(), std::memory_order_relaxed);
}

void Moments::Publish(uint64_t end, uint64_t points, std::shared_ptr<const ReadView> view) {
  auto moment = std::make_shared<Moment>();
  moment->number = next_number_;
  moment->end = end;
  moment->points = points;
  moment->view = std::move(view);
  if (const std::shared_ptr<const Moment> before = now(); before != nullptr) {
    moment->dead = before->dead;
  }
  std::vector<uint64_t> rows;
  for (auto dead = dead_.rbegin(); dead != dead_.rend() && dead->moment == next_number_; ++dead) {
    rows.push_back(dead->row);
  }
  if (!rows.empty()) moment->dead |= RowSet::Of(std::move(rows));
  Replace(std::move(moment));
  // A collection that is loaded has no moment to begin.
  begun_.store(next_number_, std::memory_order_release);
  ++next_number_;
}

void Moments::ExpireEarlier() {
  for (const std::shared_ptr<const Moment>& earlier : earlier_) {
    if (earlier->number + 1 < next_number_) earlier->expired.store(true, std::memory_order_release);
  }
}

void Moments::Replace(std::shared_ptr<const Moment> moment) {
  ForgetUnused();
  earlier_.emplace_back();  // first, so that nothing fails once the moment is published
  earlier_.back() = now_.exchange(std::move(moment), std::memory_order_acq_rel);
  ForgetUnused();
}

void Moments::ForgetUnused() {
  // A moment that is not the newest one can find no new reader. So if this is its only owner, it
  // stays so. The fence pairs with the release of the last reader: what this thread does to memory
  // from here on comes after all that the reader has read.
  std::erase_if(earlier_, [](const std::shared_ptr<const Moment>& moment) {
    return moment == nullptr || moment.use_count() == 1;
  });
  std::atomic_thread_fence(std::memory_order_acquire);
}

uint64_t Moments::oldest() const {
  for (const std::shared_ptr<const Moment>& moment : earlier_) {
    if (!moment->expired.load(std::memory_order_relaxed)) return moment->number;
  }
  return next_number_ - 1;
}

std::vector<DeadRow> Moments::TakeUnseen() {
  std::vector<DeadRow> unseen;
  if (dead_.empty()) return unseen;
  ForgetUnused();
  const uint64_t bound = oldest();
  const auto end = std::find_if(dead_.begin(), dead_.end(),
                                [bound](const DeadRow& dead) { return dead.moment > bound; });
  unseen.assign(dead_.begin(), end);
  dead_.erase(dead_.begin(), end);
  num_dead_.store(dead_.size(), std::memory_order_relaxed);
  return unseen;
}

void Moments::PublishAgain(absl::Span<const DeadRow> removed) {
  const std::shared_ptr<const Moment> before = now();
  auto moment = std::make_shared<Moment>();
  moment->number = before->number;
  moment->end = before->end;
  moment->points = before->points;
  moment->view = before->view;
  std::vector<uint64_t> rows;
  for (const DeadRow& dead : removed) rows.push_back(dead.row);
  moment->dead = before->dead - RowSet::Of(std::move(rows));
  Replace(std::move(moment));
}

void Moments::MoveDead(size_t space, std::vector<std::pair<uint64_t, Slot>> moved) {
  if (moved.empty()) return;
  std::sort(moved.begin(), moved.end());
  for (DeadRow& dead : dead_) {
    const auto at = std::lower_bound(moved.begin(), moved.end(), std::make_pair(dead.row, Slot{0}));
    if (at != moved.end() && at->first == dead.row) dead.slots[space] = at->second;
  }
}

void Moments::Close() {
  now_.store(nullptr);
  earlier_.clear();
}

}  // namespace tqdb::storage
