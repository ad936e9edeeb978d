// Runs unary calls of gRPC: makes their context, and turns their status into one of gRPC.
//
// Thread-safe. The steps that calls of every protocol go through are in service/call_runner.h.
#ifndef TQDB_SERVER_GRPC_UNARY_CALLS_H_
#define TQDB_SERVER_GRPC_UNARY_CALLS_H_

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "service/call_context.h"
#include "service/call_runner.h"
#include "service/method.h"

namespace tqdb::server {

class UnaryCalls {
 public:
  using PeerFn = std::function<void(absl::string_view peer)>;
  using Handler = absl::FunctionRef<absl::Status(const service::CallContext&)>;

  // `runner` must outlive this object. Answers stay within `max_message_bytes`. `on_message` is
  // called with the peer of each call, on its thread.
  UnaryCalls(service::CallRunner& runner, size_t max_message_bytes, PeerFn on_message)
      : runner_(runner),
        max_message_bytes_(max_message_bytes),
        on_message_(std::move(on_message)) {}

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
  const PeerFn on_message_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_UNARY_CALLS_H_
