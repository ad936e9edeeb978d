// Upserts in a stream with several batches in flight: the fastest way to fill a collection.
#ifndef TQDB_CLIENT_CPP_UPSERT_STREAM_H_
#define TQDB_CLIENT_CPP_UPSERT_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/cpp/types.h"

namespace tqdb::client {

class Transport;

// The server's answer to one batch.
struct BatchAck {
  uint64_t sequence = 0;  // 0 for the first batch sent, then 1, 2, ...
  uint64_t points = 0;    // in the batch
  absl::Status status;    // when not OK, nothing of the batch was written
  UpsertResult result;
};

struct UpsertStreamOptions {
  Durability durability = Durability::kSync;
  // Batches sent and not yet acknowledged; Send waits when there are as many. Together with the
  // batch size it bounds memory on both sides.
  uint32_t window = 8;
  // Send and Finish give up with DeadlineExceeded after this long without any progress.
  absl::Duration stall_timeout = absl::Seconds(60);
  // Called once a batch, in order of sequence, on a thread of the library, before the window moves.
  // Must return soon and must not call back into the stream. May be empty.
  std::function<void(const BatchAck&)> on_ack = nullptr;
  // Polled a few times a second while Send waits: true makes it return Cancelled, its batch not
  // sent. Finish may follow as usual. May be empty.
  std::function<bool()> interrupted = nullptr;
};

struct UpsertStreamSummary {
  static constexpr size_t kMaxFailedKept = 100;

  uint64_t batches_sent = 0;
  uint64_t batches_acked = 0;  // accepted
  uint64_t points_acked = 0;   // in accepted batches
  uint64_t inserted = 0;
  uint64_t replaced = 0;
  uint64_t batches_failed = 0;   // refused; nothing of them was written
  std::vector<BatchAck> failed;  // the first kMaxFailedKept of them
  // Sent and never answered: each of them is either wholly written or not at all.
  uint64_t batches_unknown() const { return batches_sent - batches_acked - batches_failed; }
};

// Thread-safe; batches of several threads get sequences in the order in which Send accepted them.
class UpsertStream {
 public:
  UpsertStream(std::shared_ptr<Transport> transport, std::string collection,
               UpsertStreamOptions options);
  // Cancels the stream when it was not finished; batches in flight are then in an unknown state.
  ~UpsertStream();
  UpsertStream(const UpsertStream&) = delete;
  UpsertStream& operator=(const UpsertStream&) = delete;

  // Sends one atomic batch, waiting while the window is full or the server does not read. OK means
  // sent, not written: the acknowledgement comes by `on_ack` and in summary(). An error means that
  // this batch was not sent; unless it is Cancelled, the stream is broken.
  absl::Status Send(absl::Span<const Point> points);

  // Waits until every batch is answered and closes the stream. OK when all were answered, even by
  // refusals: see summary().batches_failed. Further calls return the same status.
  absl::Status Finish();

  UpsertStreamSummary summary() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_UPSERT_STREAM_H_
