// The stream against a service that answers in scripted ways.
#include "client/cpp/upsert_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/cpp/client.h"
#include "tests/client/loopback_server.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::client {
namespace upsert_stream_test {

using ::testing::HasSubstr;

using ServerStream = grpc::ServerReaderWriter<v1::UpsertStreamResponse, v1::UpsertStreamRequest>;

class ScriptedPoints : public v1::PointService::Service {
 public:
  using Script = std::function<grpc::Status(grpc::ServerContext*, ServerStream*)>;

  grpc::Status UpsertStream(grpc::ServerContext* context, ServerStream* stream) override {
    return script_(context, stream);
  }
  void set_script(Script script) { script_ = std::move(script); }

 private:
  Script script_;
};

v1::UpsertStreamResponse Ok(const v1::UpsertStreamRequest& request) {
  v1::UpsertStreamResponse response;
  response.set_sequence(request.sequence());
  response.mutable_result()->set_inserted(static_cast<uint64_t>(request.batch().points_size()));
  return response;
}

grpc::Status AnswerAll(grpc::ServerContext*, ServerStream* stream) {
  v1::UpsertStreamRequest request;
  while (stream->Read(&request)) stream->Write(Ok(request));
  return grpc::Status::OK;
}

// Reads nothing and answers nothing until the client goes away.
grpc::Status Stall(grpc::ServerContext* context, ServerStream*) {
  while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
  return grpc::Status::CANCELLED;
}

std::vector<Point> Batch(size_t points, size_t dim = 8) {
  std::vector<Point> batch(points);
  for (size_t i = 0; i < points; ++i) {
    batch[i] = {PointId::Number(i), {{"", std::vector<float>(dim, 1)}}, ""};
  }
  return batch;
}

class UpsertStreamTest : public ::testing::Test {
 protected:
  UpsertStreamTest() {
    auto client = Client::Connect({.address = server_.address()});
    EXPECT_TRUE(client.ok());
    client_ = *std::move(client);
  }

  ScriptedPoints service_;
  LoopbackServer server_{&service_};
  std::unique_ptr<Client> client_;
};

TEST_F(UpsertStreamTest, AcknowledgesEveryBatchInOrder) {
  service_.set_script(AnswerAll);
  std::vector<uint64_t> sequences;  // one thread at a time calls, and Finish comes after all
  auto stream = client_->OpenUpsertStream("c", {.on_ack = [&](const BatchAck& ack) {
                                            EXPECT_TRUE(ack.status.ok());
                                            EXPECT_EQ(ack.points, ack.sequence % 5 + 1);
                                            sequences.push_back(ack.sequence);
                                          }});
  for (size_t i = 0; i < 500; ++i) ASSERT_TRUE(stream->Send(Batch(i % 5 + 1)).ok());
  ASSERT_TRUE(stream->Finish().ok());
  ASSERT_EQ(sequences.size(), 500u);
  for (size_t i = 0; i < sequences.size(); ++i) EXPECT_EQ(sequences[i], i);
  const UpsertStreamSummary summary = stream->summary();
  EXPECT_EQ(summary.batches_acked, 500u);
  EXPECT_EQ(summary.points_acked, 1500u);
  EXPECT_EQ(summary.inserted, 1500u);
  EXPECT_EQ(summary.batches_unknown(), 0u);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(stream->Send(Batch(1)).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(UpsertStreamTest, NeverHasMoreThanTheWindowInFlight) {
  constexpr uint32_t kWindow = 3;
  std::atomic<uint64_t> read{0};
  absl::Notification answer;
  service_.set_script([&](grpc::ServerContext*, ServerStream* stream) {
    std::vector<v1::UpsertStreamRequest> held;
    v1::UpsertStreamRequest request;
    while (held.size() < kWindow && stream->Read(&request)) {
      held.push_back(request);
      ++read;
    }
    answer.WaitForNotification();
    for (const auto& one : held) stream->Write(Ok(one));
    while (stream->Read(&request)) stream->Write(Ok(request));
    return grpc::Status::OK;
  });
  auto stream = client_->OpenUpsertStream("c", {.window = kWindow});
  for (uint32_t i = 0; i < kWindow; ++i) ASSERT_TRUE(stream->Send(Batch(1)).ok());
  std::atomic<bool> sent{false};
  std::thread sender([&] {
    EXPECT_TRUE(stream->Send(Batch(1)).ok());
    sent = true;
  });
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_FALSE(sent);
  EXPECT_EQ(read, kWindow);
  answer.Notify();
  sender.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(stream->summary().batches_acked, kWindow + 1);
}

TEST_F(UpsertStreamTest, ARefusedBatchIsReportedAndTheStreamGoesOn) {
  service_.set_script([](grpc::ServerContext*, ServerStream* stream) {
    v1::UpsertStreamRequest request;
    while (stream->Read(&request)) {
      v1::UpsertStreamResponse response = Ok(request);
      if (request.sequence() % 2 == 1) {
        response.clear_result();
        response.set_status_code(static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
        response.set_status_message("points[0]: dim 8, not 16");
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  });
  auto stream = client_->OpenUpsertStream("c", {});
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(stream->Send(Batch(2)).ok());
  EXPECT_TRUE(stream->Finish().ok());
  const UpsertStreamSummary summary = stream->summary();
  EXPECT_EQ(summary.batches_acked, 150u);
  EXPECT_EQ(summary.points_acked, 300u);
  EXPECT_EQ(summary.batches_failed, 150u);
  ASSERT_EQ(summary.failed.size(), UpsertStreamSummary::kMaxFailedKept);
  EXPECT_EQ(summary.failed[1].sequence, 3u);
  EXPECT_EQ(summary.failed[1].status, absl::InvalidArgumentError("points[0]: dim 8, not 16"));
}

TEST_F(UpsertStreamTest, ABrokenStreamTellsWhatIsUnknown) {
  service_.set_script([](grpc::ServerContext*, ServerStream* stream) {
    v1::UpsertStreamRequest request;
    for (int i = 0; i < 5 && stream->Read(&request); ++i) stream->Write(Ok(request));
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "disk full");
  });
  auto stream = client_->OpenUpsertStream("c", {.window = 4});
  absl::Status status;
  int sent = 0;
  while (status.ok() && sent < 100000) {
    status = stream->Send(Batch(1));
    sent += status.ok();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("disk full"));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kResourceExhausted);
  const UpsertStreamSummary summary = stream->summary();
  EXPECT_EQ(summary.batches_acked, 5u);
  EXPECT_EQ(summary.batches_sent, static_cast<uint64_t>(sent));
  EXPECT_EQ(summary.batches_unknown(), summary.batches_sent - 5);
}

TEST_F(UpsertStreamTest, AnEarlyCloseWithoutErrorIsAnErrorWhenBatchesAreUnanswered) {
  service_.set_script([](grpc::ServerContext*, ServerStream* stream) {
    v1::UpsertStreamRequest request;
    stream->Read(&request);
    return grpc::Status::OK;
  });
  auto stream = client_->OpenUpsertStream("c", {});
  ASSERT_TRUE(stream->Send(Batch(1)).ok());
  const absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("1 batches were not acknowledged"));
}

TEST_F(UpsertStreamTest, AnAnswerOutOfOrderBreaksTheStream) {
  service_.set_script([](grpc::ServerContext*, ServerStream* stream) {
    v1::UpsertStreamRequest request;
    while (stream->Read(&request)) {
      v1::UpsertStreamResponse response = Ok(request);
      response.set_sequence(request.sequence() + 1);
      stream->Write(response);
    }
    return grpc::Status::OK;
  });
  auto stream = client_->OpenUpsertStream("c", {});
  ASSERT_TRUE(stream->Send(Batch(1)).ok());
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(stream->summary().batches_acked, 0u);
}

TEST_F(UpsertStreamTest, SendGivesUpOnAServerThatDoesNotRead) {
  service_.set_script(Stall);
  auto stream =
      client_->OpenUpsertStream("c", {.window = 1000, .stall_timeout = absl::Milliseconds(300)});
  const absl::Time start = absl::Now();
  absl::Status status;
  // HTTP/2 takes some megabytes before it stops us.
  while (status.ok()) status = stream->Send(Batch(1, 1 << 18));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
}

TEST_F(UpsertStreamTest, FinishGivesUpOnAServerThatDoesNotAnswer) {
  service_.set_script(Stall);
  auto stream = client_->OpenUpsertStream("c", {.stall_timeout = absl::Milliseconds(200)});
  ASSERT_TRUE(stream->Send(Batch(1)).ok());
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(stream->summary().batches_unknown(), 1u);
}

TEST_F(UpsertStreamTest, AnInterruptLeavesTheBatchUnsent) {
  absl::Notification answer;
  service_.set_script([&](grpc::ServerContext* context, ServerStream* stream) {
    answer.WaitForNotification();
    return AnswerAll(context, stream);
  });
  std::atomic<bool> interrupt{false};
  auto stream = client_->OpenUpsertStream(
      "c", {.window = 2, .interrupted = [&] { return interrupt.load(); }});
  ASSERT_TRUE(stream->Send(Batch(1)).ok());
  ASSERT_TRUE(stream->Send(Batch(1)).ok());
  interrupt = true;
  EXPECT_EQ(stream->Send(Batch(1)).code(), absl::StatusCode::kCancelled);
  answer.Notify();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(stream->summary().batches_sent, 2u);
  EXPECT_EQ(stream->summary().batches_acked, 2u);
}

TEST_F(UpsertStreamTest, ServesSeveralThreads) {
  service_.set_script(AnswerAll);
  auto stream = client_->OpenUpsertStream("c", {.window = 4});
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) EXPECT_TRUE(stream->Send(Batch(1)).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(stream->summary().points_acked, 1200u);
}

TEST_F(UpsertStreamTest, CanBeDroppedAtAnyMoment) {
  service_.set_script(AnswerAll);
  for (int round = 0; round < 100; ++round) {
    auto stream = client_->OpenUpsertStream("c", {.window = 2});
    for (int i = 0; i < round % 7; ++i) EXPECT_TRUE(stream->Send(Batch(3)).ok());
  }
}

TEST_F(UpsertStreamTest, AnEmptyStreamFinishes) {
  service_.set_script(AnswerAll);
  EXPECT_TRUE(client_->OpenUpsertStream("c", {})->Finish().ok());
}

TEST(UpsertStreamWithoutServerTest, SaysThatNobodyAnswers) {
  auto client = Client::Connect({.address = "unix:/nonexistent/tqdb.sock"});
  ASSERT_TRUE(client.ok());
  auto stream = (*client)->OpenUpsertStream("c", {});
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = stream->Send(Batch(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("unix:/nonexistent/tqdb.sock"));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kUnavailable);
}

}  // namespace upsert_stream_test
}  // namespace tqdb::client
