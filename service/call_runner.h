// Runs calls of any protocol: admission, deadline, exceptions, log and metrics around a handler.
//
// The services contain none of this. So a protocol cannot forget a step, and a test of a service
// needs none.
//
// The order of steps matters. Admission comes first, since a full server must refuse at the lowest
// cost. Then the deadline is checked, because a caller that has gone needs no work. The call is
// counted last, with its final status, refused calls included.
//
// Example: the server has 256 calls in progress and refuses a search. The caller gets
// RESOURCE_EXHAUSTED with a delay of 1 s, and the metrics count one such call.
//
// Left out of this file: streams, whose batches take their own way through admission and metrics
// (server/grpc/upsert_stream.h).
//
// Thread-safe.
#ifndef TQDB_SERVICE_CALL_RUNNER_H_
#define TQDB_SERVICE_CALL_RUNNER_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "service/admission.h"
#include "service/call_context.h"
#include "service/method.h"
#include "service/metrics.h"

namespace tqdb::service {

class CallRunner {
 public:
  // Both must outlive the runner.
  CallRunner(Admission& admission, Metrics& metrics) : admission_(admission), metrics_(metrics) {}

  // Runs `handler` and returns its status. The handler is not run when the server is at a bound
  // (RESOURCE_EXHAUSTED, with a delay as overload.h has it) or the caller has gone (CANCELLED,
  // DEADLINE_EXCEEDED). `upsert_bytes` is the size of an upsert message, 0 for other calls.
  absl::Status Run(Method method, size_t upsert_bytes, const CallContext& context,
                   absl::FunctionRef<absl::Status()> handler);

 private:
  Admission& admission_;
  Metrics& metrics_;
};

// Returns the status of `handler`. Turns an exception of a library into a status, because one call
// must not end the process: RESOURCE_EXHAUSTED for std::bad_alloc, INTERNAL for any other.
absl::Status RunCatching(absl::FunctionRef<absl::Status()> handler);

// Logs a failure. Failures that an operator must see are errors or warnings. Failures that a client
// caused appear only in a debug log, since a client could fill the log with them.
void LogFailure(Method method, const absl::Status& status);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_CALL_RUNNER_H_
