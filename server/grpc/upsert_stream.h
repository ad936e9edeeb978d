// UpsertStream: reads, decodes, commits and acknowledges batches at the same time.
//
// A stream has up to `max_batches_in_flight` batches between their arrival and their
// acknowledgement. So the decoding and encoding of one batch overlap with the fsync of another. At
// this bound the server stops reading, HTTP/2 flow control fills, and the client waits.
// Acknowledgements are sent in the order of the requests.
//
// Batches in flight commit on the threads of a pool, in any order, with one exception. A batch that
// shares an id with an earlier one of the same stream waits for it, so that the later write wins.
//
// Example: batches A and B have different ids, and C has an id of A. B may commit before A, but C
// waits for A. The client gets the acknowledgements of A, B and C in this order.
#ifndef TQDB_SERVER_GRPC_UPSERT_STREAM_H_
#define TQDB_SERVER_GRPC_UPSERT_STREAM_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "base/task_queue.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "service/admission.h"
#include "service/metrics.h"
#include "service/point_service.h"

namespace tqdb::server {

class UpsertStreamReactor;

// The open streams of a server. Thread-safe.
class UpsertStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  struct Options {
    size_t max_batches_in_flight = 8;  // batches of one stream
    size_t num_threads = 16;           // threads that commit batches of all streams
    // A stream without a message for this long is ended, so that silent clients do not keep others
    // from their streams. One whose client does not read its answers for so long is cancelled.
    absl::Duration idle_timeout = absl::Minutes(5);
    // Streams of one connection, so that no connection takes all that the server has.
    size_t max_per_connection = 64;
  };

  using PeerFn = std::function<void(absl::string_view peer)>;

  // `on_message` is called with the peer of the stream for each message. All arguments must outlive
  // this object. It must outlive every stream, so the server shuts gRPC down first.
  UpsertStreams(const service::PointService& points, service::Admission& admission,
                service::Metrics& metrics, PeerFn on_message, const Options& options);
  ~UpsertStreams();

  // Opens a stream. Never returns null: a refused stream is finished with its status. gRPC owns the
  // call, and the reactor frees itself.
  Reactor* Open(grpc::CallbackServerContext* context) ABSL_LOCKS_EXCLUDED(mu_);

  // Makes all streams stop reading, commit and acknowledge the batches that they have accepted, and
  // end with UNAVAILABLE. Streams that are opened later end in the same way. Does not wait.
  void Drain() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  friend class UpsertStreamReactor;
  void Remove(UpsertStreamReactor* stream) ABSL_LOCKS_EXCLUDED(mu_);
  // Runs on a thread of its own until stopped_.
  void EndIdleStreams() ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<std::shared_ptr<UpsertStreamReactor>> Streams() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status TakeShare(const std::string& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const service::PointService& points_;
  service::Admission& admission_;
  service::Metrics& metrics_;
  const PeerFn on_message_;
  const Options options_;
  absl::Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<UpsertStreamReactor*, std::shared_ptr<UpsertStreamReactor>> streams_
      ABSL_GUARDED_BY(mu_);
  std::map<std::string, size_t> per_peer_ ABSL_GUARDED_BY(mu_);  // streams
  absl::Notification stopped_;
  std::thread watcher_;
  TaskQueue pool_;  // declared last, because its tasks use the members above
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_UPSERT_STREAM_H_
