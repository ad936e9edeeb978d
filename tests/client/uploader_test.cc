// The uploader against a service that keeps points, refuses bad ones and breaks when it is told to.
#include "client/cli/load/uploader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/client/loopback_server.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::client {
namespace uploader_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ServerStream = grpc::ServerReaderWriter<v1::UpsertStreamResponse, v1::UpsertStreamRequest>;

// A point is bad if its first coordinate is negative. Like the real server, this one refuses a
// batch as a whole, and two points of one id in a batch.
class KeepingPoints : public v1::PointService::Service {
 public:
  grpc::Status Upsert(grpc::ServerContext*, const v1::UpsertRequest* request,
                      v1::UpsertResponse* response) override {
    absl::MutexLock lock(&mutex_);
    if (breaks_ > 0 && ++calls_ % 2 == 1) {
      --breaks_;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
    }
    const grpc::Status status = Keep(*request);
    if (status.ok()) response->set_inserted(static_cast<uint64_t>(request->points_size()));
    return status;
  }

  grpc::Status UpsertStream(grpc::ServerContext*, ServerStream* stream) override {
    v1::UpsertStreamRequest request;
    for (uint64_t i = 0; stream->Read(&request); ++i) {
      v1::UpsertStreamResponse response;
      {
        absl::MutexLock lock(&mutex_);
        if (!end_.ok()) return end_;
        const grpc::Status status = Keep(request.batch());
        // The break comes after the batch was stored and before its answer.
        if (breaks_ > 0 && i == break_after_) {
          --breaks_;
          return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
        }
        response.set_sequence(request.sequence());
        if (status.ok()) {
          response.mutable_result()->set_inserted(
              static_cast<uint64_t>(request.batch().points_size()));
        } else {
          response.set_status_code(status.error_code());
          response.set_status_message(status.error_message());
        }
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  // Makes the next calls break, each after some batches.
  void Break(int times, uint64_t after) {
    absl::MutexLock lock(&mutex_);
    breaks_ = times;
    break_after_ = after;
  }
  // Ends every stream with this status.
  void EndWith(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    end_ = status;
  }
  // Returns the second coordinate of each point, by id.
  std::map<uint64_t, float> kept() {
    absl::MutexLock lock(&mutex_);
    return kept_;
  }

 private:
  grpc::Status Keep(const v1::UpsertRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::map<uint64_t, float> points;
    for (const v1::Point& point : request.points()) {
      float values[2];
      const std::string& bytes = point.vectors(0).vector().f32();
      std::memcpy(values, bytes.data(), sizeof(values));
      if (values[0] < 0) {
        return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "is negative");
      }
      if (!points.emplace(point.id().number(), values[1]).second) {
        return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "an id comes twice");
      }
    }
    for (const auto& [id, value] : points) kept_[id] = value;
    return grpc::Status::OK;
  }

  absl::Mutex mutex_;
  std::map<uint64_t, float> kept_ ABSL_GUARDED_BY(mutex_);
  int breaks_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t break_after_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
};

class UploaderTest : public ::testing::Test {
 protected:
  UploaderTest() {
    auto client = Client::Connect({.address = server_.address(), .max_attempts = 1});
    EXPECT_TRUE(client.ok());
    client_ = *std::move(client);
  }

  UploadOptions Options(bool keep_going) {
    UploadOptions options;
    options.collection = "c";
    options.window = 3;
    options.keep_going = keep_going;
    options.retry_for = absl::Seconds(20);
    options.on_refused = [this](const RowPlace& place, const absl::Status&) {
      refused_.push_back(place.row);
    };
    return options;
  }
  // Sends rows in batches of `size`. Row i has the id ids[i] and the value i, and is bad if it is
  // among `bad`.
  absl::Status Upload(Uploader& uploader, const std::vector<uint64_t>& ids,
                      const std::set<uint64_t>& bad, size_t size) {
    for (size_t begin = 0; begin < ids.size(); begin += size) {
      Batch batch;
      for (size_t i = begin; i < std::min(begin + size, ids.size()); ++i) {
        batch.points.push_back(
            {.id = PointId::Number(ids[i]),
             .vectors = {{"", {bad.contains(i) ? -1.0f : 1.0f, static_cast<float>(i)}}}});
        batch.places.push_back({.row = i});
      }
      if (absl::Status s = uploader.Send(std::move(batch)); !s.ok()) {
        uploader.Finish().IgnoreError();
        return s;
      }
    }
    return uploader.Finish();
  }

  static std::vector<uint64_t> Numbers(uint64_t count) {
    std::vector<uint64_t> ids(count);
    for (uint64_t i = 0; i < count; ++i) ids[i] = i;
    return ids;
  }

  KeepingPoints service_;
  LoopbackServer server_{&service_};
  std::unique_ptr<Client> client_;
  std::vector<uint64_t> refused_;
};

TEST_F(UploaderTest, ABadRowCostsOneRow) {
  for (size_t size : {1, 7, 64, 100}) {
    refused_.clear();
    Uploader uploader(*client_, Options(/*keep_going=*/true));
    ASSERT_TRUE(Upload(uploader, Numbers(500), {3, 64, 65, 66, 499}, size).ok());
    EXPECT_EQ(service_.kept().size(), 495u);
    EXPECT_THAT(refused_, ElementsAre(3, 64, 65, 66, 499)) << size;
    EXPECT_EQ(uploader.counts().acknowledged, 495u);
    EXPECT_EQ(uploader.counts().refused, 5u);
    EXPECT_EQ(uploader.resume_row(), 500u);
  }
}

TEST_F(UploaderTest, StopsAtTheFirstBadRowAndStoresWhatIsBefore) {
  for (uint64_t bad : {0, 63, 100, 130}) {
    Uploader uploader(*client_, Options(/*keep_going=*/false));
    const absl::Status status = Upload(uploader, Numbers(200), {bad, bad + 1, 190}, 64);
    EXPECT_EQ(status, absl::InvalidArgumentError(absl::StrCat("row ", bad, ": is negative")));
    EXPECT_EQ(uploader.resume_row(), bad);
    const std::map<uint64_t, float> kept = service_.kept();
    for (uint64_t id = 0; id < bad; ++id) EXPECT_TRUE(kept.contains(id)) << id;
  }
}

// The model is a loop that writes one row after the other.
TEST_F(UploaderTest, TheLastRowOfAnIdWinsForEverySizeOfBatches) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<uint64_t> ids(300);
    std::set<uint64_t> bad;
    std::map<uint64_t, float> expected;
    const uint64_t base = 1000 * (1 + static_cast<uint64_t>(round));
    for (size_t i = 0; i < ids.size(); ++i) {
      ids[i] = base + random() % 40;
      if (random() % 25 == 0) bad.insert(i);
      if (!bad.contains(i)) expected[ids[i]] = static_cast<float>(i);
    }
    Uploader uploader(*client_, Options(/*keep_going=*/true));
    ASSERT_TRUE(Upload(uploader, ids, bad, 1 + random() % 90).ok());
    std::map<uint64_t, float> kept = service_.kept();
    for (const auto& [id, value] : expected) EXPECT_EQ(kept[id], value) << round;
  }
}

TEST_F(UploaderTest, GoesOnAfterBreaks) {
  service_.Break(/*times=*/5, /*after=*/3);
  std::vector<std::string> said;
  UploadOptions options = Options(/*keep_going=*/true);
  options.say = [&said](const std::string& text) { said.push_back(text); };
  Uploader uploader(*client_, std::move(options));
  ASSERT_TRUE(Upload(uploader, Numbers(1000), {500}, 10).ok());
  EXPECT_EQ(service_.kept().size(), 999u);
  EXPECT_THAT(refused_, ElementsAre(500));
  EXPECT_GE(uploader.counts().reconnects, 1u);
  EXPECT_EQ(uploader.rows_in_doubt(), 0u);
  ASSERT_FALSE(said.empty());
  EXPECT_THAT(said[0], HasSubstr("trying again for up to 20s"));
}

TEST_F(UploaderTest, GivesUpAfterTheStatedTimeAndSaysWhereToContinue) {
  service_.EndWith(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  UploadOptions options = Options(/*keep_going=*/true);
  options.retry_for = absl::Seconds(1);
  Uploader uploader(*client_, std::move(options));
  const absl::Time start = absl::Now();
  const absl::Status status = Upload(uploader, Numbers(100), {}, 10);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("gave up after 1s"));
  EXPECT_GE(absl::Now() - start, absl::Seconds(1));
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  EXPECT_EQ(uploader.resume_row(), 0u);
}

TEST_F(UploaderTest, DoesNotRepeatWhatCannotPass) {
  service_.EndWith(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such collection"));
  Uploader uploader(*client_, Options(/*keep_going=*/true));
  const absl::Time start = absl::Now();
  EXPECT_EQ(Upload(uploader, Numbers(100), {}, 10).code(), absl::StatusCode::kNotFound);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(UploaderTest, AnInterruptEndsTheAttempts) {
  service_.EndWith(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  UploadOptions options = Options(/*keep_going=*/true);
  std::atomic<int> asked{0};
  options.interrupted = [&asked] { return ++asked > 5; };
  Uploader uploader(*client_, std::move(options));
  const absl::Time start = absl::Now();
  EXPECT_EQ(Upload(uploader, Numbers(100), {}, 10).code(), absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_EQ(uploader.resume_row(), 0u);
}

TEST_F(UploaderTest, TendSendsAgainWhileNoBatchComes) {
  service_.Break(/*times=*/1, /*after=*/0);
  Uploader uploader(*client_, Options(/*keep_going=*/false));
  Batch batch;
  batch.points.push_back({.id = PointId::Number(7), .vectors = {{"", {1, 2}}}});
  batch.places.push_back({.row = 0});
  ASSERT_TRUE(uploader.Send(std::move(batch)).ok());
  for (int i = 0; i < 100 && uploader.counts().acknowledged == 0; ++i) {
    ASSERT_TRUE(uploader.Tend().ok());
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(uploader.counts().acknowledged, 1u);
  EXPECT_EQ(uploader.counts().reconnects, 1u);
  EXPECT_TRUE(uploader.Finish().ok());
}

TEST_F(UploaderTest, ARowBeyondTheMessagesOfTheServerIsBadAndNotSent) {
  UploadOptions options = Options(/*keep_going=*/true);
  options.max_message_bytes = 1000;
  Uploader uploader(*client_, std::move(options));
  Batch batch;
  batch.points.push_back({.id = PointId::Number(7), .vectors = {{"", {1, 2}}}});
  batch.places.push_back({.row = 12});
  batch.bytes = 2000;
  EXPECT_TRUE(uploader.Send(std::move(batch)).ok());
  EXPECT_TRUE(uploader.Finish().ok());
  EXPECT_THAT(refused_, ElementsAre(12));
  EXPECT_TRUE(service_.kept().empty());
}

}  // namespace uploader_test
}  // namespace tqdb::client
