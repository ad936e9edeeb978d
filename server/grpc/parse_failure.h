// Gives requests that cannot be parsed a status that says so.
//
// gRPC's C++ library answers such a call by itself, before any service, with INTERNAL and no text:
// as if the server had failed. A hook on the way out turns exactly that status into
// INVALID_ARGUMENT. No service of this server ends a call with INTERNAL and an empty text.
#ifndef TQDB_SERVER_GRPC_PARSE_FAILURE_H_
#define TQDB_SERVER_GRPC_PARSE_FAILURE_H_

#include "grpcpp/support/server_interceptor.h"

namespace tqdb::server {

// The text of the status, for unary calls and streams.
inline constexpr char kParseFailure[] =
    "the request is not a valid protobuf message of the method: cut off, damaged, or with a string "
    "that is not UTF-8";

// Makes the hook of each call. Thread-safe.
class ParseFailureFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_PARSE_FAILURE_H_
