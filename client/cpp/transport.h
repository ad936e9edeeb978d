// The connection: one channel, its stubs, deadlines and retries. Internal to the library.
//
// The simple idea: every unary call goes through Call. It sends the request, looks at the status,
// and sends it again if the server is Unavailable. One deadline covers all attempts, so a caller
// waits for its timeout and never longer.
//
// Unavailable means that nobody knows whether the call arrived. So each call says whether it may be
// repeated. A read may, and so may an upsert, whose second time has the same outcome. The creation
// of a collection may not: its second time would return AlreadyExists for a success.
//
// Example with the default of 4 attempts: a server restarts and is back after 200 ms. A search is
// sent at 0 ms and fails, and fails again at about 50 and 150 ms. The fourth attempt begins as soon
// as the connection is back, at 350 ms at the latest. It succeeds, and the caller sees a slow
// answer and no error.
//
// A connection may be dead without a word: a firewall forgot it, or the server lost its power. So
// while calls are under way, the client pings. Without an answer it leaves the connection, the
// calls on it are Unavailable, and the next attempt connects anew. That takes 15 s at most.
//
// A proxy of the environment (http_proxy and others) is ignored for servers on this machine. For
// others it is used, and messages name it.
//
// Left out: retries after other codes. ResourceExhausted tells that the server is busy, and sending
// more would not help it; the caller decides. Streams are not retried either (upsert_stream.h).
//
// Thread-safe.
#ifndef TQDB_CLIENT_CPP_TRANSPORT_H_
#define TQDB_CLIENT_CPP_TRANSPORT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "tqdb/v1/admin.grpc.pb.h"
#include "tqdb/v1/collections.grpc.pb.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::client {

// Returns the Abseil status of a gRPC status. Their codes have the same numbers.
absl::Status FromGrpcStatus(const grpc::Status& status);

// Whether a call may be sent again if nobody knows whether the first attempt arrived.
enum class Repeatable { kNo, kYes };

// One connection to a server. Clients, scrolls and streams share it.
class Transport {
 public:
  // Requires: NormalizeAddress returned options.address.
  Transport(const ConnectOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials);

  // Waits for a connection. Unavailable if there is none after the timeout.
  absl::Status WaitForConnection();

  // Calls `method` of `stub`, with one deadline for all attempts. Fills `response` if the status is
  // OK.
  template <typename Stub, typename Request, typename Response>
  absl::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, Repeatable repeatable) {
    const absl::Time deadline = absl::Now() + options_.timeout;
    for (int attempt = 1;; ++attempt) {
      grpc::ClientContext context;
      Prepare(context, deadline);
      const absl::Status status = FromGrpcStatus((stub.*method)(&context, request, response));
      if (!absl::IsUnavailable(status) || repeatable == Repeatable::kNo ||
          attempt >= options_.max_attempts || !Pause(attempt, deadline)) {
        return Explain(status);
      }
      response->Clear();
    }
  }

  // Sets the deadline, wait_for_ready and the API key of a call. InfiniteFuture() sets no deadline.
  void Prepare(grpc::ClientContext& context, absl::Time deadline) const;
  // Returns the status with the address, and with advice, added to errors of the connection. gRPC's
  // own messages name neither.
  absl::Status Explain(const absl::Status& status) const;

  v1::AdminService::Stub& admin() { return *admin_; }
  v1::CollectionService::Stub& collections() { return *collections_; }
  v1::PointService::Stub& points() { return *points_; }

 private:
  // Waits before the next attempt: for the pause of this attempt, or until a lost connection is
  // back. Returns false, without waiting, if the deadline would pass first.
  bool Pause(int attempt, absl::Time deadline);

  const ConnectOptions options_;
  const std::string where_;  // address, and the proxy before it, for messages
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
  const std::unique_ptr<v1::CollectionService::Stub> collections_;
  const std::unique_ptr<v1::PointService::Stub> points_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_TRANSPORT_H_
