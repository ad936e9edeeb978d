// The states that a collection may have after a crash, derived from the writes that were
// acknowledged before it.
//
// Every id has a value: the number of the batch that wrote it last, or kAbsent. Batch numbers are
// never used twice, and vectors and payload of a point are functions of its id and batch, so a
// point that is read back tells exactly which write it comes from.
//
// A thread of the load owns some ids and has its own oracle. Writes in flight at the crash are
// pending: each of them may have happened as a whole, or not at all.
#ifndef TQDB_TESTS_E2E_CRASH_ORACLE_H_
#define TQDB_TESTS_E2E_CRASH_ORACLE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/types.h"

namespace tqdb::e2e {

inline constexpr uint32_t kDim = 64;
inline constexpr uint64_t kAbsent = 0;  // as a batch number
inline constexpr char kSparseSpace[] = "terms";
inline constexpr uint32_t kTerms = 50;  // indices of the sparse space that points share

// One write of one or more ids: an upsert when `batch` is a batch number, a deletion when kAbsent.
struct Write {
  uint64_t batch = kAbsent;
  std::vector<uint64_t> ids;  // distinct
};

client::Point MakePoint(uint64_t id, uint64_t batch, size_t batch_points);
// Returns the sparse vector of a point: one of the terms, and an index of its own. Every fourth
// point has none.
std::vector<client::NamedSparseVector> MakeSparseVectors(uint64_t id, uint64_t batch);

// Returns the number of the batch that wrote a point. DataLoss if vector and payload do not belong
// to any write of this id.
absl::StatusOr<uint64_t> BatchOf(const client::Point& point);

// All points that exist: id to number of the batch that wrote it last.
using State = std::map<uint64_t, uint64_t>;

// Not thread-safe.
class Oracle {
 public:
  // Notes a write. Call it before the request is sent.
  void Begin(Write write) { pending_.push_back(std::move(write)); }
  // Notes that the oldest pending write was acknowledged.
  void Acknowledge();
  // Notes that the oldest pending write was refused: nothing of it may ever be seen.
  void Refuse() { pending_.pop_front(); }

  // Decides for each pending write whether it happened, and takes the outcome as the new state.
  // `found` has the points of this oracle's ids that exist. DataLoss tells of a lost write, a half
  // batch or an undone deletion. Requires: pending writes share no id.
  absl::Status Settle(const State& found);

  const State& state() const { return state_; }

 private:
  void Apply(const Write& write);

  State state_;                // state after all acknowledged writes
  std::deque<Write> pending_;  // in the order of sending
};

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_CRASH_ORACLE_H_
