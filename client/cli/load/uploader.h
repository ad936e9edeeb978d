// Brings batches into a collection, whatever happens to the connection and to single rows.
//
// The simple idea: batches travel over an UpsertStream, and each is kept until its answer comes.
// - If the connection breaks, the batches without an answer are sent again over a new one, in the
//   same order. A batch that arrived before has the same outcome the second time. This goes on
//   until `retry_for` has passed without an answer.
// - If the server refuses a batch, the stream is emptied first. Then the batch is halved until its
//   bad rows are alone: each of them is reported, and the others are stored.
//
// Rows of one id keep their order, so that the last one wins for every size of batches:
// - Of rows within one batch, only the last one of an id is sent.
// - Rows of a refused batch are left out if a later batch, which was already on its way, has stored
//   their id.
//
// Example: batches 0, 1 and 2 are on their way, and row 300 in batch 1 is bad. Batches 0 and 2 are
// stored. Batch 1 is tried as rows 256-383 and 384-511. The second half is stored; the first half
// is refused and halved again, until row 300 is alone.
//
// Left out: what was sent is not written to disk. After the end of this process, its user goes on
// at resume_row().
#ifndef TQDB_CLIENT_CLI_LOAD_UPLOADER_H_
#define TQDB_CLIENT_CLI_LOAD_UPLOADER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/cli/input/vector_source.h"
#include "client/cli/load/batcher.h"
#include "client/cpp/client.h"

namespace tqdb::client {

struct UploadOptions {
  std::string collection = {};
  Durability durability = Durability::kSync;
  UpsertMode mode = UpsertMode::kUpsert;
  uint32_t window = 8;  // batches in flight
  // Time without an answer after which a connection counts as broken.
  absl::Duration stall_timeout = absl::Seconds(30);
  // Time from a break to the end of the attempts. Zero: a break is the end.
  absl::Duration retry_for = absl::Seconds(60);
  // Whether to go on after a row that the server refuses.
  bool keep_going = false;
  size_t max_message_bytes = size_t{64} << 20;  // that the server takes
  uint64_t first_row = 0;                       // row that the first batch begins with
  // Returns whether the user wants to stop. May be empty.
  std::function<bool()> interrupted = nullptr;
  // Returns a place in words, for errors of rows.
  std::function<std::string(const RowPlace&)> describe = nullptr;
  // Called for each row that the server refuses, by the thread that calls Send, Tend or Finish.
  std::function<void(const RowPlace&, const absl::Status&)> on_refused = nullptr;
  // Called with what a user should know meanwhile: that a connection was lost. May be empty.
  std::function<void(const std::string&)> say = nullptr;
};

// Counts so far.
struct UploadCounts {
  uint64_t acknowledged = 0;  // points that the server has stored, or skipped because of the mode
  uint64_t inserted = 0;      // of these, points whose id was new
  uint64_t replaced = 0;      // of these, points whose id existed, and that were written
  uint64_t skipped = 0;       // of these, points that the mode left as they were
  uint64_t refused = 0;       // rows that the server refused
  uint64_t repeated = 0;      // rows that a later row of the same id made needless
  uint64_t reconnects = 0;    // breaks after which the upload went on
};

// Not thread-safe, except for counts().
class Uploader {
 public:
  // The client must outlive this object.
  Uploader(Client& client, UploadOptions options);
  // Leaves the batches in flight to their fate.
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Sends a batch that is not empty. OK means that it was sent. Returns an error when the upload
  // has ended: the error of a refused row, unless keep_going, or of the connection. Cancelled if
  // the user interrupts.
  absl::Status Send(Batch batch);
  // Waits for all answers. Returns the errors of Send. Also to be called after an error of Send:
  // then it waits for what is in flight, and does not send again.
  absl::Status Finish();
  // Does what is due while there is no batch to send: looks for bad rows, and sends again what a
  // broken connection left unanswered. Returns the errors of Send.
  absl::Status Tend();

  UploadCounts counts() const;
  // Returns the row before which every row is stored, or was reported as refused.
  uint64_t resume_row() const;
  // Returns the number of rows that were sent and not answered: each may be stored or not.
  uint64_t rows_in_doubt() const;

 private:
  // A batch without an answer.
  struct Waiting {
    Batch batch;
    bool sent = false;  // whether a stream has taken it, so that it may be stored
  };
  // An answered batch that waits for Settle.
  struct Answered {
    Batch batch;
    absl::Status status;
  };

  // Takes the answer to the first batch of unanswered_. Called by a thread of the stream.
  void OnAck(const BatchAck& ack) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends the batches that are not on the present stream, over a new one if there is none.
  absl::Status Pump() ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends, and waits until everything is answered.
  absl::Status Drain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Gives up the stream after an error, and waits before another attempt. Returns the error if
  // there is to be none.
  absl::Status Recover(const absl::Status& error) ABSL_LOCKS_EXCLUDED(mutex_);
  // Reports rows that were refused alone, and looks for the bad rows of refused batches.
  // Without `search_allowed`, stops before the first batch whose rows would have to be sent again.
  absl::Status Settle(bool search_allowed) ABSL_LOCKS_EXCLUDED(mutex_);
  // Stores the good rows of a refused batch. `later` was answered after it.
  absl::Status SettleBatch(const Answered& refused, absl::Span<const Answered> later)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Stores some rows of a batch, and reports those that are refused. With `refused`, the server has
  // refused all of them together.
  absl::Status Store(const Batch& batch, absl::Span<const size_t> rows, bool refused);
  // Sends some rows of a batch in a call of its own, again after breaks.
  absl::Status Upsert(const Batch& batch, absl::Span<const size_t> rows)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Reports a row. Returns the error if it ends the upload.
  absl::Status Refuse(const RowPlace& place, const absl::Status& error) ABSL_LOCKS_EXCLUDED(mutex_);
  // Remembers an error that ends the upload, and returns the status.
  absl::Status Note(const absl::Status& status);
  void Say(const std::string& text) const;
  bool Interrupted() const;

  Client& client_;
  const UploadOptions options_;
  std::unique_ptr<UpsertStream> stream_;
  absl::Status ended_;  // error after which nothing more is sent
  uint64_t next_row_;   // row after the last one that Send was given
  int attempts_ = 0;    // since the present break began

  mutable absl::Mutex mutex_;
  UploadCounts counts_ ABSL_GUARDED_BY(mutex_);
  std::deque<Waiting> unanswered_ ABSL_GUARDED_BY(mutex_);
  size_t on_stream_ ABSL_GUARDED_BY(mutex_) = 0;  // of unanswered_, how many the stream was given
  // The batches that were answered since the first refusal which Settle has not handled, in order.
  std::vector<Answered> answered_ ABSL_GUARDED_BY(mutex_);
  // When the present break began; InfiniteFuture while there is none.
  absl::Time break_began_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  uint64_t stop_row_ ABSL_GUARDED_BY(mutex_);  // row whose refusal ended the upload, or the maximum
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_LOAD_UPLOADER_H_
