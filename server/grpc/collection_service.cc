#include "server/grpc/collection_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_collection.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

constexpr size_t kDefaultPageSize = 100;
constexpr size_t kMaxPageSize = 1000;
constexpr char kPageKind = 'c';

}  // namespace

grpc::Status CollectionService::CreateCollection(grpc::ServerContext* context,
                                                 const v1::CreateCollectionRequest* request,
                                                 v1::CreateCollectionResponse* response) {
  return runner_.Run(context, service::Method::kCreateCollection, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(storage::CollectionConfig config, ConfigFromProto(request->config()));
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.CreateCollection(request->collection(), config));
    InfoToProto(collection->Info(), response->mutable_collection());
    spdlog::info("collection '{}' created", collection->name());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::GetCollection(grpc::ServerContext* context,
                                              const v1::GetCollectionRequest* request,
                                              v1::GetCollectionResponse* response) {
  return runner_.Run(context, service::Method::kGetCollection, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(storage::CollectionInfo info, database_.GetInfo(request->collection()));
    InfoToProto(info, response->mutable_collection());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::ListCollections(grpc::ServerContext* context,
                                                const v1::ListCollectionsRequest* request,
                                                v1::ListCollectionsResponse* response) {
  return runner_.Run(context, service::Method::kListCollections, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const size_t page_size,
                          PageSize(request->page_size(), kDefaultPageSize, kMaxPageSize));
    std::string after;
    if (!request->page_token().empty()) {
      TQDB_ASSIGN_OR_RETURN(after, ParsePageToken(kPageKind, request->page_token()));
    }
    const std::vector<storage::CollectionInfo> all = database_.ListCollections();
    // By name, so that a page begins at the right place even when the last one's end was deleted.
    auto next = std::upper_bound(all.begin(), all.end(), after,
                                 [](const std::string& name, const storage::CollectionInfo& info) {
                                   return name < info.name;
                                 });
    for (size_t i = 0; i < page_size && next != all.end(); ++i, ++next) {
      InfoToProto(*next, response->add_collections());
    }
    if (next != all.end()) {
      response->set_next_page_token(MakePageToken(kPageKind, std::prev(next)->name));
    }
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::UpdateCollection(grpc::ServerContext* context,
                                                 const v1::UpdateCollectionRequest* request,
                                                 v1::UpdateCollectionResponse* response) {
  return runner_.Run(context, service::Method::kUpdateCollection, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_RETURN_IF_ERROR(collection->SetMetadata(MetadataFromProto(request->metadata())));
    InfoToProto(collection->Info(), response->mutable_collection());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::DeleteCollection(grpc::ServerContext* context,
                                                 const v1::DeleteCollectionRequest* request,
                                                 v1::DeleteCollectionResponse*) {
  return runner_.Run(context, service::Method::kDeleteCollection, [&]() -> absl::Status {
    TQDB_RETURN_IF_ERROR(database_.DeleteCollection(request->collection()));
    spdlog::info("collection '{}' deleted", request->collection());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::CreatePayloadIndex(grpc::ServerContext* context,
                                                   const v1::CreatePayloadIndexRequest* request,
                                                   v1::CreatePayloadIndexResponse* response) {
  return runner_.Run(context, service::Method::kCreatePayloadIndex, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_ASSIGN_OR_RETURN(const storage::FieldKind kind, FieldKindFromProto(request->kind()));
    TQDB_ASSIGN_OR_RETURN(const storage::PayloadIndexInfo info,
                          collection->CreatePayloadIndex(request->key(), kind, !request->no_wait(),
                                                         CancelledFn(context)));
    PayloadIndexToProto(info, response->mutable_index());
    spdlog::info("collection '{}' has a payload index of key '{}'", collection->name(), info.key);
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::DeletePayloadIndex(grpc::ServerContext* context,
                                                   const v1::DeletePayloadIndexRequest* request,
                                                   v1::DeletePayloadIndexResponse*) {
  return runner_.Run(context, service::Method::kDeletePayloadIndex, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    return collection->DeletePayloadIndex(request->key());
  });
}

}  // namespace tqdb::server
