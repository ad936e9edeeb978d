// Makes, completes, lists and deletes the payload indexes of a collection.
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

  // Returns the indexes by key.
  std::vector<PayloadIndexInfo> List() const;
  // As Collection::CreatePayloadIndex. `stop` ends the wait. Sets `unfinished` when the index is to
  // be completed in the background.
  absl::StatusOr<PayloadIndexInfo> Create(absl::string_view key, FieldKind kind, bool wait,
                                          const std::function<bool()>& stop, bool& unfinished);
  // As Collection::DeletePayloadIndex.
  absl::Status Delete(absl::string_view key);
  // Completes the indexes that have not seen every row.
  void Complete(const std::function<bool()>& stop);

 private:
  // The index of a path; NotFound when there is none any more.
  absl::StatusOr<PayloadIndexInfo> Find(const std::string& path) const;
  absl::Status CommitIndex(std::string path, std::optional<FieldKind> kind);

  const Store& store_;
  CollectionState& state_;
  Committer& committer_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_PAYLOAD_INDEX_KEEPER_H_
