#include "service/call_context.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/answer_size.h"

namespace tqdb::service {

namespace {

// Deadlines beyond this count as none. The sum of a clock and a much longer time would overflow.
constexpr absl::Duration kLongestCall = absl::Hours(24 * 365);

// Returns the options of a poll that ends at the deadline.
CancelPoll::Options PollOptions(absl::Time deadline) {
  CancelPoll::Options options;
  const absl::Duration left = deadline - absl::Now();
  if (left < kLongestCall) {
    options.deadline = CancelPoll::Clock::now() + absl::ToChronoNanoseconds(left);
  }
  return options;
}

}  // namespace

CallContext::CallContext(Options options)
    : options_(std::move(options)),
      poll_([this] { return options_.cancelled && options_.cancelled(); },
            PollOptions(options_.deadline)) {}

absl::Status CallContext::Check() const {
  if (options_.deadline <= absl::Now()) {
    return absl::DeadlineExceededError("the deadline of the call has passed");
  }
  if (options_.cancelled && options_.cancelled()) {
    return absl::CancelledError("the caller cancelled the call");
  }
  return absl::OkStatus();
}

std::function<bool()> CallContext::stop() const {
  return [this] { return poll_.Cancelled(); };
}

absl::Status CallContext::CheckAnswerBytes(size_t bytes) const {
  if (bytes <= options_.max_answer_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the response has more than ", options_.max_answer_bytes,
                   " bytes (--max-message-mb); ask for fewer points or select less"));
}

absl::Status CallContext::CheckVectorBytes(size_t points,
                                           const storage::CollectionConfig& config) const {
  const size_t bytes = points * VectorBytesPerPoint(config);
  if (bytes <= options_.max_answer_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the vectors of up to ", points, " hits take ", bytes,
                   " bytes; a message has at most ", options_.max_answer_bytes,
                   " (--max-message-mb); lower limit or do without select.with_vectors"));
}

}  // namespace tqdb::service
