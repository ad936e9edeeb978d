#include "server/grpc/collection_service.h"

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "server/grpc/convert_collection.h"

namespace tqdb::server {

using service::CallContext;
using service::Method;

grpc::Status CollectionService::CreateCollection(grpc::ServerContext* context,
                                                 const v1::CreateCollectionRequest* request,
                                                 v1::CreateCollectionResponse* response) {
  return calls_.Run(context, Method::kCreateCollection, [&](const CallContext&) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const storage::CollectionConfig config,
                          ConfigFromProto(request->config()));
    TQDB_ASSIGN_OR_RETURN(const storage::CollectionInfo info,
                          collections_.Create(request->collection(), config));
    InfoToProto(info, response->mutable_collection());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::GetCollection(grpc::ServerContext* context,
                                              const v1::GetCollectionRequest* request,
                                              v1::GetCollectionResponse* response) {
  return calls_.Run(context, Method::kGetCollection, [&](const CallContext&) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const storage::CollectionInfo info,
                          collections_.Get(request->collection()));
    InfoToProto(info, response->mutable_collection());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::ListCollections(grpc::ServerContext* context,
                                                const v1::ListCollectionsRequest* request,
                                                v1::ListCollectionsResponse* response) {
  return calls_.Run(context, Method::kListCollections, [&](const CallContext&) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const service::CollectionPage page,
                          collections_.List(request->page_size(), request->page_token()));
    for (const storage::CollectionInfo& info : page.collections) {
      InfoToProto(info, response->add_collections());
    }
    response->set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::UpdateCollection(grpc::ServerContext* context,
                                                 const v1::UpdateCollectionRequest* request,
                                                 v1::UpdateCollectionResponse* response) {
  return calls_.Run(context, Method::kUpdateCollection, [&](const CallContext&) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(
        const storage::CollectionInfo info,
        collections_.SetMetadata(request->collection(), MetadataFromProto(request->metadata())));
    InfoToProto(info, response->mutable_collection());
    return absl::OkStatus();
  });
}

grpc::Status CollectionService::DeleteCollection(grpc::ServerContext* context,
                                                 const v1::DeleteCollectionRequest* request,
                                                 v1::DeleteCollectionResponse*) {
  return calls_.Run(context, Method::kDeleteCollection,
                    [&](const CallContext&) { return collections_.Delete(request->collection()); });
}

grpc::Status CollectionService::CreatePayloadIndex(grpc::ServerContext* context,
                                                   const v1::CreatePayloadIndexRequest* request,
                                                   v1::CreatePayloadIndexResponse* response) {
  return calls_.Run(
      context, Method::kCreatePayloadIndex, [&](const CallContext& call) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(const storage::FieldKind kind, FieldKindFromProto(request->kind()));
        TQDB_ASSIGN_OR_RETURN(
            const storage::PayloadIndexInfo info,
            collections_.CreatePayloadIndex(call, request->collection(), request->key(), kind,
                                            !request->no_wait()));
        PayloadIndexToProto(info, response->mutable_index());
        return absl::OkStatus();
      });
}

grpc::Status CollectionService::DeletePayloadIndex(grpc::ServerContext* context,
                                                   const v1::DeletePayloadIndexRequest* request,
                                                   v1::DeletePayloadIndexResponse*) {
  return calls_.Run(context, Method::kDeletePayloadIndex, [&](const CallContext&) {
    return collections_.DeletePayloadIndex(request->collection(), request->key());
  });
}

}  // namespace tqdb::server
