// Bounds the work that a server takes on at once: requests, streams, and bytes of upserts.
//
// The simple idea: a server without bounds queues work until its memory is full and every caller
// has timed out. It is better to refuse early. A unary call over a bound is refused at once, with
// RESOURCE_EXHAUSTED and a delay after which to try again. A stream over the bound of bytes waits
// for its turn, and HTTP/2 flow control slows its client. A waiting batch of a stream comes before
// later unary upserts, so neither kind starves the other.
//
// Example: the bound is 512 MiB, and 500 MiB are in progress. A stream's batch of 20 MiB waits. A
// unary upsert of 1 MiB would fit, but is refused because a batch is waiting. When 10 MiB are
// released, the batch is granted.
//
// Left out of this file: the memory of searches. The number of requests and the size of answers
// bound it (call_context.h).
//
// Thread-safe.
#ifndef TQDB_SERVICE_ADMISSION_H_
#define TQDB_SERVICE_ADMISSION_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace tqdb::service {

struct AdmissionLimits {
  size_t max_requests = 256;  // unary calls that are served at once
  size_t max_streams = 256;   // upsert streams that are open at once
  // Bytes of upsert messages that have been read and are not committed yet.
  size_t max_upsert_bytes = size_t{512} << 20;
};

class Admission {
 public:
  // The share of the bounds that one caller holds. The destructor gives it back. Movable. Not
  // thread-safe by itself.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { Release(); }
    void Release();

   private:
    friend class Admission;
    Admission* admission_ = nullptr;
    size_t requests_ = 0;
    size_t streams_ = 0;
    size_t upsert_bytes_ = 0;
  };

  struct Usage {
    size_t requests = 0;
    size_t streams = 0;
    size_t upsert_bytes = 0;
    size_t waiting_batches = 0;  // batches of streams that wait for bytes
  };

  explicit Admission(const AdmissionLimits& limits) : limits_(limits) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Admits a unary call, or returns RESOURCE_EXHAUSTED (OverloadedError) when a bound is reached.
  // `upsert_bytes` is the size of an upsert message, 0 for other calls. A message that is larger
  // than the whole bound is admitted when no other is in progress, since it would never fit.
  absl::StatusOr<Ticket> AdmitRequest(size_t upsert_bytes) ABSL_LOCKS_EXCLUDED(mu_);
  // Admits a stream, or returns RESOURCE_EXHAUSTED. Its batches ask for their bytes one by one.
  absl::StatusOr<Ticket> AdmitStream() ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `granted` once `upsert_bytes` fit, in the order of the calls. That is either now, on this
  // thread, or later, on the thread that releases the bytes. `granted` is always called in the end.
  // Requires: it does not block.
  void WaitForUpsertBytes(size_t upsert_bytes, std::function<void(Ticket)> granted)
      ABSL_LOCKS_EXCLUDED(mu_);

  const AdmissionLimits& limits() const { return limits_; }
  Usage usage() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Waiter {
    size_t upsert_bytes;
    std::function<void(Ticket)> granted;
  };

  // Returns whether the bytes fit below the bound. Any number fits when nothing else is held.
  bool BytesFit(size_t upsert_bytes) const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return upsert_bytes_ == 0 || upsert_bytes_ + upsert_bytes <= limits_.max_upsert_bytes;
  }
  Ticket MakeTicket(size_t requests, size_t streams, size_t upsert_bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Release(const Ticket& ticket) ABSL_LOCKS_EXCLUDED(mu_);

  const AdmissionLimits limits_;
  mutable absl::Mutex mu_;
  size_t requests_ ABSL_GUARDED_BY(mu_) = 0;
  size_t streams_ ABSL_GUARDED_BY(mu_) = 0;
  size_t upsert_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<Waiter> waiters_ ABSL_GUARDED_BY(mu_);  // in the order of arrival
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_ADMISSION_H_
