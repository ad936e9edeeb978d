// Converts between protobuf and the configuration and description of a collection.
//
// Thread-safe: free functions without state. Enumerations are checked here, and so are numbers that
// protobuf holds in a wider type than storage. Storage checks names, dims, bits and the relations
// between them, once.
#ifndef TQDB_SERVER_GRPC_CONVERT_COLLECTION_H_
#define TQDB_SERVER_GRPC_CONVERT_COLLECTION_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/map.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "tqdb/v1/collections.pb.h"

namespace tqdb::server {

absl::StatusOr<storage::CollectionConfig> ConfigFromProto(const v1::CollectionConfig& proto);
void ConfigToProto(const storage::CollectionConfig& config, v1::CollectionConfig* proto);
void InfoToProto(const storage::CollectionInfo& info, v1::CollectionInfo* proto);
void PayloadIndexToProto(const storage::PayloadIndexInfo& info, v1::PayloadIndexInfo* proto);
// Returns the kind, or InvalidArgument that names the field `kind`.
absl::StatusOr<storage::FieldKind> FieldKindFromProto(v1::PayloadIndexKind kind);
std::map<std::string, std::string> MetadataFromProto(
    const google::protobuf::Map<std::string, std::string>& proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_COLLECTION_H_
