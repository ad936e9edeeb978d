// tqdb.v1.PointService: converts its messages and calls the service layer. Thread-safe.
//
// Unary calls use gRPC's synchronous interface, with one thread for each call. A handler blocks in
// storage for nearly all of its life: an upsert for the fsync of its group, a search for its scan.
// So an asynchronous interface would save nothing but threads, and group commit needs many writers
// that wait for one fsync. UpsertStream uses the callback interface, because a stream has to read,
// commit and acknowledge at the same time (upsert_stream.h).
#ifndef TQDB_SERVER_GRPC_POINT_SERVICE_H_
#define TQDB_SERVER_GRPC_POINT_SERVICE_H_

#include "grpcpp/server_context.h"
#include "server/grpc/unary_calls.h"
#include "server/grpc/upsert_stream.h"
#include "service/point_service.h"
#include "service/search_service.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::server {

class PointService final
    : public v1::PointService::WithRawCallbackMethod_UpsertStream<v1::PointService::Service> {
 public:
  // Everything must outlive the service.
  PointService(const service::PointService& points, const service::SearchService& searches,
               UnaryCalls& calls, UpsertStreams& streams)
      : points_(points), searches_(searches), calls_(calls), streams_(streams) {}

  grpc::Status Upsert(grpc::ServerContext* context, const v1::UpsertRequest* request,
                      v1::UpsertResponse* response) override;
  // Raw: a message that cannot be parsed must end the stream with a status of ours.
  UpsertStreams::Reactor* UpsertStream(grpc::CallbackServerContext* context) override;
  grpc::Status Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                      v1::DeleteResponse* response) override;
  grpc::Status UpdatePayload(grpc::ServerContext* context, const v1::UpdatePayloadRequest* request,
                             v1::UpdatePayloadResponse* response) override;
  grpc::Status Get(grpc::ServerContext* context, const v1::GetRequest* request,
                   v1::GetResponse* response) override;
  grpc::Status Scroll(grpc::ServerContext* context, const v1::ScrollRequest* request,
                      v1::ScrollResponse* response) override;
  grpc::Status Count(grpc::ServerContext* context, const v1::CountRequest* request,
                     v1::CountResponse* response) override;
  grpc::Status Facet(grpc::ServerContext* context, const v1::FacetRequest* request,
                     v1::FacetResponse* response) override;
  grpc::Status Search(grpc::ServerContext* context, const v1::SearchRequest* request,
                      v1::SearchResponse* response) override;
  grpc::Status SearchBatch(grpc::ServerContext* context, const v1::SearchBatchRequest* request,
                           v1::SearchBatchResponse* response) override;
  grpc::Status SearchGroups(grpc::ServerContext* context, const v1::SearchGroupsRequest* request,
                            v1::SearchGroupsResponse* response) override;
  grpc::Status SearchHybrid(grpc::ServerContext* context, const v1::SearchHybridRequest* request,
                            v1::SearchResponse* response) override;

 private:
  const service::PointService& points_;
  const service::SearchService& searches_;
  UnaryCalls& calls_;
  UpsertStreams& streams_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_POINT_SERVICE_H_
