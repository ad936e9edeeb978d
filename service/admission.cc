#include "service/admission.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "service/overload.h"

namespace tqdb::service {

namespace {

// Delay after which a refused client should try again. It is long enough for a full queue of
// commits to drain, and short enough that the client does not idle.
constexpr int kRetryAfterS = 1;

}  // namespace

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  Release();
  admission_ = std::exchange(other.admission_, nullptr);
  requests_ = std::exchange(other.requests_, 0);
  streams_ = std::exchange(other.streams_, 0);
  upsert_bytes_ = std::exchange(other.upsert_bytes_, 0);
  return *this;
}

void Admission::Ticket::Release() {
  if (admission_ == nullptr) return;
  std::exchange(admission_, nullptr)->Release(*this);
}

Admission::Ticket Admission::MakeTicket(size_t requests, size_t streams, size_t upsert_bytes) {
  requests_ += requests;
  streams_ += streams;
  upsert_bytes_ += upsert_bytes;
  Ticket ticket;
  ticket.admission_ = this;
  ticket.requests_ = requests;
  ticket.streams_ = streams;
  ticket.upsert_bytes_ = upsert_bytes;
  return ticket;
}

absl::StatusOr<Admission::Ticket> Admission::AdmitRequest(size_t upsert_bytes) {
  absl::MutexLock lock(&mu_);
  if (requests_ >= limits_.max_requests) {
    return OverloadedError(
        absl::StrCat("the server is busy: ", requests_, " requests are being served, at most ",
                     limits_.max_requests, " (--max-requests); try again later"),
        kRetryAfterS);
  }
  if (upsert_bytes > 0 && (!waiters_.empty() || !BytesFit(upsert_bytes))) {
    return OverloadedError(
        absl::StrCat("the server is busy: ", upsert_bytes_, " bytes of upserts are in flight and ",
                     waiters_.size(), " stream batches wait; this one of ", upsert_bytes,
                     " bytes would pass the bound of ", limits_.max_upsert_bytes,
                     " bytes (--max-upsert-mb); try again later"),
        kRetryAfterS);
  }
  return MakeTicket(1, 0, upsert_bytes);
}

absl::StatusOr<Admission::Ticket> Admission::AdmitStream() {
  absl::MutexLock lock(&mu_);
  if (streams_ >= limits_.max_streams) {
    return OverloadedError(
        absl::StrCat("the server is busy: ", streams_, " upsert streams are open, at most ",
                     limits_.max_streams, " (--max-streams); try again later"),
        kRetryAfterS);
  }
  return MakeTicket(0, 1, 0);
}

void Admission::WaitForUpsertBytes(size_t upsert_bytes, std::function<void(Ticket)> granted) {
  Ticket ticket;
  {
    absl::MutexLock lock(&mu_);
    if (!waiters_.empty() || !BytesFit(upsert_bytes)) {
      waiters_.push_back({upsert_bytes, std::move(granted)});
      return;
    }
    ticket = MakeTicket(0, 0, upsert_bytes);
  }
  granted(std::move(ticket));
}

void Admission::Release(const Ticket& ticket) {
  std::vector<std::pair<Ticket, std::function<void(Ticket)>>> grants;
  {
    absl::MutexLock lock(&mu_);
    requests_ -= ticket.requests_;
    streams_ -= ticket.streams_;
    upsert_bytes_ -= ticket.upsert_bytes_;
    while (!waiters_.empty() && BytesFit(waiters_.front().upsert_bytes)) {
      grants.emplace_back(MakeTicket(0, 0, waiters_.front().upsert_bytes),
                          std::move(waiters_.front().granted));
      waiters_.pop_front();
    }
  }
  // The callbacks run without the lock, because they may ask for further bytes.
  for (auto& [granted_ticket, granted] : grants) granted(std::move(granted_ticket));
}

Admission::Usage Admission::usage() const {
  absl::MutexLock lock(&mu_);
  return {requests_, streams_, upsert_bytes_, waiters_.size()};
}

}  // namespace tqdb::service
