// tqdb.v1.CollectionService: converts its messages and calls the service layer. Thread-safe.
#ifndef TQDB_SERVER_GRPC_COLLECTION_SERVICE_H_
#define TQDB_SERVER_GRPC_COLLECTION_SERVICE_H_

#include "grpcpp/server_context.h"
#include "server/grpc/unary_calls.h"
#include "service/collection_service.h"
#include "tqdb/v1/collections.grpc.pb.h"

namespace tqdb::server {

class CollectionService final : public v1::CollectionService::Service {
 public:
  // Both must outlive the service.
  CollectionService(const service::CollectionService& collections, UnaryCalls& calls)
      : collections_(collections), calls_(calls) {}

  grpc::Status CreateCollection(grpc::ServerContext* context,
                                const v1::CreateCollectionRequest* request,
                                v1::CreateCollectionResponse* response) override;
  grpc::Status GetCollection(grpc::ServerContext* context, const v1::GetCollectionRequest* request,
                             v1::GetCollectionResponse* response) override;
  grpc::Status ListCollections(grpc::ServerContext* context,
                               const v1::ListCollectionsRequest* request,
                               v1::ListCollectionsResponse* response) override;
  grpc::Status UpdateCollection(grpc::ServerContext* context,
                                const v1::UpdateCollectionRequest* request,
                                v1::UpdateCollectionResponse* response) override;
  grpc::Status DeleteCollection(grpc::ServerContext* context,
                                const v1::DeleteCollectionRequest* request,
                                v1::DeleteCollectionResponse* response) override;
  grpc::Status CreatePayloadIndex(grpc::ServerContext* context,
                                  const v1::CreatePayloadIndexRequest* request,
                                  v1::CreatePayloadIndexResponse* response) override;
  grpc::Status DeletePayloadIndex(grpc::ServerContext* context,
                                  const v1::DeletePayloadIndexRequest* request,
                                  v1::DeletePayloadIndexResponse* response) override;

 private:
  const service::CollectionService& collections_;
  UnaryCalls& calls_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_COLLECTION_SERVICE_H_
