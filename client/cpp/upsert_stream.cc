// One bidirectional call, driven by gRPC's callback interface.
//
// The simple idea: when an operation is complete, gRPC calls a reaction (OnReadDone, OnWriteDone,
// OnDone) on one of its threads. Send starts a write, OnReadDone takes an answer and starts the
// next read. Both change a small state under a mutex, and callers wait for the state with a limit.
// So the stream needs no thread of its own, and no caller can hang forever.
//
// Example with window 2. Send 0 and Send 1 start writes. Send 2 waits, because two batches are
// pending. The answer to batch 0 arrives; OnReadDone calls on_ack and removes it from pending_, and
// Send 2 goes on.
//
// Two rules of gRPC shape the code:
// 1. An operation may complete, and call its reaction, before the function that started it returns.
//    So no operation is started while `mutex_` is held. At most one write may run, and `writing_`
//    reserves that one before the mutex is released.
// 2. Operations may be started outside of reactions only while a hold is taken. The constructor
//    takes one. TakeHold releases it exactly once, when nothing more can be read and no write runs.
//    Without the release OnDone would never be called.
#include "client/cpp/upsert_stream.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/cpp/convert.h"
#include "client/cpp/transport.h"

namespace tqdb::client {
namespace {

// Interval at which a waiting call looks at `interrupted` and at the stall timeout.
constexpr absl::Duration kPollInterval = absl::Milliseconds(100);

}  // namespace

// The reactor of one call.
class UpsertStream::Impl
    : public grpc::ClientBidiReactor<v1::UpsertStreamRequest, v1::UpsertStreamResponse> {
 public:
  Impl(std::shared_ptr<Transport> transport, std::string collection, UpsertStreamOptions options)
      : transport_(std::move(transport)),
        collection_(std::move(collection)),
        options_(std::move(options)) {
    transport_->Prepare(context_, absl::InfiniteFuture());
    transport_->points().async()->UpsertStream(&context_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  // gRPC uses this object until OnDone, so the destructor must wait for it.
  ~Impl() override {
    {
      absl::MutexLock lock(&mutex_);
      if (done_) return;
    }
    context_.TryCancel();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
  }

  // The message is built before the mutex is taken, so that threads convert points in parallel.
  absl::Status Send(absl::Span<const Point> points) {
    v1::UpsertStreamRequest request;
    v1::UpsertRequest* batch = request.mutable_batch();
    batch->set_collection(collection_);
    batch->set_durability(ToProto(options_.durability));
    if (options_.mode != UpsertMode::kUpsert) batch->set_mode(ToProto(options_.mode));
    batch->mutable_points()->Reserve(static_cast<int>(points.size()));
    for (const Point& point : points) ToProto(point, batch->add_points());
    {
      absl::MutexLock lock(&mutex_);
      absl::Status status = AwaitProgress(&Impl::CanSend, /*interruptible=*/true);
      if (!status.ok()) return status;
      if (finishing_) return absl::FailedPreconditionError("Send after Finish");
      if (ended_) return EndStatus();
      if (pending_.empty()) last_progress_ = absl::Now();
      request.set_sequence(summary_.batches_sent);
      pending_.push_back({summary_.batches_sent, points.size()});
      ++summary_.batches_sent;
      request_ = std::move(request);
      writing_ = true;
    }
    StartWrite(&request_);
    return absl::OkStatus();
  }

  // Waits for all answers, closes our side, and waits for the server's status.
  absl::Status Finish() {
    {
      absl::MutexLock lock(&mutex_);
      if (!finishing_) {
        finishing_ = true;
        last_progress_ = absl::Now();
      }
      absl::Status status = AwaitProgress(&Impl::Drained, /*interruptible=*/false);
      if (!status.ok()) return status;
      if (closed_ || ended_) return EndStatus();
      closed_ = true;
      writing_ = true;
    }
    StartWritesDone();
    absl::MutexLock lock(&mutex_);
    absl::Status status = AwaitProgress(&Impl::Done, /*interruptible=*/false);
    if (!status.ok()) return status;
    return EndStatus();
  }

  bool ended() const {
    absl::MutexLock lock(&mutex_);
    return ended_;
  }

  UpsertStreamSummary summary() const {
    absl::MutexLock lock(&mutex_);
    return summary_;
  }

  void OnWriteDone(bool ok) override { WriteEnded(ok); }
  void OnWritesDoneDone(bool ok) override { WriteEnded(ok); }

  // Takes the answer to the first pending batch. A read that fails means the end of the call.
  void OnReadDone(bool ok) override {
    if (!ok) {
      bool release = false;
      {
        absl::MutexLock lock(&mutex_);
        ended_ = true;
        release = TakeHold();
      }
      if (release) RemoveHold();
      return;
    }
    BatchAck ack;
    {
      absl::MutexLock lock(&mutex_);
      if (pending_.empty() || pending_.front().sequence != response_.sequence()) {
        protocol_error_ = absl::InternalError(absl::StrCat(
            "the server acknowledged batch ", response_.sequence(), " where ",
            pending_.empty() ? std::string("none") : absl::StrCat(pending_.front().sequence),
            " was expected"));
      } else {
        ack.sequence = pending_.front().sequence;
        ack.points = pending_.front().points;
      }
    }
    if (!protocol_error_.ok()) {
      context_.TryCancel();
      StartRead(&response_);  // will fail, which ends the stream in the usual way
      return;
    }
    if (response_.status_code() != 0) {
      ack.status = absl::Status(static_cast<absl::StatusCode>(response_.status_code()),
                                response_.status_message());
    } else {
      ack.result = FromProto(response_.result());
    }
    // The batch stays in pending_ until on_ack has returned: the window must bound acknowledgements
    // that were not handled, too.
    if (options_.on_ack) options_.on_ack(ack);
    {
      absl::MutexLock lock(&mutex_);
      pending_.pop_front();
      last_progress_ = absl::Now();
      if (ack.status.ok()) {
        ++summary_.batches_acked;
        summary_.points_acked += ack.points;
        summary_.inserted += ack.result.inserted;
        summary_.replaced += ack.result.replaced;
        summary_.skipped += ack.result.skipped;
      } else {
        ++summary_.batches_failed;
        if (summary_.failed.size() < UpsertStreamSummary::kMaxFailedKept) {
          summary_.failed.push_back(std::move(ack));
        }
      }
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    final_status_ = FromGrpcStatus(status);
    done_ = true;
  }

 private:
  // A batch that was sent and not answered.
  struct Pending {
    uint64_t sequence;
    uint64_t points;
  };

  // Handles the end of a write or of the half-close.
  void WriteEnded(bool ok) {
    bool release = false;
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      // A failed write means that the call is over. The pending read fails too and reports it.
      if (ok) last_progress_ = absl::Now();
      release = TakeHold();
    }
    if (release) RemoveHold();
  }

  // Returns whether the caller must release the hold now: the call has ended, and nobody is about
  // to write.
  bool TakeHold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!ended_ || writing_ || !holding_) return false;
    holding_ = false;
    return true;
  }

  // The next three are the conditions that callers wait for. Each is also true when waiting longer
  // is useless.
  bool CanSend() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // After the end of reading, wait for the final status, which says why.
    if (ended_) return done_;
    if (finishing_) return true;
    return !writing_ && pending_.size() < std::max<uint32_t>(options_.window, 1);
  }
  bool Drained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (ended_ || closed_) return done_;
    return !writing_ && pending_.empty();
  }
  bool Done() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return done_; }

  // Waits until `ready` returns true. Cancels the call after stall_timeout without progress.
  absl::Status AwaitProgress(bool (Impl::*ready)() const, bool interruptible)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    struct Argument {
      const Impl* self;
      bool (Impl::*ready)() const;
    } argument{this, ready};
    const absl::Condition condition(
        +[](Argument* a) { return (a->self->*a->ready)(); }, &argument);
    while (!mutex_.AwaitWithTimeout(condition, kPollInterval)) {
      if (interruptible && options_.interrupted && options_.interrupted()) {
        return absl::CancelledError("interrupted");
      }
      if (absl::Now() - last_progress_ < options_.stall_timeout) continue;
      context_.TryCancel();
      return absl::DeadlineExceededError(
          absl::StrCat("no progress for ", absl::FormatDuration(options_.stall_timeout), " with ",
                       pending_.size(), " batches in flight"));
    }
    return absl::OkStatus();
  }

  // Returns the status of the whole stream. Requires: done_.
  absl::Status EndStatus() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!protocol_error_.ok()) return protocol_error_;
    absl::Status status = transport_->Explain(final_status_);
    if (status.ok()) {
      if (closed_ && pending_.empty()) return status;
      status = absl::UnavailableError("the server closed the stream");
    }
    if (pending_.empty()) return status;
    return absl::Status(status.code(), absl::StrCat(status.message(), "; ", pending_.size(),
                                                    " batches were not acknowledged"));
  }

  const std::shared_ptr<Transport> transport_;
  const std::string collection_;
  const UpsertStreamOptions options_;

  grpc::ClientContext context_;
  v1::UpsertStreamRequest request_;    // batch that is being written, while writing_
  v1::UpsertStreamResponse response_;  // answer that is being read; only OnReadDone touches it
  // Violation of the protocol by the server. OnReadDone sets it before the read that ends the
  // stream, and others read it after done_. So it needs no mutex.
  absl::Status protocol_error_;

  mutable absl::Mutex mutex_;
  std::deque<Pending> pending_ ABSL_GUARDED_BY(mutex_);  // in the order of sequences
  UpsertStreamSummary summary_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_progress_ ABSL_GUARDED_BY(mutex_) = absl::Now();
  absl::Status final_status_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;    // a write or the half-close is running
  bool holding_ ABSL_GUARDED_BY(mutex_) = true;     // the constructor's hold is not released
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;      // nothing more will be read
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;     // our side was closed
  bool done_ ABSL_GUARDED_BY(mutex_) = false;       // OnDone was called; final_status_ is set
};

UpsertStream::UpsertStream(std::shared_ptr<Transport> transport, std::string collection,
                           UpsertStreamOptions options)
    : impl_(std::make_unique<Impl>(std::move(transport), std::move(collection),
                                   std::move(options))) {}
UpsertStream::~UpsertStream() = default;

absl::Status UpsertStream::Send(absl::Span<const Point> points) { return impl_->Send(points); }
absl::Status UpsertStream::Finish() { return impl_->Finish(); }
bool UpsertStream::ended() const { return impl_->ended(); }
UpsertStreamSummary UpsertStream::summary() const { return impl_->summary(); }

}  // namespace tqdb::client
