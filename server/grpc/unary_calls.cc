#include "server/grpc/unary_calls.h"

#include <chrono>

#include "absl/time/time.h"
#include "server/grpc/grpc_status.h"

namespace tqdb::server {

namespace {

// Returns the deadline of a call. gRPC expresses "no deadline" by the last moment of its clock.
absl::Time Deadline(const grpc::ServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

}  // namespace

grpc::Status UnaryCalls::Run(grpc::ServerContext* context, service::Method method,
                             size_t upsert_bytes, Handler handler) {
  on_message_(context->peer());
  const service::CallContext call({.deadline = Deadline(*context),
                                   .cancelled = [context] { return context->IsCancelled(); },
                                   .max_answer_bytes = max_message_bytes_});
  const absl::Status status =
      runner_.Run(method, upsert_bytes, call, [&] { return handler(call); });
  AddRetryAfter(status, context);
  return ToGrpc(status);
}

}  // namespace tqdb::server
