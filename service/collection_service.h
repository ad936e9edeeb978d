// Collections and their payload indexes: made, described, listed, dropped. The rules of the API
// between a protocol and storage.
//
// Thread-safe. Changes that an operator should see in the log are written there.
#ifndef TQDB_SERVICE_COLLECTION_SERVICE_H_
#define TQDB_SERVICE_COLLECTION_SERVICE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/call_context.h"
#include "storage/api/collection.h"
#include "storage/api/database.h"
#include "storage/api/options.h"
#include "values/field_kind.h"

namespace tqdb::service {

struct CollectionPage {
  std::vector<storage::CollectionInfo> collections;  // by name
  std::string next_page_token;                       // empty on the last page
};

class CollectionService {
 public:
  // `database` must outlive the service.
  explicit CollectionService(storage::Database& database) : database_(database) {}

  // All return NotFound for an unknown collection, and errors of storage.

  absl::StatusOr<storage::CollectionInfo> Create(absl::string_view name,
                                                 const storage::CollectionConfig& config) const;
  absl::StatusOr<storage::CollectionInfo> Get(absl::string_view name) const;
  // Returns the collections after those of the page that `page_token` ended; empty starts.
  // `page_size` 0 means 100, and more than 1,000 are refused.
  absl::StatusOr<CollectionPage> List(uint32_t page_size, absl::string_view page_token) const;
  absl::StatusOr<storage::CollectionInfo> SetMetadata(
      absl::string_view name, std::map<std::string, std::string> metadata) const;
  absl::Status Delete(absl::string_view name) const;

  // Waits for the index to be complete when `wait`, for as long as the caller does.
  absl::StatusOr<storage::PayloadIndexInfo> CreatePayloadIndex(const CallContext& context,
                                                               absl::string_view collection,
                                                               absl::string_view key,
                                                               storage::FieldKind kind,
                                                               bool wait) const;
  absl::Status DeletePayloadIndex(absl::string_view collection, absl::string_view key) const;

 private:
  storage::Database& database_;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_COLLECTION_SERVICE_H_
