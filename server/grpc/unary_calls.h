// Runs unary calls of gRPC: makes their context, and turns their status into one of gRPC.
//
// Thread-safe. The steps that calls of every protocol go through are in service/call_runner.h.
#ifndef TQDB_SERVER_GRPC_UNARY_CALLS_H_
#define TQDB_SERVER_GRPC_UNARY_CALLS_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "service/call_context.h"
#include "service/call_runner.h"
#include "service/method.h"

namespace tqdb::server {

class UnaryCalls {
 public:
  using Handler = absl::FunctionRef<absl::Status(const service::CallContext&)>;

  // `runner` must outlive this object. Answers stay within `max_message_bytes`.
  UnaryCalls(service::CallRunner& runner, size_t max_message_bytes)
      : runner_(runner), max_message_bytes_(max_message_bytes) {}

  // Runs `handler` and returns its status. A call that the server is too busy for gets the trailing
  // metadata `retry-after`, in seconds. `upsert_bytes` is the size of an upsert message, 0 for
  // other calls.
  grpc::Status Run(grpc::ServerContext* context, service::Method method, size_t upsert_bytes,
                   Handler handler);
  grpc::Status Run(grpc::ServerContext* context, service::Method method, Handler handler) {
    return Run(context, method, 0, handler);
  }

 private:
  service::CallRunner& runner_;
  const size_t max_message_bytes_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_UNARY_CALLS_H_
