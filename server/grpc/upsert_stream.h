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
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "base/task_queue.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "service/admission.h"
#include "service/metrics.h"
#include "service/point_service.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {

class UpsertStreamReactor;

// The open streams of a server. Thread-safe.
class UpsertStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::UpsertStreamRequest, v1::UpsertStreamResponse>;

  struct Options {
    size_t max_batches_in_flight = 8;  // batches of one stream
    size_t num_threads = 16;           // threads that commit batches of all streams
  };

  // All arguments must outlive this object. It must outlive every stream, so the server shuts gRPC
  // down first.
  UpsertStreams(const service::PointService& points, service::Admission& admission,
                service::Metrics& metrics, const Options& options);
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

  const service::PointService& points_;
  service::Admission& admission_;
  service::Metrics& metrics_;
  const Options options_;
  absl::Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<UpsertStreamReactor*, std::shared_ptr<UpsertStreamReactor>> streams_
      ABSL_GUARDED_BY(mu_);
  TaskQueue pool_;  // declared last, because its tasks use the members above
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_UPSERT_STREAM_H_
