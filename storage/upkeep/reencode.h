// Background upkeep of one vector space: re-encoding rows under the mean in force, and vacuum.
//
// A new mean leaves the codes of older rows under other means. Each code names its mean, so they
// stay searchable, but are less precise than they could be. This class reads their originals,
// encodes them again and puts the new codes in place. A vacuum moves live rows together and frees
// the memory of dead ones.
//
// These steps are no records. A re-encoded row has the same content in a more precise form, and
// each machine may do it at a time of its own. So they change neither position nor digest.
//
// All writes go through the commit queue in small batches. So they are ordered with upserts and
// deletes of the same points, and do not hold them up for long. Example: point 7 is replaced while
// its old row is encoded. The planner finds another row for 7, and leaves the new code out.
//
// Left out of this file: the choice of means (core/codec/centering.h), and the rows of spaces
// without originals, which are encoded again by the record of their first mean (write/planner.h).
//
// Thread-safe, but meant for the one background worker.
#ifndef TQDB_STORAGE_UPKEEP_REENCODE_H_
#define TQDB_STORAGE_UPKEEP_REENCODE_H_

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "storage/disk/store.h"
#include "storage/memory/space.h"
#include "storage/read/point_reader.h"
#include "storage/write/committer.h"

namespace tqdb::storage {

class Reencoder {
 public:
  // Returns true when the work must end early.
  using StopFn = std::function<bool()>;

  // All must outlive this.
  Reencoder(const Store& store, const PointReader& reader, Committer& committer, StopFn stop)
      : store_(store), reader_(reader), committer_(committer), stop_(std::move(stop)) {}

  // Encodes all rows of `space` that are under another mean than the one in force. Returns when a
  // pass over the codes finds no such row, and at once if the space keeps no originals. Returns
  // Cancelled when stopped.
  absl::Status ReencodeStaleRows(Space& space) const;

  // Removes the dead rows that no read sees any more (memory/moment.h).
  absl::Status RemoveDeadRows() const;

  // Frees the memory of removed rows when there are enough of them.
  absl::Status Vacuum(Space& space) const;

 private:
  // Encodes and commits one batch of rows. Adds the number of rows written to `written`.
  absl::Status ReencodeBatch(Space& space, const Mean* mean, const std::vector<uint64_t>& rows,
                             uint64_t& written) const;

  const Store& store_;
  const PointReader& reader_;
  Committer& committer_;
  const StopFn stop_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_REENCODE_H_
