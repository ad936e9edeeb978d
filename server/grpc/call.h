// What every unary call goes through: admission, deadline, metrics, log, status.
//
// Thread-safe. Services contain conversions and one storage call; nothing of this is in them.
#ifndef TQDB_SERVER_GRPC_CALL_H_
#define TQDB_SERVER_GRPC_CALL_H_

#include <cstddef>
#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "service/admission.h"
#include "service/metrics.h"

namespace tqdb::server {

class CallRunner {
 public:
  // Both must outlive the runner.
  CallRunner(service::Admission& admission, service::Metrics& metrics)
      : admission_(admission), metrics_(metrics) {}

  // Runs `handler` and answers with its status. The handler is not run when the server is at a
  // bound (RESOURCE_EXHAUSTED with `retry-after`) or the caller has gone (CANCELLED,
  // DEADLINE_EXCEEDED). `upsert_bytes` is the size of an upsert message, 0 for other calls.
  grpc::Status Run(grpc::ServerContext* context, service::Method method, size_t upsert_bytes,
                   absl::FunctionRef<absl::Status()> handler);
  grpc::Status Run(grpc::ServerContext* context, service::Method method,
                   absl::FunctionRef<absl::Status()> handler) {
    return Run(context, method, 0, handler);
  }

 private:
  service::Admission& admission_;
  service::Metrics& metrics_;
};

// True when the caller has cancelled or its deadline has passed: for loops that poll. Valid while
// the call runs.
std::function<bool()> CancelledFn(grpc::ServerContext* context);
// CANCELLED or DEADLINE_EXCEEDED when the caller has gone, else OK.
absl::Status CheckAlive(grpc::ServerContext* context);

// The status of `handler`; an exception of a library below becomes one too (std::bad_alloc:
// RESOURCE_EXHAUSTED, others: INTERNAL), because one call must not end the process.
absl::Status RunCatching(absl::FunctionRef<absl::Status()> handler);

// Logs failures that an operator must see (not those that a client caused).
void LogFailure(service::Method method, const absl::Status& status);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CALL_H_
