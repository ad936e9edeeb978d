// What every call goes through, whatever its protocol: admission, deadline, metrics, log, status.
//
// Thread-safe. Nothing of this is in the services.
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

// Returns the status of `handler`. An exception of a library below becomes one too, because one
// call must not end the process: std::bad_alloc RESOURCE_EXHAUSTED, others INTERNAL.
absl::Status RunCatching(absl::FunctionRef<absl::Status()> handler);

// Logs failures that an operator must see, and those that a client caused for a debug log alone.
void LogFailure(Method method, const absl::Status& status);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_CALL_RUNNER_H_
