// What a collection may hold after a crash, derived from what was acknowledged before it.
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
// The sparse vector of such a point: one of the terms, and an index of its own. Every fourth has
// none.
std::vector<client::NamedSparseVector> MakeSparseVectors(uint64_t id, uint64_t batch);

// The batch that the point was written by. DataLoss when vector or payload are not those of any
// write of this id.
absl::StatusOr<uint64_t> BatchOf(const client::Point& point);

// id -> batch of all points that exist.
using State = std::map<uint64_t, uint64_t>;

// Not thread-safe.
class Oracle {
 public:
  // Before the request is sent.
  void Begin(Write write) { pending_.push_back(std::move(write)); }
  // The oldest pending write was acknowledged.
  void Acknowledge();
  // The oldest pending write was refused: nothing of it may ever be seen.
  void Refuse() { pending_.pop_front(); }

  // Requires that pending writes share no id. Decides for each of them from `found`, restricted to
  // this oracle's ids, whether it happened, and makes the outcome the new truth. DataLoss tells of
  // a lost write, a half batch, or a deletion undone.
  absl::Status Settle(const State& found);

  const State& state() const { return state_; }

 private:
  void Apply(const Write& write);

  State state_;                // of acknowledged writes
  std::deque<Write> pending_;  // in the order of sending
};

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_CRASH_ORACLE_H_
