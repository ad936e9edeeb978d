// Between protobuf and the configuration and description of a collection.
//
// Thread-safe: free functions without state. Enumerations and numbers that protobuf holds wider
// than storage are checked here; names, dims, bits and the relations between them by storage, once.
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
// Returns InvalidArgument, naming the field `kind`, when the number is not one of the enumeration.
absl::StatusOr<storage::FieldKind> FieldKindFromProto(v1::PayloadIndexKind kind);
std::map<std::string, std::string> MetadataFromProto(
    const google::protobuf::Map<std::string, std::string>& proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_COLLECTION_H_
