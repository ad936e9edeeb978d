// Tests UpsertStream: the order of acknowledgements, the order of batches that share an id, flow
// control, bounds, and the end of a stream by its client or by the server.
#include <chrono>
#include <thread>

#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/server/test_server.h"

namespace tqdb::server {
namespace upsert_stream_test {

using ::testing::HasSubstr;

class UpsertStreamTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    CreateCollection("books");
  }

  // Returns a request with `points` points from `first_id` on, all with the vector F32(value).
  static v1::UpsertStreamRequest Batch(uint64_t sequence, uint64_t first_id, int points,
                                       float value) {
    v1::UpsertStreamRequest request;
    request.set_sequence(sequence);
    request.mutable_batch()->set_collection("books");
    for (int i = 0; i < points; ++i) AddPoint(first_id + i, value, request.mutable_batch());
    return request;
  }
};

TEST_F(UpsertStreamTest, AcknowledgesInOrderAndGoesOnAfterABadBatch) {
  constexpr uint64_t kBatches = 60;
  constexpr uint64_t kBad = 30;
  grpc::ClientContext context;
  auto stream = points_->UpsertStream(&context);
  std::thread writer([&stream] {
    for (uint64_t i = 0; i < kBatches; ++i) {
      v1::UpsertStreamRequest request = Batch(1000 + i, i * 10, 10, 1);
      if (i == kBad) request.mutable_batch()->mutable_points(5)->clear_vectors();
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::UpsertStreamResponse response;
  uint64_t next = 0;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.sequence(), 1000 + next);
    if (next == kBad) {
      EXPECT_EQ(response.status_code(), grpc::StatusCode::INVALID_ARGUMENT);
      EXPECT_THAT(response.status_message(), HasSubstr("points[5].vectors is empty"));
      EXPECT_FALSE(response.has_result());
    } else {
      EXPECT_EQ(response.status_code(), 0) << response.status_message();
      EXPECT_EQ(response.result().inserted(), 10u);
    }
    ++next;
  }
  writer.join();
  const grpc::Status status = stream->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(next, kBatches);
  EXPECT_EQ(Count("books"), (kBatches - 1) * 10);
}

// Batches commit on several threads, in any order unless they share an id. All of these share id 1,
// which must end with the vector of the last batch.
TEST_F(UpsertStreamTest, TheLaterOfTwoBatchesWithOneIdWins) {
  constexpr uint64_t kBatches = 200;
  grpc::ClientContext context;
  auto stream = points_->UpsertStream(&context);
  std::thread writer([&stream] {
    for (uint64_t i = 1; i <= kBatches; ++i) {
      v1::UpsertStreamRequest request = Batch(i, 1, 1, static_cast<float>(i));
      // Their second ids differ, so that each batch also inserts a point.
      AddPoint(100 + i, 1, request.mutable_batch());
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::UpsertStreamResponse response;
  uint64_t acknowledged = 0;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.result().inserted(), acknowledged == 0 ? 2u : 1u);
    ++acknowledged;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(acknowledged, kBatches);
  v1::GetRequest get;
  get.set_collection("books");
  get.add_ids()->set_number(1);
  get.mutable_select()->set_with_vectors(true);
  v1::GetResponse got;
  grpc::ClientContext get_context;
  ASSERT_TRUE(points_->Get(&get_context, get, &got).ok());
  EXPECT_EQ(got.points(0).vectors(0).vector().f32(), F32(static_cast<float>(kBatches)));
}

// The server holds only a few batches of a stream. When nobody takes their acknowledgements it must
// stop reading, and go on later.
TEST_F(UpsertStreamTest, AClientThatDoesNotReadIsSlowedAndLosesNothing) {
  constexpr uint64_t kBatches = 100;
  grpc::ClientContext context;
  auto stream = points_->UpsertStream(&context);
  for (uint64_t i = 0; i < kBatches; ++i) ASSERT_TRUE(stream->Write(Batch(i, i, 1, 1)));
  stream->WritesDone();
  v1::UpsertStreamResponse response;
  uint64_t next = 0;
  while (stream->Read(&response)) EXPECT_EQ(response.sequence(), next++);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, kBatches);
}

TEST_F(UpsertStreamTest, CancelledStreamsAreFreed) {
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    auto stream = points_->UpsertStream(&context);
    stream->Write(Batch(1, static_cast<uint64_t>(i), 1, 1));
    context.TryCancel();
    v1::UpsertStreamResponse response;
    while (stream->Read(&response)) {
    }
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  ASSERT_TRUE(server_->Shutdown(absl::Seconds(20)).ok());  // would hang if one were left
}

TEST_F(UpsertStreamTest, ShutdownAcknowledgesWhatWasAcceptedThenEndsTheStream) {
  grpc::ClientContext context;
  auto stream = points_->UpsertStream(&context);
  ASSERT_TRUE(stream->Write(Batch(1, 1, 5, 1)));
  v1::UpsertStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status_code(), 0);
  const absl::Time start = absl::Now();
  ASSERT_TRUE(server_->Shutdown(absl::Seconds(20)).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));  // it did not wait for the client
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("shutting down"));
}

TEST_F(UpsertStreamTest, StreamsBeyondTheBoundAreRefusedWithADelay) {
  server_.reset();
  ServerOptions options = TestOptions(dir_.path());
  options.admission.max_streams = 1;
  StartServer(options);
  grpc::ClientContext first_context;
  auto first = points_->UpsertStream(&first_context);
  ASSERT_TRUE(first->Write(Batch(1, 1, 1, 1)));
  v1::UpsertStreamResponse response;
  ASSERT_TRUE(first->Read(&response));
  grpc::ClientContext context;
  auto second = points_->UpsertStream(&context);
  EXPECT_FALSE(second->Read(&response));
  const grpc::Status status = second->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("--max-streams"));
  EXPECT_EQ(context.GetServerTrailingMetadata().count("retry-after"), 1u);
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok());
}

TEST_F(UpsertStreamTest, ASilentStreamIsEndedAndOneAtWorkIsNot) {
  server_.reset();
  ServerOptions options = TestOptions(dir_.path());
  options.streams.idle_timeout = absl::Milliseconds(300);
  StartServer(options);
  grpc::ClientContext silent_context, busy_context;
  auto silent = points_->UpsertStream(&silent_context);
  auto busy = points_->UpsertStream(&busy_context);
  v1::UpsertStreamResponse response;
  for (uint64_t i = 0; i < 12; ++i) {
    ASSERT_TRUE(busy->Write(Batch(i, i, 1, 1)));
    ASSERT_TRUE(busy->Read(&response));
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_FALSE(silent->Read(&response));
  const grpc::Status status = silent->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("--stream-idle-timeout"));
  busy->WritesDone();
  EXPECT_FALSE(busy->Read(&response));
  EXPECT_TRUE(busy->Finish().ok());
}

TEST_F(UpsertStreamTest, OneConnectionGetsItsShareOfStreams) {
  server_.reset();
  ServerOptions options = TestOptions(dir_.path());
  options.streams.max_per_connection = 1;
  StartServer(options);
  grpc::ClientContext first_context, second_context;
  auto first = points_->UpsertStream(&first_context);
  ASSERT_TRUE(first->Write(Batch(1, 1, 1, 1)));
  v1::UpsertStreamResponse response;
  ASSERT_TRUE(first->Read(&response));
  auto second = points_->UpsertStream(&second_context);
  EXPECT_FALSE(second->Read(&response));
  const grpc::Status status = second->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("--max-streams-per-connection"));
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok());
  // The share is free again, at the latest a moment after the client has the status.
  bool served = false;
  for (int i = 0; i < 200 && !served; ++i) {
    grpc::ClientContext third_context;
    auto third = points_->UpsertStream(&third_context);
    third->Write(Batch(1, 1, 1, 1));
    third->WritesDone();
    while (third->Read(&response)) {
    }
    served = third->Finish().ok();
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_TRUE(served);
}

// A client that goes by the status must not take batches for written that were not.
TEST_F(UpsertStreamTest, AMessageThatIsNoRequestEndsTheStreamWithAStatus) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(&context, "/tqdb.v1.PointService/UpsertStream", &queue);
  void* tag;
  bool ok = false;
  const auto next = [&] { return queue.Next(&tag, &ok) && ok; };
  call->StartCall(nullptr);
  ASSERT_TRUE(next());
  const std::string good = Batch(1, 1, 1, 1).SerializeAsString();
  for (const std::string& bytes : {good, std::string("\xff\xff\xff")}) {
    grpc::Slice slice(bytes);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    ASSERT_TRUE(next());
  }
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  ASSERT_TRUE(next());  // the good batch is acknowledged
  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(next());
  queue.Shutdown();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("not a valid protobuf message"));
  EXPECT_EQ(Count("books"), 1u);
}

TEST_F(UpsertStreamTest, AUnaryRequestThatIsNoneGetsAStatusThatSaysSo) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Slice slice(std::string("\xff\xff\xff"));
  auto call = stub.PrepareUnaryCall(&context, "/tqdb.v1.PointService/Upsert",
                                    grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag;
  bool ok;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  queue.Shutdown();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("not a valid protobuf message"));
}

// A batch that finds the bound reached must wait for its turn. If a turn got lost, its stream would
// hang.
TEST_F(UpsertStreamTest, StreamsShareASmallBoundOfBytesByWaiting) {
  server_.reset();
  ServerOptions options = TestOptions(dir_.path());
  options.admission.max_upsert_bytes = 1;  // one batch at a time, whatever its size
  StartServer(options);
  std::vector<std::thread> clients;
  for (uint64_t client = 0; client < 4; ++client) {
    clients.emplace_back([this, client] {
      grpc::ClientContext context;
      auto stream = points_->UpsertStream(&context);
      for (uint64_t i = 0; i < 20; ++i) stream->Write(Batch(i, 1000 * client + i, 1, 1));
      stream->WritesDone();
      v1::UpsertStreamResponse response;
      uint64_t acknowledged = 0;
      while (stream->Read(&response)) acknowledged += response.status_code() == 0;
      EXPECT_EQ(acknowledged, 20u);
      EXPECT_TRUE(stream->Finish().ok());
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(Count("books"), 80u);
}

}  // namespace upsert_stream_test
}  // namespace tqdb::server
