// Clients and operators that make mistakes or attack the server.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/client.h"
#include "tests/support/built_server.h"
#include "tests/support/temp_dir.h"

namespace tqdb::e2e {
namespace hostile_test {

using ::testing::HasSubstr;
using ::tqdb::client::Client;
using ::tqdb::client::Point;
using ::tqdb::client::PointId;
using ::tqdb::client::Query;

constexpr char kCollection[] = "c";
constexpr uint32_t kDim = 16;

std::vector<float> Vector(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDim);
  for (float& x : vector) x = normal(random);
  return vector;
}

Point MakePoint(uint64_t id) { return {PointId::Number(id), {{"", Vector(id)}}, "{\"a\":1}"}; }

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = ServerProcess::Start(Options());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = Connect();
    client::CollectionConfig config;
    config.vector_spaces.push_back({.dim = kDim});
    auto created = client_->CreateCollection(kCollection, config);
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_TRUE(client_->Upsert(kCollection, {MakePoint(1), MakePoint(2)}).ok());
  }
  void TearDown() override {
    if (HasFailure()) std::cout << "The server's log:\n" << dir_.Read("server.log") << std::endl;
  }

  ServerProcess::Options Options() const {
    return testing::BuiltServer(
        {.data_directory = dir_.File("data"),
         .log_path = dir_.File("server.log"),
         // A gRPC client without a running call answers the server's GOAWAY seconds late. A short
         // limit keeps that time out of these tests.
         .arguments = {"--max-message-mb", "16", "--shutdown-timeout", "2"}});
  }
  std::unique_ptr<Client> Connect() {
    auto client = Client::Connect({.address = server_->address(),
                                   .timeout = absl::Seconds(60),
                                   .max_message_bytes = size_t{256} << 20});
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }
  // The server lives and answers as before.
  void ExpectServes() {
    ASSERT_TRUE(server_->process().running());
    EXPECT_TRUE(tqdb::testing::IsServing(server_->address(), absl::Seconds(10)));
    auto count = Connect()->Count(kCollection);
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_EQ(*count, 2u);
  }

  testing::TempDir dir_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(HostileTest, AHundredClientsAtOnceAreServedOrToldToWait) {
  constexpr uint64_t kClients = 100;
  constexpr uint64_t kCalls = 10;
  std::atomic<uint64_t> acknowledged{0};
  std::vector<std::thread> threads;
  for (uint64_t c = 0; c < kClients; ++c) {
    threads.emplace_back([&, c] {
      auto client = Connect();
      for (uint64_t i = 0; i < kCalls; ++i) {
        const uint64_t id = 1000 + c * kCalls + i;
        absl::Status status;
        // The client can tell a full queue from an error, and waiting helps.
        for (int attempt = 0; attempt < 100; ++attempt) {
          status = client->Upsert(kCollection, {MakePoint(id)}).status();
          if (!absl::IsResourceExhausted(status) && !absl::IsUnavailable(status)) break;
          absl::SleepFor(absl::Milliseconds(20));
        }
        EXPECT_TRUE(status.ok()) << status;
        acknowledged += status.ok();
        auto hits = client->Search(kCollection, Query{.vector = Vector(id), .limit = 3});
        if (hits.ok()) {
          EXPECT_EQ((*hits)[0].id, PointId::Number(id));
        } else {
          EXPECT_TRUE(absl::IsResourceExhausted(hits.status()) ||
                      absl::IsUnavailable(hits.status()))
              << hits.status();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto count = client_->Count(kCollection);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 2 + acknowledged);
}

// Sends bytes and reads until the server hangs up, or half a second has passed.
void SendBytes(int port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval timeout = {.tv_sec = 0, .tv_usec = 200'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) break;  // the server has had enough
    sent += static_cast<size_t>(n);
  }
  char buffer[4096];
  for (int i = 0; i < 3 && recv(fd, buffer, sizeof(buffer), 0) > 0; ++i) {
  }
  close(fd);
}

TEST_F(HostileTest, GarbageOnThePortHarmsNobody) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  std::mt19937_64 random(20261124);
  for (int round = 0; round < 20; ++round) {
    std::string bytes(random() % 20000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_NO_FATAL_FAILURE(SendBytes(server_->port(), round % 2 == 0 ? bytes : preface + bytes));
  }
  ASSERT_NO_FATAL_FAILURE(SendBytes(server_->port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_NO_FATAL_FAILURE(SendBytes(server_->port(), preface));
  ASSERT_NO_FATAL_FAILURE(SendBytes(server_->port(), ""));
  ExpectServes();
}

TEST_F(HostileTest, OversizedBatchesAreRefusedWhole) {
  auto info = client_->GetServerInfo();
  ASSERT_TRUE(info.ok()) << info.status();
  std::vector<Point> many;
  for (uint64_t i = 0; i <= info->max_batch_points; ++i) many.push_back(MakePoint(10 + i));
  const absl::Status too_many = client_->Upsert(kCollection, many).status();
  EXPECT_EQ(too_many.code(), absl::StatusCode::kInvalidArgument) << too_many;
  EXPECT_THAT(too_many.message(), HasSubstr(absl::StrCat(info->max_batch_points)));

  std::vector<Point> large = {MakePoint(10)};
  large[0].payload =
      absl::StrCat("{\"a\":\"", std::string(info->max_message_bytes + 1000, 'x'), "\"}");
  EXPECT_EQ(client_->Upsert(kCollection, large).status().code(),
            absl::StatusCode::kResourceExhausted);

  auto stream = client_->OpenUpsertStream(kCollection, {});
  ASSERT_TRUE(stream->Send(large).ok());
  EXPECT_FALSE(stream->Finish().ok());
  ExpectServes();
}

TEST_F(HostileTest, BadInputNamesTheFieldAndWritesNothing) {
  const auto refused = [&](std::vector<Point> points) {
    points.push_back(MakePoint(77));  // good, and must not be written either
    const absl::Status status = client_->Upsert(kCollection, points).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  Point bad = MakePoint(5);
  bad.vectors[0].values.pop_back();
  EXPECT_THAT(refused({bad}), HasSubstr("15"));
  bad = MakePoint(5);
  bad.vectors[0].values[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refused({bad}), HasSubstr("nan"));
  bad.vectors[0].values[3] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refused({bad}), HasSubstr("inf"));
  bad.vectors[0].values.assign(kDim, 0);
  refused({bad});  // no direction under COSINE
  bad = MakePoint(5);
  bad.vectors[0].name = "absent";
  EXPECT_THAT(refused({bad}), HasSubstr("absent"));
  bad = MakePoint(5);
  bad.vectors.clear();
  refused({bad});
  bad = MakePoint(5);
  bad.payload = "not json";
  EXPECT_THAT(refused({bad}), HasSubstr("payload"));
  EXPECT_THAT(refused({MakePoint(5), MakePoint(5)}), HasSubstr("5"));

  for (const char* name : {"", "../x", "a/b", ".hidden", "x\ny"}) {
    client::CollectionConfig config;
    config.vector_spaces.push_back({.dim = kDim});
    EXPECT_EQ(client_->CreateCollection(name, config).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_EQ(client_->Count("absent").status().code(), absl::StatusCode::kNotFound);
  Query query{.vector = Vector(1), .limit = 0};
  EXPECT_EQ(client_->Search(kCollection, query).status().code(),
            absl::StatusCode::kInvalidArgument);
  query.limit = 1'000'000'000;
  EXPECT_EQ(client_->Search(kCollection, query).status().code(),
            absl::StatusCode::kInvalidArgument);
  query = {.vector = std::vector<float>(kDim + 1, 1)};
  EXPECT_EQ(client_->Search(kCollection, query).status().code(),
            absl::StatusCode::kInvalidArgument);
  ExpectServes();
}

TEST_F(HostileTest, ASecondServerOnTheSameDirectoryExitsAtOnce) {
  ServerProcess::Options options = Options();
  options.log_path = dir_.File("second.log");
  auto second = ServerProcess::Spawn(options);
  ASSERT_TRUE(second.ok()) << second.status();
  const absl::StatusOr<int> code = (*second)->process().Wait(absl::Seconds(30));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 1);
  EXPECT_THAT(dir_.Read("second.log"), HasSubstr(dir_.File("data")));
  EXPECT_THAT(dir_.Read("second.log"), HasSubstr("another process"));
  ExpectServes();
}

TEST_F(HostileTest, ClientsThatVanishLeaveNothingBehind) {
  for (int i = 0; i < 30; ++i) {
    auto client = Connect();
    auto stream = client->OpenUpsertStream(kCollection, {});
    // The batches replace the same points: two points remain, whichever batches arrive.
    for (int b = 0; b < i % 5; ++b) EXPECT_TRUE(stream->Send({MakePoint(1), MakePoint(2)}).ok());
  }
  ExpectServes();
  const absl::StatusOr<int> code = server_->Stop();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0);
}

// The server reads its sockets at all times. Where only gRPC's threads for callbacks did, they
// slept for 100 ms after every second without a callback, and every client waited: four times in
// 4.5 s, in every try. A busy machine delays calls too, but not so often in each of four tries.
TEST_F(HostileTest, NoCallWaitsForThreadsThatSleep) {
  int slow = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    slow = 0;
    const absl::Time end = absl::Now() + absl::Milliseconds(4500);
    while (absl::Now() < end) {
      const absl::Time start = absl::Now();
      ASSERT_TRUE(client_->GetServerInfo().ok());
      if (absl::Now() - start > absl::Milliseconds(80)) ++slow;
    }
    if (slow <= 2) break;
  }
  EXPECT_LE(slow, 2);
}

}  // namespace hostile_test
}  // namespace tqdb::e2e
