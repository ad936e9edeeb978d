#include "client/cpp/transport.h"

#include <algorithm>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/address.h"

namespace tqdb::client {
namespace {

// Pauses double from the first to the longest one: 50, 100, 200 ms, ...
constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(2);

// Time without a byte from the server after which the client pings, and the time that the answer
// may take. The server allows one ping in 10 s (kMinPingIntervalMs in server/server.cc) and would
// close the connection of a client that sends more.
constexpr int kKeepaliveTimeMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;

// Returns a channel. It connects on the first call.
std::shared_ptr<grpc::Channel> MakeChannel(
    const ConnectOptions& options, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  // With gRPC's defaults (1 s, 120 s) the channel would wait far longer between its own attempts to
  // connect than we do between ours. Our attempts would then fail without a try.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Two clients in one process must not share one connection: each has its own limits.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // Later releases of gRPC wait for the answer to any ping, for a minute by default.
  arguments.SetInt("grpc.http2.ping_timeout_ms", kKeepaliveTimeoutMs);
  // By default gRPC stops after two pings without data. A call that waits long needs more.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  if (IsLoopback(options.address)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!options.tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls.server_name);
  }
  return grpc::CreateCustomChannel(options.address, credentials, arguments);
}

// Returns advice for a message of gRPC or OpenSSL about a connection. Users do not know that
// "Socket closed" mostly means that one side expects TLS and the other one does not.
absl::string_view Advice(const ConnectOptions& options, absl::string_view message) {
  const bool hung_up =
      absl::StrContains(message, "Socket closed") || absl::StrContains(message, "Connection reset");
  if (!options.tls.enabled) {
    return hung_up ? "the server hung up, as one does that wants TLS"
                   : "is a server running there?";
  }
  if (absl::StrContains(message, "wrong version number")) {
    return "what answers there does not speak TLS";
  }
  if (absl::StrContains(message, "certificate verify failed")) {
    return "its TLS certificate has expired, or is not signed by an authority that is trusted here";
  }
  if (absl::StrContains(message, "not in peer certificate")) {
    return "its TLS certificate is for another name";
  }
  return hung_up ? "the server hung up, as one does that wants a TLS certificate of the client"
                 : "is a server running there?";
}

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

Transport::Transport(const ConnectOptions& options,
                     std::shared_ptr<grpc::ChannelCredentials> credentials)
    : options_(options),
      where_(ProxyBefore(options.address).empty()
                 ? options.address
                 : absl::StrCat(options.address, " by way of the proxy ",
                                ProxyBefore(options.address))),
      channel_(MakeChannel(options, credentials)),
      admin_(v1::AdminService::NewStub(channel_)),
      collections_(v1::CollectionService::NewStub(channel_)),
      points_(v1::PointService::NewStub(channel_)) {}

absl::Status Transport::WaitForConnection() {
  const absl::Time deadline = absl::Now() + options_.timeout;
  if (channel_->WaitForConnected(absl::ToChronoTime(deadline))) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("no server answers at ", where_, " within ",
                                             absl::FormatDuration(options_.timeout)));
}

void Transport::Prepare(grpc::ClientContext& context, absl::Time deadline) const {
  if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
  context.set_wait_for_ready(options_.wait_for_ready);
  if (!options_.api_key.empty()) {
    context.AddMetadata("authorization", absl::StrCat("Bearer ", options_.api_key));
  }
}

absl::Status Transport::Explain(const absl::Status& status) const {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  if (absl::StartsWith(status.message(), "failed to connect")) {
    return absl::Status(status.code(), absl::StrCat("cannot connect to ", where_, "; ",
                                                    Advice(options_, status.message()), " (",
                                                    status.message(), ")"));
  }
  return absl::Status(status.code(),
                      absl::StrCat("server at ", where_, ": ",
                                   status.message().empty() ? "no answer" : status.message()));
}

bool Transport::Pause(int attempt, absl::Time deadline) {
  static thread_local std::minstd_rand random{std::random_device()()};
  // Jitter: clients that lost a server at the same moment must not all come back at the same
  // moment.
  std::uniform_real_distribution<double> jitter(0.8, 1.2);
  const double growth = static_cast<double>(int64_t{1} << std::min(attempt - 1, 20));
  const absl::Duration pause = std::min(kFirstPause * growth, kLongestPause) * jitter(random);
  const absl::Time end = absl::Now() + pause;
  if (end >= deadline) return false;
  // A mere sleep is not enough. gRPC works on a connection only while somebody waits for it, and
  // otherwise regards the attempt as timed out.
  if (channel_->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_READY &&
      channel_->WaitForConnected(absl::ToChronoTime(end))) {
    return true;
  }
  absl::SleepFor(end - absl::Now());
  return true;
}

}  // namespace tqdb::client
