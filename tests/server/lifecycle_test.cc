// Tests the life of a server: start, health, metrics, deadlines, cancellation and stop. Clients use
// real gRPC channels and plain sockets.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/server/test_server.h"

namespace tqdb::server {
namespace lifecycle_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using LifecycleTest = ServerTest;

class HttpTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerOptions options = TestOptions(dir_.path());
    options.http_port = 0;
    StartServer(options);
  }
};

// Returns the whole answer to one HTTP request, status line included.
std::string Http(int port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return "no connection";
  }
  const std::string text = request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

// Calls grpc.health.v1.Health/Check for `service`. Returns 1 for SERVING, 2 for NOT_SERVING and -1
// for an error. The messages have so few bytes that they are written and read by hand.
int Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  std::string bytes;
  if (!service.empty())
    bytes = absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service);
  grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1), response;
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, &queue);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  if (!status.ok()) return -1;
  grpc::Slice answer;
  EXPECT_TRUE(response.DumpToSingleSlice(&answer).ok());
  return answer.size() == 2 && answer.begin()[0] == 0x08 ? answer.begin()[1] : -1;
}

TEST_F(LifecycleTest, HealthIsServingForTheServerAndEachService) {
  EXPECT_EQ(Health(channel_, ""), 1);
  EXPECT_EQ(Health(channel_, "tqdb.v1.PointService"), 1);
  EXPECT_EQ(Health(channel_, "tqdb.v1.CollectionService"), 1);
  EXPECT_EQ(Health(channel_, "tqdb.v1.AdminService"), 1);
  EXPECT_EQ(Health(channel_, "tqdb.v1.NoService"), -1);
}

// Returns the bytes of the answer to one request of reflection.
std::string Reflect(const std::shared_ptr<grpc::Channel>& channel, const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag;
  bool ok = false;
  call->StartCall(nullptr);
  EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::Slice slice(request);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::Slice answer;
  EXPECT_TRUE(response.DumpToSingleSlice(&answer).ok());
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  queue.Shutdown();
  return std::string(reinterpret_cast<const char*>(answer.begin()), answer.size());
}

// Tools such as grpcurl find the services by reflection.
TEST_F(LifecycleTest, ReflectionListsTheServices) {
  EXPECT_THAT(Reflect(channel_, std::string("\x3a\x01*", 3)),  // list_services: "*"
              AllOf(HasSubstr("tqdb.v1.PointService"), HasSubstr("tqdb.v1.AdminService"),
                    HasSubstr("grpc.health.v1.Health")));
}

// And they ask what each of them has, or cannot call it.
TEST_F(LifecycleTest, ReflectionDescribesWhatItLists) {
  for (const std::string symbol : {"grpc.health.v1.Health", "tqdb.v1.PointService"}) {
    const std::string request = std::string("\x22") + static_cast<char>(symbol.size()) + symbol;
    const std::string answer = Reflect(channel_, request);  // file_containing_symbol
    EXPECT_THAT(answer, AllOf(HasSubstr("proto3"), Not(HasSubstr("not found")))) << symbol;
  }
  EXPECT_THAT(Reflect(channel_, std::string("\x22\x15") + "grpc.health.v1.Health"),
              AllOf(HasSubstr("Check"), HasSubstr("Watch"), HasSubstr("HealthCheckResponse")));
}

TEST_F(HttpTest, AnswersHealthAndMetrics) {
  CreateCollection("books");
  Fill("books", 3);
  v1::UpsertRequest bad;
  bad.set_collection("books");
  EXPECT_FALSE(Upsert(bad).ok());
  const int port = server_->http_port();
  EXPECT_THAT(Http(port, "GET /healthz"), HasSubstr("200 OK"));
  EXPECT_THAT(Http(port, "GET /livez"), HasSubstr("200 OK"));
  EXPECT_THAT(Http(port, "GET /readyz"), HasSubstr("200 OK"));
  EXPECT_THAT(Http(port, "GET /other"), HasSubstr("404 Not Found"));
  EXPECT_THAT(Http(port, "POST /metrics"), HasSubstr("405"));
  EXPECT_THAT(
      Http(port, "GET /metrics"),
      AllOf(HasSubstr("tqdb_collection_points{collection=\"books\"} 3"),
            HasSubstr("tqdb_collection_quarantined{collection=\"books\"} 0"),
            HasSubstr("tqdb_collection_read_only{collection=\"books\"} 0"),
            HasSubstr("tqdb_collection_disk_bytes{collection=\"books\"}"),
            HasSubstr("tqdb_points_total{operation=\"upsert\"} 3"),
            HasSubstr("tqdb_request_seconds_count{method=\"Upsert\"} 2"),
            HasSubstr("code=\"INVALID_ARGUMENT\""), HasSubstr("process_resident_memory_bytes"),
            HasSubstr("tqdb_upsert_bytes_in_flight 0"), HasSubstr("tqdb_build_info{")));
}

TEST_F(LifecycleTest, SecondServerOnOneDirectoryIsRefusedAndTheFirstServesOn) {
  absl::StatusOr<std::unique_ptr<Server>> second = Server::Start(TestOptions(dir_.path()));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(dir_.path()));
  CreateCollection("books");
}

// gRPC shares ports by default. A second server would then take half of the connections instead of
// failing.
TEST_F(HttpTest, PortInUseIsRefusedByName) {
  TempDir other;
  ServerOptions options = TestOptions(other.path());
  options.grpc_port = server_->grpc_port();
  absl::StatusOr<std::unique_ptr<Server>> second = Server::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()),
              AllOf(HasSubstr(absl::StrCat(server_->grpc_port())), HasSubstr("--grpc-port"),
                    HasSubstr("in use")));
  options.grpc_port = 0;
  options.http_port = server_->http_port();
  second = Server::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--http-port"));
  options.listen = "no.such.host.invalid";
  second = Server::Start(options);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LifecycleTest, PointsSurviveShutdownAndRestart) {
  CreateCollection("books");
  Fill("books", 5);
  ASSERT_TRUE(server_->Shutdown(absl::Seconds(10)).ok());
  StartServer(TestOptions(dir_.path()));
  EXPECT_EQ(Count("books"), 5u);
}

TEST_F(LifecycleTest, CallsInFlightFinishWithinTheGraceOfShutdown) {
  CreateCollection("books");
  std::vector<std::thread> clients;
  std::atomic<uint64_t> acknowledged{0};
  for (uint64_t client = 0; client < 8; ++client) {
    clients.emplace_back([this, client, &acknowledged] {
      for (uint64_t i = 0; i < 10'000; ++i) {
        v1::UpsertRequest request;
        request.set_collection("books");
        AddPoint(client * 100'000 + i, 1, &request);
        const grpc::Status status = Upsert(request);
        if (!status.ok()) {
          // gRPC answers CANCELLED to a call that arrives at the moment of the stop.
          EXPECT_THAT(status.error_code(),
                      ::testing::AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED))
              << status.error_message();
          return;
        }
        ++acknowledged;
      }
    });
  }
  while (acknowledged < 20) absl::SleepFor(absl::Milliseconds(1));
  ASSERT_TRUE(server_->Shutdown(absl::Seconds(20)).ok());
  for (std::thread& client : clients) client.join();
  StartServer(TestOptions(dir_.path()));
  // A call was refused or served to its end, never cut off after its write.
  EXPECT_EQ(Count("books"), acknowledged);
}

TEST_F(HttpTest, ADeadlineEndsASearchEarly) {
  CreateCollection("books");
  Fill("books", 100);
  v1::SearchBatchRequest request;
  request.set_collection("books");
  for (int i = 0; i < 1000; ++i) {
    v1::SearchQuery* query = request.add_queries();
    query->mutable_vector()->set_f32(F32(static_cast<float>(i)));
    query->set_limit(100);
    query->set_score_threshold(-1e-6f * static_cast<float>(i));  // a pass of its own for each
    query->mutable_params()->set_exact(true);
  }
  v1::SearchBatchResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(5));
  EXPECT_EQ(points_->SearchBatch(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // The server gave up as well: soon after, no call is in flight.
  std::string metrics;
  for (int i = 0; i < 200; ++i) {
    metrics = Http(server_->http_port(), "GET /metrics");
    if (metrics.find("tqdb_requests_in_flight 0") != std::string::npos) break;
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(metrics, HasSubstr("tqdb_requests_in_flight 0"));
}

TEST_F(HttpTest, ACancelledSearchStopsBeforeItsEnd) {
  CreateCollection("books");
  for (uint64_t first = 0; first < 40'000; first += 10'000) {
    v1::UpsertRequest request;
    request.set_collection("books");
    for (uint64_t id = first; id < first + 10'000; ++id)
      AddPoint(id, static_cast<float>(id), &request);
    ASSERT_TRUE(Upsert(request).ok());
  }
  // One pass over all originals for 1,000 queries: a second or more, within one loop of storage.
  v1::SearchBatchRequest request;
  request.set_collection("books");
  for (int i = 0; i < 1000; ++i) {
    v1::SearchQuery* query = request.add_queries();
    query->mutable_vector()->set_f32(F32(static_cast<float>(i)));
    query->set_limit(10);
    query->mutable_params()->set_exact(true);
  }
  const auto await = [this](const std::string& line) {
    for (int i = 0; i < 1000; ++i) {
      if (Http(server_->http_port(), "GET /metrics").find(line) != std::string::npos) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  };
  grpc::ClientContext context;
  std::thread caller([&] {
    v1::SearchBatchResponse response;
    EXPECT_EQ(points_->SearchBatch(&context, request, &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  EXPECT_TRUE(await("tqdb_requests_in_flight 1"));
  context.TryCancel();
  caller.join();
  // A search that ran to its end would be counted as OK.
  EXPECT_TRUE(await("tqdb_requests_in_flight 0"));
  EXPECT_TRUE(await("tqdb_requests_total{code=\"CANCELLED\",method=\"SearchBatch\"} 1"));
}

TEST_F(LifecycleTest, AHundredClientsAreServed) {
  CreateCollection("books");
  std::vector<std::thread> clients;
  for (uint64_t client = 0; client < 100; ++client) {
    clients.emplace_back([this, client] {
      for (uint64_t i = 0; i < 5; ++i) {
        v1::UpsertRequest request;
        request.set_collection("books");
        AddPoint(client * 10 + i, 1, &request);
        const grpc::Status status = Upsert(request);
        EXPECT_TRUE(status.ok()) << status.error_message();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(Count("books"), 500u);
}

TEST_F(LifecycleTest, GzippedRequestsAreAccepted) {
  CreateCollection("books");
  v1::UpsertRequest request;
  request.set_collection("books");
  AddPoint(1, 1, &request);
  v1::UpsertResponse response;
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  EXPECT_TRUE(points_->Upsert(&context, request, &response).ok());
}

}  // namespace lifecycle_test
}  // namespace tqdb::server
