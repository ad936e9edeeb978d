// Background upkeep of one vector space: re-encoding rows under the mean in force, and vacuum.
//
// These steps are no records: a re-encoded row says what it said before, only closer, and when that
// happens is each machine's affair. So they count in no position and in no digest.
//
// Everything it writes goes through the commit queue, in small batches, so that it is ordered with
// upserts and deletes of the same points and never holds them up for long.
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
  // True when the work is to be given up.
  using StopFn = std::function<bool()>;

  // All must outlive this.
  Reencoder(const Store& store, const PointReader& reader, Committer& committer, StopFn stop)
      : store_(store), reader_(reader), committer_(committer), stop_(std::move(stop)) {}

  // Encodes the rows of `space` that lie under another mean again, from their originals. Returns
  // when a pass finds none; at once when no originals are kept. CANCELLED when stopped.
  absl::Status ReencodeStaleRows(Space& space) const;

  // Frees the memory of dead rows when there are enough of them.
  absl::Status Vacuum(Space& space) const;

 private:
  // Rows of one batch, encoded and committed. Counts the rows written in `written`.
  absl::Status ReencodeBatch(Space& space, const Mean* mean, const std::vector<uint64_t>& rows,
                             uint64_t& written) const;

  const Store& store_;
  const PointReader& reader_;
  Committer& committer_;
  const StopFn stop_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_REENCODE_H_
