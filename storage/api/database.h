// All collections under one data directory.
//
// Thread-safe. One process at a time: a lock file is held while the database is open.
#ifndef TQDB_STORAGE_API_DATABASE_H_
#define TQDB_STORAGE_API_DATABASE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"

namespace tqdb::storage {

class Database {
 public:
  // Opens or creates the directory and loads every collection. A damaged collection is quarantined:
  // listed with its error, its files untouched, its calls refused with DataLoss; the rest serve.
  // Unavailable when another process holds the directory; FailedPrecondition on a foreign format.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  virtual ~Database() = default;

  // InvalidArgument on a bad name or configuration, AlreadyExists.
  virtual absl::StatusOr<std::shared_ptr<Collection>> CreateCollection(
      absl::string_view name, const CollectionConfig& config) = 0;
  // NotFound; DataLoss when quarantined.
  virtual absl::StatusOr<std::shared_ptr<Collection>> GetCollection(
      absl::string_view name) const = 0;
  // In name order, quarantined ones included.
  virtual std::vector<CollectionInfo> ListCollections() const = 0;
  // Info of one collection, quarantined ones included. NotFound.
  virtual absl::StatusOr<CollectionInfo> GetInfo(absl::string_view name) const = 0;
  // Removes a collection and its files, quarantined ones included. Calls under way finish first.
  virtual absl::Status DeleteCollection(absl::string_view name) = 0;
  // Flushes and closes; no call may be under way or follow.
  virtual absl::Status Close() = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_DATABASE_H_
