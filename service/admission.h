// The bounds of what a server takes on at once: requests, streams, and bytes of upserts.
//
// Thread-safe. A unary call over a bound is refused at once, with RESOURCE_EXHAUSTED and a delay
// after which to try again; a stream over the bound of bytes waits its turn, and HTTP/2 flow
// control slows its client. A stream waits in line before later unary upserts, so neither kind
// starves the other.
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
  size_t max_requests = 256;                    // unary calls being served
  size_t max_streams = 256;                     // upsert streams that are open
  size_t max_upsert_bytes = size_t{512} << 20;  // of upsert messages read and not yet committed
};

class Admission {
 public:
  // What one caller holds; gives it back when destroyed. Movable, not thread-safe by itself.
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
    size_t waiting_batches = 0;  // of streams, for bytes
  };

  explicit Admission(const AdmissionLimits& limits) : limits_(limits) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // RESOURCE_EXHAUSTED (OverloadedError) when a bound is reached. `upsert_bytes` is the size of the
  // message of an upsert, 0 for other calls. A message that is larger than the whole bound is
  // admitted when it is alone.
  absl::StatusOr<Ticket> AdmitRequest(size_t upsert_bytes) ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<Ticket> AdmitStream() ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `granted` once `upsert_bytes` fit: now, on this thread, or later, on the thread that
  // releases what they waited for, first come first served. `granted` must not block; it is always
  // called.
  void WaitForUpsertBytes(size_t upsert_bytes, std::function<void(Ticket)> granted)
      ABSL_LOCKS_EXCLUDED(mu_);

  const AdmissionLimits& limits() const { return limits_; }
  Usage usage() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Waiter {
    size_t upsert_bytes;
    std::function<void(Ticket)> granted;
  };

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
  std::deque<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_ADMISSION_H_
