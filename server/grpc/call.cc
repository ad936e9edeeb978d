#include "server/grpc/call.h"

#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/grpc/cancel_poll.h"
#include "server/grpc/grpc_status.h"
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
  CancelPoll::Options options;
  if (const auto deadline = context->deadline();
      deadline != std::chrono::system_clock::time_point::max()) {
    const auto left = deadline - std::chrono::system_clock::now();
    options.deadline =
        CancelPoll::Clock::now() + std::chrono::duration_cast<CancelPoll::Clock::duration>(left);
  }
  auto poll = std::make_shared<CancelPoll>([context] { return context->IsCancelled(); }, options);
  return [poll] { return poll->Cancelled(); };
}

void LogFailure(Method method, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      spdlog::error("{} failed: {}", MethodName(method), status.ToString());
      break;
    case absl::StatusCode::kResourceExhausted:
      // A full server is told by metrics; a full disk has to be told here.
      if (!RetryAfter(status)) spdlog::warn("{} failed: {}", MethodName(method), status.ToString());
      break;
    default: spdlog::debug("{} refused: {}", MethodName(method), status.ToString());
  }
}

grpc::Status CallRunner::Run(grpc::ServerContext* context, Method method, size_t upsert_bytes,
                             absl::FunctionRef<absl::Status()> handler) {
  const absl::Time start = absl::Now();
  absl::StatusOr<Admission::Ticket> ticket = admission_.AdmitRequest(upsert_bytes);
  absl::Status status = ticket.status();
  if (status.ok()) status = CheckAlive(context);
  if (status.ok()) status = RunCatching(handler);
  if (status.code() == absl::StatusCode::kCancelled) {
    // Storage sees only that somebody gave up; a passed deadline is told as such.
    if (absl::Status alive = CheckAlive(context); !alive.ok()) status = alive;
  }
  if (!status.ok()) {
    LogFailure(method, status);
    if (const auto retry_after = RetryAfter(status)) {
      context->AddTrailingMetadata("retry-after", *retry_after);
    }
  }
  metrics_.CountCall(method, status.code(), absl::Now() - start);
  return ToGrpc(status);
}

}  // namespace tqdb::server
