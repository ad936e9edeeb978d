// All collections under one data directory.
//
// Collections share nothing but the caches and background threads of RocksDB. So a damaged
// collection does not keep the others from being served.
//
// Thread-safe. Only one process at a time can open a directory: the database holds a lock file.
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
  // it is listed with its error, its files stay untouched, and GetCollection returns DataLoss for
  // it. The others are served. Returns Unavailable when another process holds the directory, and
  // FailedPrecondition when the format is one that this build does not know.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  virtual ~Database() = default;

  // Creates an empty collection. Returns InvalidArgument on a bad name or configuration, and
  // AlreadyExists when the name is taken.
  virtual absl::StatusOr<std::shared_ptr<Collection>> CreateCollection(
      absl::string_view name, const CollectionConfig& config) = 0;
  // Returns NotFound when there is no such collection, and DataLoss when it is quarantined. The
  // object outlives DeleteCollection: its calls then return an error.
  virtual absl::StatusOr<std::shared_ptr<Collection>> GetCollection(
      absl::string_view name) const = 0;
  // Returns all collections in name order, quarantined ones included.
  virtual std::vector<CollectionInfo> ListCollections() const = 0;
  // Returns the info of one collection, even of a quarantined one, or NotFound.
  virtual absl::StatusOr<CollectionInfo> GetInfo(absl::string_view name) const = 0;
  // Removes a collection and its files, even those of a quarantined one. Waits for running calls of
  // the collection first.
  virtual absl::Status DeleteCollection(absl::string_view name) = 0;
  // Flushes and closes every collection. Requires: no other call is running, and none follows.
  virtual absl::Status Close() = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_DATABASE_H_
