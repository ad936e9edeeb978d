// Creates, completes, lists and deletes the payload indexes of a collection.
//
// Creating an index takes two steps. First a record makes it known, on disk and in memory, and from
// then on every write reaches it. Then the rows that existed before are read and added. A crash
// between the steps loses no index: the next start finds its record and completes it.
//
// Example: rows 0 to 99 exist when the record of an index on "city" is committed. Row 100 reaches
// the index with its own write. The build adds rows 0 to 99. A filter on "city" is right at every
// moment, because it reads the payloads of rows that the index has not seen.
//
// Thread-safe.
#ifndef TQDB_STORAGE_ENGINE_PAYLOAD_INDEX_KEEPER_H_
#define TQDB_STORAGE_ENGINE_PAYLOAD_INDEX_KEEPER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "storage/write/committer.h"

namespace tqdb::storage {

class PayloadIndexKeeper {
 public:
  // All must outlive the keeper.
  PayloadIndexKeeper(const Store& store, CollectionState& state, Committer& committer)
      : store_(store), state_(state), committer_(committer) {}

  // Returns the indexes in the order of their keys.
  std::vector<PayloadIndexInfo> List() const;
  // Does the work of Collection::CreatePayloadIndex. `stop` ends the wait. Sets `unfinished` if the
  // caller must have the index completed in the background.
  absl::StatusOr<PayloadIndexInfo> Create(absl::string_view key, FieldKind kind, bool wait,
                                          const std::function<bool()>& stop, bool& unfinished);
  // Does the work of Collection::DeletePayloadIndex.
  absl::Status Delete(absl::string_view key);
  // Completes the indexes that have not seen every row, until `stop()` is true.
  void Complete(const std::function<bool()>& stop);

 private:
  // Returns the index of a path; NotFound if it has been deleted.
  absl::StatusOr<PayloadIndexInfo> Find(const std::string& path) const;
  // Commits the record that creates an index of this kind, or deletes the index if it is nullopt.
  absl::Status CommitIndex(std::string path, std::optional<FieldKind> kind);

  const Store& store_;
  CollectionState& state_;
  Committer& committer_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_PAYLOAD_INDEX_KEEPER_H_
