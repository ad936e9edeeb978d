// The caller of a call, as every step of the call sees it: how long it waits, whether it has gone,
// and how large an answer it can take.
//
// A protocol makes one context for each call and passes it down by reference. So the services and
// storage know no protocol, and a new protocol has to provide three values only.
//
// Example: a gRPC call has a deadline of 2 s, and the server's messages have at most 64 MiB. A scan
// asks stop() thousands of times, which costs 25 ns each. The service asks Check() between its
// steps, and returns DEADLINE_EXCEEDED after 2 s.
//
// Left out of this file: how a poll is made cheap (cancel_poll.h), and the unit in which answers
// are measured (answer_size.h).
//
// Thread-safe: a search polls it on each of its threads.
#ifndef TQDB_SERVICE_CALL_CONTEXT_H_
#define TQDB_SERVICE_CALL_CONTEXT_H_

#include <cstddef>
#include <functional>
#include <limits>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/cancel_poll.h"
#include "storage/api/options.h"

namespace tqdb::service {

class CallContext {
 public:
  struct Options {
    absl::Time deadline = absl::InfiniteFuture();  // time at which the caller stops waiting
    // Returns whether the caller has gone. May be empty, and may be slow: loops ask it rarely.
    std::function<bool()> cancelled = {};
    // Largest answer in bytes, in the unit of answer_size.h.
    size_t max_answer_bytes = std::numeric_limits<size_t>::max();
  };

  explicit CallContext(Options options);
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  // Returns OK while the caller waits, otherwise DEADLINE_EXCEEDED or CANCELLED. Asks the protocol
  // each time, which may take 20 us: for the start and the end of a call, and between its steps.
  absl::Status Check() const;

  // Returns a function for the loops of storage: true once the call is over. It takes 25 ns,
  // because it asks the protocol no more than once in 5 ms. Valid as long as the context.
  std::function<bool()> stop() const;

  // Returns the largest answer in bytes, in the unit of answer_size.h.
  size_t max_answer_bytes() const { return options_.max_answer_bytes; }
  // Returns RESOURCE_EXHAUSTED when an answer of that size is too large.
  absl::Status CheckAnswerBytes(size_t bytes) const;
  // Returns RESOURCE_EXHAUSTED when the vectors of that many points alone are too large, so that
  // the caller learns it before they are read.
  absl::Status CheckVectorBytes(size_t points, const storage::CollectionConfig& config) const;

 private:
  const Options options_;
  mutable CancelPoll poll_;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_CALL_CONTEXT_H_
