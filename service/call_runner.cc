#include "service/call_runner.h"

#include <exception>
#include <new>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/overload.h"
#include "spdlog/spdlog.h"

namespace tqdb::service {

absl::Status RunCatching(absl::FunctionRef<absl::Status()> handler) {
  try {
    return handler();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory while serving the request");
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("unexpected exception: ", e.what()));
  }
}

void LogFailure(Method method, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      spdlog::error("{} failed: {}", MethodName(method), status.ToString());
      break;
    case absl::StatusCode::kResourceExhausted:
      // A refusal with a delay means a busy server, which metrics show. One without a delay is a
      // full disk or a lack of memory, and the operator must learn of it here.
      if (!RetryAfterS(status)) {
        spdlog::warn("{} failed: {}", MethodName(method), status.ToString());
      }
      break;
    default: spdlog::debug("{} refused: {}", MethodName(method), status.ToString());
  }
}

absl::Status CallRunner::Run(Method method, size_t upsert_bytes, const CallContext& context,
                             absl::FunctionRef<absl::Status()> handler) {
  const absl::Time start = absl::Now();
  const absl::StatusOr<Admission::Ticket> ticket = admission_.AdmitRequest(upsert_bytes);
  absl::Status status = ticket.status();
  if (status.ok()) status = context.Check();
  if (status.ok()) status = RunCatching(handler);
  if (status.code() == absl::StatusCode::kCancelled) {
    // Storage knows only that the call was stopped. Ask the context for the reason, so that a
    // caller whose deadline has passed is told that.
    if (absl::Status alive = context.Check(); !alive.ok()) status = alive;
  }
  if (!status.ok()) LogFailure(method, status);
  metrics_.CountCall(method, status.code(), absl::Now() - start);
  return status;
}

}  // namespace tqdb::service
