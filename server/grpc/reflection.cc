#include "server/grpc/reflection.h"

#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"

namespace tqdb::server {

void EnableReflection() {
  // gRPC answers health checks without descriptors, so reflection would list a service that it
  // cannot describe. The linker takes ours along because it is named here.
  google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

}  // namespace tqdb::server
