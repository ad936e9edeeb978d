// Moments: the states of a collection that reads see.
//
// A write changes memory in many steps: the codes of each row, the id index, the payload indexes.
// A read that looked at memory as it is would see some steps of a write and not others. So every
// read takes one moment at its start, and sees exactly the state that the collection had then.
//
// The simple idea: rows are numbered in the order of writes, and a row never changes its vectors.
// So the state at a moment is the set of rows below a bound, without those that were dead by then:
//
// - Rows that are written later have numbers at or above the bound. A read ignores them.
// - Rows that die later must stay. So a write does not remove the rows that it kills from memory.
//   They go to a list, and are removed when no read is left that sees them alive.
// - Rows that were dead at the moment, but wait on that list for older reads, are in a small set
//   that belongs to the moment. A read ignores them, too.
// - Payloads are edited in place. The payload indexes note which rows were edited when
//   (indexed_payloads.h). A read that is older than an edit asks the disk.
// - What a read takes from disk, it takes from a view of the disk at the same moment.
//
// Example: point 7 is row 3, and a search begins at moment 5. A write replaces the point by row 10
// and publishes moment 6. The search finds row 3, and ignores row 10. A search that begins now
// ignores row 3 and finds row 10. When the first search has ended, row 3 is removed, and the write
// or the upkeep that does so publishes moment 6 once more, with nothing to ignore.
//
// Readers take no lock and never wait for writers: to take a moment is to copy a pointer. What a
// long read costs is memory, for rows that cannot be removed and for the list of edits. It is
// bounded: when too many of both are kept, the reads that hold them up are told to start again.
#ifndef TQDB_STORAGE_MEMORY_MOMENT_H_
#define TQDB_STORAGE_MEMORY_MOMENT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/scan/row_filter.h"
#include "core/space/vector_space.h"
#include "storage/api/options.h"
#include "storage/disk/store.h"
#include "storage/payload/row_set.h"

namespace tqdb::storage {

// The state of a collection after one step of its writes. Immutable, but for `expired`.
struct Moment {
  // Returns whether a read at this moment sees a row that memory has.
  bool Sees(uint64_t row) const { return row < end && !dead.Contains(row); }
  // Returns a filter that allows the rows of this moment.
  const RowFilter& rows() const;
  // Returns Aborted if rows of this moment may have been removed from memory. A read that has used
  // memory must look after its last use, and give up what it has found.
  absl::Status CheckComplete() const;

  uint64_t number = 0;  // counts the states that were published
  uint64_t end = 0;     // rows from here on were written later
  uint64_t points = 0;  // number of points
  RowSet dead;          // rows below `end` that are dead, but still in memory
  std::shared_ptr<const ReadView> view;

  mutable std::atomic<bool> expired{false};

 private:
  mutable std::once_flag filter_made_;
  mutable std::optional<RowFilter> filter_;
};

// A row that is dead, with its places in the vector spaces. It is still in memory.
struct DeadRow {
  uint64_t moment;  // the first moment that does not see the row
  uint64_t row;
  std::array<Slot, kMaxSpaces> slots;  // kNoSlot where it has no vector
};

// The current moment of a collection, and the dead rows that older reads keep in memory.
//
// Thread-safe for now() and the figures. The other calls belong to the leader of the commit queue,
// and before it to the loader.
class Moments {
 public:
  // Most dead rows and edits that reads may keep in memory. As many rows of dim 1536 take 130 MB.
  static constexpr size_t kMaxKept = size_t{1} << 17;

  // Returns the newest moment. Null only before the collection is loaded and after it was closed.
  std::shared_ptr<const Moment> now() const { return now_.load(std::memory_order_acquire); }
  // Returns whether nothing of a later moment can have been seen in memory so far. Call it after
  // the look at memory.
  bool IsLatest(const Moment& moment) const {
    return begun_.load(std::memory_order_acquire) <= moment.number;
  }
  // Returns the number of dead rows that are still in memory.
  uint64_t dead_rows() const { return num_dead_.load(std::memory_order_relaxed); }

  // Begins the next moment: memory is about to change.
  void Begin() { begun_.store(next_number(), std::memory_order_release); }
  // Returns the number of the moment that has begun, or that begins next.
  uint64_t next_number() const { return next_number_; }
  // Adds a row that the moment which has begun no longer sees.
  void AddDead(uint64_t row, absl::Span<const Slot> slots);
  // Publishes the moment that has begun. `view` is the disk at the same moment.
  void Publish(uint64_t end, uint64_t points, std::shared_ptr<const ReadView> view);
  // Tells all reads of earlier moments to start again. From here on they keep nothing in memory.
  void ExpireEarlier();
  // Takes the dead rows that no read sees any more off the list, to be removed from memory. Then
  // PublishAgain must be called.
  std::vector<DeadRow> TakeUnseen();
  // Publishes the newest moment again, without `removed`, the rows that TakeUnseen has returned.
  void PublishAgain(absl::Span<const DeadRow> removed);
  // Returns the number of the oldest moment that a read may hold.
  uint64_t oldest() const;
  // Notes that dead rows have moved to other slots of a space. `moved` has rows and their slots.
  void MoveDead(size_t space, std::vector<std::pair<uint64_t, Slot>> moved);
  // Forgets all moments, so that the views of the disk end. Requires: no read is in progress.
  void Close();

 private:
  // Replaces the newest moment by `moment`, and keeps the old one while reads hold it.
  void Replace(std::shared_ptr<const Moment> moment);
  // Lets go of earlier moments that no read holds.
  void ForgetUnused();

  std::atomic<std::shared_ptr<const Moment>> now_;
  std::atomic<uint64_t> begun_{0};
  std::atomic<uint64_t> num_dead_{0};

  uint64_t next_number_ = 1;
  std::deque<std::shared_ptr<const Moment>> earlier_;  // moments that reads may hold, oldest first
  std::deque<DeadRow> dead_;                           // by moment
};

// The moment of one read, as the steps of the read pass it on.
//
// A read uses memory first, and then only the disk. When it is done with memory it says so, because
// it may go on for long: it then keeps no dead rows in memory.
class ReadMoment {
 public:
  explicit ReadMoment(std::shared_ptr<const Moment> moment)
      : moment_(std::move(moment)), view_(moment_->view), end_(moment_->end) {}

  // Requires: the read has not left memory.
  const Moment& memory() const { return *moment_; }
  const std::shared_ptr<const Moment>& shared() const { return moment_; }
  const ReadView& view() const { return *view_; }
  // Returns the bound of the rows.
  uint64_t end() const { return end_; }
  // Replaces the moment by another one. Requires: the read has taken nothing from the old one.
  void MoveTo(std::shared_ptr<const Moment> moment) { *this = ReadMoment(std::move(moment)); }
  // Ends the use of memory. Returns Aborted if what was found there is not complete.
  absl::Status LeaveMemory();

 private:
  std::shared_ptr<const Moment> moment_;
  std::shared_ptr<const ReadView> view_;
  uint64_t end_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_MOMENT_H_
