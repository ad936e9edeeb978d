// Upserts in a stream: the fastest way to fill a collection.
//
// The simple idea: a unary Upsert waits for the answer to its batch before the next one is sent.
// During this round trip and the server's fsync, client and network do nothing. A stream sends the
// next batches before the first answer comes: up to `window` batches are in flight.
//
//   auto stream = client->OpenUpsertStream("books", {.window = 8});
//   for (...) if (absl::Status s = stream->Send(batch); !s.ok()) break;
//   absl::Status status = stream->Finish();
//   if (stream->summary().batches_failed > 0) ...
//
// Each batch is atomic by itself, and batches are answered in the order in which they were sent. A
// batch that the server refuses, for a wrong dim say, does not end the stream. It is reported to
// `on_ack` and in the summary. A stream that breaks leaves batches without an answer. Each of them
// is written as a whole or not at all. Sending them again is safe, as upserts are idempotent.
//
// Left out: sending again by itself. The stream does not keep batches, so only the caller can; the
// command line's import does (client/cli/load/uploader.h).
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
  uint64_t sequence = 0;  // number of the batch: 0, 1, 2, ... in the order of Send
  uint64_t points = 0;    // number of points of the batch
  absl::Status status;    // if not OK, nothing of the batch was written
  UpsertResult result;    // set if the status is OK
};

// Settings of a stream.
struct UpsertStreamOptions {
  Durability durability = Durability::kSync;
  UpsertMode mode = UpsertMode::kUpsert;
  // Limit of the batches that are sent and not answered. Send waits at the limit. Together with the
  // size of batches it bounds the memory of both sides.
  uint32_t window = 8;
  // Time without any progress after which Send and Finish give up, with DeadlineExceeded.
  absl::Duration stall_timeout = absl::Seconds(60);
  // Called once for each batch, in the order of sequences, on a thread of the library, before the
  // window moves. Must return soon and must not call the stream. May be empty.
  std::function<void(const BatchAck&)> on_ack = nullptr;
  // Called about ten times a second while Send waits. If it returns true, Send returns Cancelled
  // and its batch is not sent. Finish may follow as usual. May be empty.
  std::function<bool()> interrupted = nullptr;
};

// Counts of a stream so far.
struct UpsertStreamSummary {
  static constexpr size_t kMaxFailedKept = 100;

  uint64_t batches_sent = 0;
  uint64_t batches_acked = 0;    // batches that were written
  uint64_t points_acked = 0;     // points of these batches
  uint64_t inserted = 0;         // points whose id was new
  uint64_t replaced = 0;         // points whose id existed, and that were written
  uint64_t skipped = 0;          // points that the mode left as they were
  uint64_t batches_failed = 0;   // batches that were refused; nothing of them was written
  std::vector<BatchAck> failed;  // the first kMaxFailedKept of the refused batches
  // Returns the number of batches that were sent and not answered. Each of them is written as a
  // whole or not at all.
  uint64_t batches_unknown() const { return batches_sent - batches_acked - batches_failed; }
};

// A stream of upserts into one collection.
//
// Thread-safe. Batches of several threads get their sequences in the order in which Send accepts
// them.
class UpsertStream {
 public:
  UpsertStream(std::shared_ptr<Transport> transport, std::string collection,
               UpsertStreamOptions options);
  // Cancels the stream if it was not finished. Nobody knows then which of the batches in flight are
  // written.
  ~UpsertStream();
  UpsertStream(const UpsertStream&) = delete;
  UpsertStream& operator=(const UpsertStream&) = delete;

  // Sends one atomic batch. Waits while the window is full or the server does not read. OK means
  // that the batch was sent, not that it was written: its answer comes to `on_ack` and into
  // summary(). After an error the batch was not sent, and the stream is broken unless the error is
  // Cancelled.
  absl::Status Send(absl::Span<const Point> points);

  // Waits until every batch is answered, and closes the stream. OK if all were answered, even by
  // refusals: see summary().batches_failed. Further calls return the same status.
  absl::Status Finish();

  // Returns whether the call is over, so that no more answers come. Send and Finish say why.
  bool ended() const;

  UpsertStreamSummary summary() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_UPSERT_STREAM_H_
