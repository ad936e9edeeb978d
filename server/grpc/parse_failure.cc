#include "server/grpc/parse_failure.h"

namespace tqdb::server {

namespace {

using grpc::experimental::InterceptionHookPoints;

class ParseFailureInterceptor final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      if (status.error_code() == grpc::StatusCode::INTERNAL && status.error_message().empty()) {
        methods->ModifySendStatus(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, kParseFailure));
      }
    }
    methods->Proceed();
  }
};

}  // namespace

grpc::experimental::Interceptor* ParseFailureFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo*) {
  return new ParseFailureInterceptor;  // gRPC owns it
}

}  // namespace tqdb::server
