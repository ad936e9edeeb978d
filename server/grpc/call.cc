#include "server/grpc/call.h"

#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/grpc/grpc_status.h"
#include "service/overload.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

absl::Status RunCatching(absl::FunctionRef<absl::Status()> handler) {
  try {
    return handler();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory while serving the request");
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("unexpected exception: ", e.what()));
  }
}

absl::Status CheckAlive(grpc::ServerContext* context) {
  if (context->deadline() <= std::chrono::system_clock::now()) {
    return absl::DeadlineExceededError("the deadline of the call has passed");
  }
  if (context->IsCancelled()) return absl::CancelledError("the caller cancelled the call");
  return absl::OkStatus();
}

std::function<bool()> CancelledFn(grpc::ServerContext* context) {
  return [context] { return !CheckAlive(context).ok(); };
}

void LogFailure(service::Method method, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      spdlog::error("{} failed: {}", service::MethodName(method), status.ToString());
      break;
    case absl::StatusCode::kResourceExhausted:
      // A full server is told by metrics; a full disk has to be told here.
      if (!service::RetryAfterS(status))
        spdlog::warn("{} failed: {}", service::MethodName(method), status.ToString());
      break;
    default: spdlog::debug("{} refused: {}", service::MethodName(method), status.ToString());
  }
}

grpc::Status CallRunner::Run(grpc::ServerContext* context, service::Method method,
                             size_t upsert_bytes, absl::FunctionRef<absl::Status()> handler) {
  const absl::Time start = absl::Now();
  absl::StatusOr<service::Admission::Ticket> ticket = admission_.AdmitRequest(upsert_bytes);
  absl::Status status = ticket.status();
  if (status.ok()) status = CheckAlive(context);
  if (status.ok()) status = RunCatching(handler);
  if (status.code() == absl::StatusCode::kCancelled) {
    // Storage sees only that somebody gave up; a passed deadline is told as such.
    if (absl::Status alive = CheckAlive(context); !alive.ok()) status = alive;
  }
  if (!status.ok()) {
    LogFailure(method, status);
    if (const std::optional<int> retry_after_s = service::RetryAfterS(status)) {
      context->AddTrailingMetadata("retry-after", absl::StrCat(*retry_after_s));
    }
  }
  metrics_.CountCall(method, status.code(), absl::Now() - start);
  return ToGrpc(status);
}

}  // namespace tqdb::server
