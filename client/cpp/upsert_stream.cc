// One bidirectional call driven by gRPC's callback interface: no thread of ours, and every wait has
// a limit. Reactions run on gRPC's threads; Send and Finish on the caller's.
//
// An operation may complete, and call its reaction, before the function that started it returns. So
// no operation is started while `mutex_` is held; `writing_` keeps others from starting a second
// write meanwhile, and delays the release of the hold that allows writes from outside of reactions.
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

constexpr absl::Duration kPollInterval = absl::Milliseconds(100);

}  // namespace

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

  ~Impl() override {
    {
      absl::MutexLock lock(&mutex_);
      if (done_) return;
    }
    context_.TryCancel();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
  }

  absl::Status Send(absl::Span<const Point> points) {
    v1::UpsertStreamRequest request;
    v1::UpsertRequest* batch = request.mutable_batch();
    batch->set_collection(collection_);
    batch->set_durability(ToProto(options_.durability));
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

  UpsertStreamSummary summary() const {
    absl::MutexLock lock(&mutex_);
    return summary_;
  }

  void OnWriteDone(bool ok) override { WriteEnded(ok); }
  void OnWritesDoneDone(bool ok) override { WriteEnded(ok); }

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
      StartRead(&response_);  // fails, and so ends the stream the usual way
      return;
    }
    if (response_.status_code() != 0) {
      ack.status = absl::Status(static_cast<absl::StatusCode>(response_.status_code()),
                                response_.status_message());
    } else {
      ack.result = {response_.result().inserted(), response_.result().replaced()};
    }
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
  struct Pending {
    uint64_t sequence;
    uint64_t points;
  };

  void WriteEnded(bool ok) {
    bool release = false;
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      // A failed write means that the call is over; the read that is under way reports how.
      if (ok) last_progress_ = absl::Now();
      release = TakeHold();
    }
    if (release) RemoveHold();
  }

  // Whether the caller must release the hold now: the call has ended and nobody is about to write.
  bool TakeHold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!ended_ || writing_ || !holding_) return false;
    holding_ = false;
    return true;
  }

  bool CanSend() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // After the end only the final status matters.
    if (ended_) return done_;
    if (finishing_) return true;
    return !writing_ && pending_.size() < std::max<uint32_t>(options_.window, 1);
  }
  bool Drained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (ended_ || closed_) return done_;
    return !writing_ && pending_.empty();
  }
  bool Done() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return done_; }

  // Waits for `ready`, at most stall_timeout after the last sign of life.
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

  // Requires done_.
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
  v1::UpsertStreamRequest request_;    // being written while writing_
  v1::UpsertStreamResponse response_;  // of the read under way; touched by OnReadDone only
  // Written by OnReadDone before the read that ends the stream, read after done_.
  absl::Status protocol_error_;

  mutable absl::Mutex mutex_;
  std::deque<Pending> pending_ ABSL_GUARDED_BY(mutex_);
  UpsertStreamSummary summary_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_progress_ ABSL_GUARDED_BY(mutex_) = absl::Now();
  absl::Status final_status_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;    // a write, or the half-close, is under way
  bool holding_ ABSL_GUARDED_BY(mutex_) = true;     // the hold of the constructor is not released
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;      // nothing more will be read
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;     // our side was closed
  bool done_ ABSL_GUARDED_BY(mutex_) = false;       // final_status_ is set; gRPC is through with us
};

UpsertStream::UpsertStream(std::shared_ptr<Transport> transport, std::string collection,
                           UpsertStreamOptions options)
    : impl_(std::make_unique<Impl>(std::move(transport), std::move(collection),
                                   std::move(options))) {}
UpsertStream::~UpsertStream() = default;

absl::Status UpsertStream::Send(absl::Span<const Point> points) { return impl_->Send(points); }
absl::Status UpsertStream::Finish() { return impl_->Finish(); }
UpsertStreamSummary UpsertStream::summary() const { return impl_->summary(); }

}  // namespace tqdb::client
