// The connection: one channel, its stubs, deadlines and retries. Internal to the library;
// thread-safe.
#ifndef TQDB_CLIENT_CPP_TRANSPORT_H_
#define TQDB_CLIENT_CPP_TRANSPORT_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "tqdb/v1/admin.grpc.pb.h"
#include "tqdb/v1/collections.grpc.pb.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::client {

// The numbers of gRPC's and Abseil's codes are the same.
absl::Status FromGrpcStatus(const grpc::Status& status);

// Whether a call may be sent again when nobody knows if the first one arrived.
enum class Repeatable { kNo, kYes };

class Transport {
 public:
  Transport(const ConnectOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials);

  // Waits for a connection. Unavailable after the timeout.
  absl::Status WaitForConnection();

  // Calls `method` of `stub`, within one deadline for all attempts.
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

  // Sets what every call shares. InfiniteFuture() sets no deadline.
  void Prepare(grpc::ClientContext& context, absl::Time deadline) const;
  // Adds the address to errors of the connection, and what may help.
  absl::Status Explain(const absl::Status& status) const;

  v1::AdminService::Stub& admin() { return *admin_; }
  v1::CollectionService::Stub& collections() { return *collections_; }
  v1::PointService::Stub& points() { return *points_; }

 private:
  // Waits before the next attempt, until there is a connection at most when there is none; false
  // when the deadline would pass first.
  bool Pause(int attempt, absl::Time deadline);

  const ConnectOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
  const std::unique_ptr<v1::CollectionService::Stub> collections_;
  const std::unique_ptr<v1::PointService::Stub> points_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_TRANSPORT_H_
