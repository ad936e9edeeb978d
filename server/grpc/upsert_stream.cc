#include "server/grpc/upsert_stream.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "google/protobuf/arena.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/grpc_status.h"
#include "server/grpc/parse_failure.h"
#include "service/call_runner.h"
#include "service/overload.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {

namespace {

constexpr int kRetryAfterS = 1;

// One request, from its read to the write of its acknowledgement.
struct Batch {
  Batch() : request(google::protobuf::Arena::CreateMessage<v1::UpsertStreamRequest>(&arena)) {}

  // The many small messages of a batch are allocated and freed as one.
  google::protobuf::Arena arena{ArenaOptions()};
  // Parses the bytes that have been read and frees them. Returns false for bytes that are no
  // request.
  bool Parse() {
    size = bytes.Length();
    grpc::ProtoBufferReader reader(&bytes);
    const bool parsed = reader.status().ok() && request->ParseFromZeroCopyStream(&reader);
    bytes.Clear();
    return parsed;
  }

  grpc::ByteBuffer bytes;  // the request as it came, until Parse
  size_t size = 0;         // of these
  v1::UpsertStreamRequest* request;
  service::Admission::Ticket ticket;  // the bytes of the request
  service::PreparedUpsert upsert;     // borrows from the request
  v1::UpsertStreamResponse response;
  absl::Time start;
  bool registered = false;  // its ids are among those in flight
  bool done = false;        // the response may be written

 private:
  static google::protobuf::ArenaOptions ArenaOptions() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 4 << 10;
    options.max_block_size = 64 << 10;
    return options;
  }
};

// A stream that was not admitted. It ends at once with the status.
class RefusedStream final : public UpsertStreams::Reactor {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

// A stream that was admitted. It lives while gRPC or a task of the pool needs it: `streams` holds
// one reference until OnDone, and each task holds one. Operations of gRPC are started under mu_, so
// that none can follow Finish. Their callbacks never run inside the call that starts them.
class UpsertStreamReactor final : public UpsertStreams::Reactor,
                                  public std::enable_shared_from_this<UpsertStreamReactor> {
 public:
  UpsertStreamReactor(UpsertStreams& streams, grpc::CallbackServerContext* context,
                      service::Admission::Ticket ticket)
      : streams_(streams),
        context_(context),
        peer_(context->peer()),
        ticket_(std::move(ticket)),
        moved_(absl::Now()) {}

  const std::string& peer() const { return peer_; }

  void Start() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    Advance();
  }

  void Drain() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    draining_ = true;
    Advance();
  }

  // Ends the stream if it has waited for its client since `limit` or longer.
  void EndIfIdleSince(absl::Time limit) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (finished_ || moved_ > limit) return;
    if (writing_) {
      context_->TryCancel();  // nothing else reaches a client that does not read
    } else if (batches_.empty()) {
      idle_ = true;
      Advance();
    }
  }

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    Batch* batch = nullptr;
    {
      absl::MutexLock lock(&mu_);
      batch = next_.get();
    }
    const bool parsed = !ok || batch->Parse();  // nobody else touches it before this call ends
    {
      absl::MutexLock lock(&mu_);
      moved_ = absl::Now();
      if (!ok) read_closed_ = true;
      if (!parsed) unparsed_ = true;
      if (!ok || finished_ || Stopped()) {
        next_.reset();
        Advance();
        return;
      }
      batch = next_.get();
      batches_.push_back(std::move(next_));
      preparing_ = true;
    }
    streams_.on_message_(peer_);
    batch->start = absl::Now();
    // No further batch is read while this one waits for its bytes (preparing_). So the bound of
    // bytes slows the client instead of filling the memory.
    streams_.admission_.WaitForUpsertBytes(
        batch->size, [self = shared_from_this(), batch](service::Admission::Ticket ticket) {
          batch->ticket = std::move(ticket);
          self->streams_.pool_.Submit([self, batch] { self->Prepare(batch); });
        });
  }

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    moved_ = absl::Now();
    writing_ = false;
    batches_.pop_front();
    if (!ok) cancelled_ = true;
    Advance();
  }

  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    Advance();
  }

  void OnDone() override { streams_.Remove(this); }

 private:
  // Runs on a thread of the pool. Decodes the batch, and commits it unless an earlier batch in
  // flight has one of its ids.
  void Prepare(Batch* batch) ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::Status status = service::RunCatching([&] { return Decode(batch); });
    if (!status.ok()) {
      Complete(batch, status);
      return;
    }
    {
      absl::MutexLock lock(&mu_);
      preparing_ = false;
      if (SharesIds(*batch)) {
        parked_ = batch;
        return;
      }
      Register(batch);
      Advance();  // reads the next batch while this one commits
    }
    Commit(batch);
  }

  // Makes the batch for storage out of the request.
  absl::Status Decode(Batch* batch) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      if (cancelled_) return absl::CancelledError("the caller cancelled the stream");
    }
    const v1::UpsertRequest& request = batch->request->batch();
    TQDB_ASSIGN_OR_RETURN(service::UpsertBuilder builder,
                          streams_.points_.BeginUpsert(request.collection(),
                                                       static_cast<size_t>(request.points_size())));
    TQDB_ASSIGN_OR_RETURN(batch->upsert, UpsertFromProto(request, std::move(builder)));
    return absl::OkStatus();
  }

  // Runs on a thread of the pool. Waits for the disk.
  void Commit(Batch* batch) ABSL_LOCKS_EXCLUDED(mu_) {
    Complete(batch, service::RunCatching([&]() -> absl::Status {
               TQDB_ASSIGN_OR_RETURN(
                   const storage::UpsertResult result,
                   streams_.points_.Upsert(batch->request->batch().collection(), batch->upsert));
               ResultToProto(result, batch->response.mutable_result());
               return absl::OkStatus();
             }));
  }

  // Ends a batch with its status: makes the acknowledgement ready and frees the memory and the ids.
  // If the parked batch shared only these ids, it is committed next.
  void Complete(Batch* batch, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_) {
    batch->response.set_sequence(batch->request->sequence());
    batch->response.set_status_code(static_cast<int>(status.code()));
    if (!status.ok()) {
      batch->response.set_status_message(StatusMessage(status.message()));
      service::LogFailure(service::Method::kUpsertStream, status);
    }
    streams_.metrics_.CountCall(service::Method::kUpsertStream, status.code(),
                                absl::Now() - batch->start);
    // The acknowledgement may wait long for its turn, so free everything but the response now.
    const std::vector<PointId> ids = std::move(batch->upsert.ids);
    batch->upsert = service::PreparedUpsert();
    batch->arena.Reset();
    batch->ticket.Release();

    Batch* runnable = nullptr;
    {
      absl::MutexLock lock(&mu_);
      if (batch->registered) {
        for (const PointId& id : ids) ids_in_flight_.erase(id);
      } else {
        preparing_ = false;
      }
      if (parked_ != nullptr && !SharesIds(*parked_)) {
        runnable = std::exchange(parked_, nullptr);
        Register(runnable);
      }
      batch->done = true;
      Advance();
    }
    if (runnable != nullptr) {
      streams_.pool_.Submit([self = shared_from_this(), runnable] { self->Commit(runnable); });
    }
  }

  // Returns whether an earlier batch in flight has an id of this one.
  bool SharesIds(const Batch& batch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (ids_in_flight_.empty()) return false;
    for (const PointId& id : batch.upsert.ids) {
      if (ids_in_flight_.contains(id)) return true;
    }
    return false;
  }

  // Notes that the ids of the batch are in flight.
  void Register(Batch* batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    ids_in_flight_.insert(batch->upsert.ids.begin(), batch->upsert.ids.end());
    batch->registered = true;
  }

  // Starts all operations that the state allows: a write, a read, the end of the stream. Must be
  // called after every change of the state.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (finished_) return;
    while (!writing_ && !batches_.empty() && batches_.front()->done) {
      if (cancelled_) {  // nobody is there to read it
        batches_.pop_front();
        continue;
      }
      writing_ = true;
      moved_ = absl::Now();
      Batch& first = *batches_.front();
      const grpc::Slice slice(first.response.SerializeAsString());
      first.bytes = grpc::ByteBuffer(&slice, 1);
      StartWrite(&first.bytes);
    }
    if (!Stopped() && next_ == nullptr && !preparing_ && parked_ == nullptr &&
        batches_.size() < streams_.options_.max_batches_in_flight) {
      next_ = std::make_unique<Batch>();
      StartRead(&next_->bytes);
    }
    if (Stopped() && batches_.empty()) {
      finished_ = true;
      Finish(FinalStatus());
    }
  }

  // Returns whether no further batch is taken.
  bool Stopped() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return read_closed_ || draining_ || cancelled_ || unparsed_ || idle_;
  }

  // Returns the status of the stream by the reason for which it ends.
  grpc::Status FinalStatus() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (cancelled_) return grpc::Status(grpc::StatusCode::CANCELLED, "the stream was cancelled");
    if (unparsed_) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                          absl::StrCat(kParseFailure, "; it and those after it were not written"));
    }
    if (read_closed_) return grpc::Status::OK;
    if (idle_ && !draining_) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                          absl::StrCat("the stream had no message for ",
                                       absl::FormatDuration(streams_.options_.idle_timeout),
                                       " (--stream-idle-timeout of the server); open another one"));
    }
    return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                        "the server is shutting down; batches without an answer were not written");
  }

  UpsertStreams& streams_;
  grpc::CallbackServerContext* const context_;
  const std::string peer_;
  const service::Admission::Ticket ticket_;
  absl::Mutex mu_;
  std::unique_ptr<Batch> next_ ABSL_GUARDED_BY(mu_);                 // being read
  std::deque<std::unique_ptr<Batch>> batches_ ABSL_GUARDED_BY(mu_);  // read, not yet acknowledged
  bool preparing_ ABSL_GUARDED_BY(mu_) = false;   // the last of batches_ is not registered yet
  Batch* parked_ ABSL_GUARDED_BY(mu_) = nullptr;  // the last of batches_, waits for an id
  absl::flat_hash_set<PointId> ids_in_flight_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;      // the first of batches_
  bool read_closed_ ABSL_GUARDED_BY(mu_) = false;  // the client will send no more
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool unparsed_ ABSL_GUARDED_BY(mu_) = false;  // a message was no request
  bool idle_ ABSL_GUARDED_BY(mu_) = false;      // the client has sent nothing for too long
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time moved_ ABSL_GUARDED_BY(mu_);  // when the client last sent or took something
};

UpsertStreams::UpsertStreams(const service::PointService& points, service::Admission& admission,
                             service::Metrics& metrics, PeerFn on_message, const Options& options)
    : points_(points),
      admission_(admission),
      metrics_(metrics),
      on_message_(std::move(on_message)),
      options_(options),
      watcher_([this] { EndIdleStreams(); }),
      pool_(options.num_threads) {}

UpsertStreams::~UpsertStreams() {
  stopped_.Notify();
  watcher_.join();
}

void UpsertStreams::EndIdleStreams() {
  const absl::Duration pause =
      std::clamp(options_.idle_timeout / 8, absl::Milliseconds(10), absl::Seconds(5));
  while (!stopped_.WaitForNotificationWithTimeout(pause)) {
    const absl::Time limit = absl::Now() - options_.idle_timeout;
    for (const auto& stream : Streams()) stream->EndIfIdleSince(limit);
  }
}

absl::Status UpsertStreams::TakeShare(const std::string& peer) {
  size_t& streams = per_peer_[peer];
  if (streams >= options_.max_per_connection) {
    return service::OverloadedError(
        absl::StrCat("this connection has ", streams,
                     " upsert streams open (--max-streams-per-connection of the server)"),
        kRetryAfterS);
  }
  ++streams;
  return absl::OkStatus();
}

UpsertStreams::Reactor* UpsertStreams::Open(grpc::CallbackServerContext* context) {
  absl::StatusOr<service::Admission::Ticket> ticket = admission_.AdmitStream();
  const std::string peer = context->peer();
  if (ticket.ok()) {
    absl::MutexLock lock(&mu_);
    if (const absl::Status share = TakeShare(peer); !share.ok()) ticket = share;
  }
  if (!ticket.ok()) {
    metrics_.CountCall(service::Method::kUpsertStream, ticket.status().code(),
                       absl::ZeroDuration());
    AddRetryAfter(ticket.status(), context);
    return new RefusedStream(ToGrpc(ticket.status()));
  }
  auto stream = std::make_shared<UpsertStreamReactor>(*this, context, *std::move(ticket));
  bool draining;
  {
    absl::MutexLock lock(&mu_);
    streams_.emplace(stream.get(), stream);
    draining = draining_;
  }
  // If Drain has run already, it has not seen this stream.
  if (draining) {
    stream->Drain();
  } else {
    stream->Start();
  }
  return stream.get();
}

void UpsertStreams::Drain() {
  {
    absl::MutexLock lock(&mu_);
    draining_ = true;
  }
  for (const auto& stream : Streams()) stream->Drain();
}

std::vector<std::shared_ptr<UpsertStreamReactor>> UpsertStreams::Streams() {
  std::vector<std::shared_ptr<UpsertStreamReactor>> streams;
  absl::MutexLock lock(&mu_);
  streams.reserve(streams_.size());
  for (const auto& [pointer, stream] : streams_) streams.push_back(stream);
  return streams;
}

void UpsertStreams::Remove(UpsertStreamReactor* stream) {
  std::shared_ptr<UpsertStreamReactor> last;  // freed after the lock
  absl::MutexLock lock(&mu_);
  const auto it = streams_.find(stream);
  const auto share = per_peer_.find(stream->peer());
  if (--share->second == 0) per_peer_.erase(share);
  last = std::move(it->second);
  streams_.erase(it);
}

}  // namespace tqdb::server
