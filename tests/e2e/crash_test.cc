// Kills the server with SIGKILL at random moments during mixed writes. After each restart, every
// acknowledged write is there, no deleted point is back, and no batch is half written.
//
// TQDB_CRASH_ROUNDS sets the number of rounds (default: 50). TQDB_CRASH_SEED sets the seed
// (default: from the clock). The seed is printed, but the moments of killing and the order of
// threads stay random.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/client.h"
#include "tests/e2e/crash_load.h"
#include "tests/e2e/crash_options.h"
#include "tests/e2e/crash_oracle.h"
#include "tests/support/built_server.h"
#include "tests/support/temp_dir.h"

namespace tqdb::e2e {
namespace crash_test {

using ::tqdb::client::Client;
using ::tqdb::client::Query;
using ::tqdb::client::ScoredPoint;

constexpr char kCollection[] = "crash";
constexpr int kUnaryWriters = 5;
constexpr int kStreamWriters = 2;
constexpr int kSampledQueries = 10;

class CrashTest : public ::testing::Test {
 protected:
  CrashTest()
      : seed_(FromEnvironment("TQDB_CRASH_SEED",
                              static_cast<uint64_t>(absl::ToUnixNanos(absl::Now())))),
        random_(seed_) {
    std::cout << "TQDB_CRASH_SEED=" << seed_ << std::endl;
    uint64_t first_id = 1;
    for (int i = 0; i < kUnaryWriters + kStreamWriters; ++i) {
      if (i < kUnaryWriters) {
        writers_.push_back(std::make_unique<UnaryWriter>(first_id, random_()));
      } else {
        writers_.push_back(std::make_unique<StreamWriter>(first_id, random_()));
      }
      first_id += kIdsOfWriter;
    }
  }

  void TearDown() override {
    if (HasFailure()) std::cout << "The server's log:\n" << dir_.Read("server.log") << std::endl;
  }

  // Buffers are small, so that flushes and compactions happen within a short round.
  ServerProcess::Options ServerOptions() const {
    return testing::BuiltServer(
        {.data_directory = dir_.File("data"),
         .log_path = dir_.File("server.log"),
         .arguments = {"--write-buffer-mb", "4", "--shutdown-timeout", "2"}});
  }

  void StartServer() {
    auto server = ServerProcess::Start(ServerOptions());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    // Each call has one attempt: a second one would be a write that the oracle does not know.
    auto client = Client::Connect({.address = server_->address(), .max_attempts = 1});
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  absl::Duration RandomDuration(int from_ms, int to_ms) {
    return absl::Milliseconds(from_ms + static_cast<int>(random_() % (to_ms - from_ms)));
  }

  // Writes until the server is killed.
  void WriteAndKill() {
    std::vector<absl::Status> results(writers_.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < writers_.size(); ++i) {
      threads.emplace_back(
          [&, i] { results[i] = writers_[i]->Run(*client_, kCollection, next_batch_); });
    }
    absl::SleepFor(RandomDuration(300, 1500));
    server_->Kill();
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  }

  // Kills the server while it recovers from a crash.
  void CrashDuringStart() {
    auto server = ServerProcess::Spawn(ServerOptions());
    ASSERT_TRUE(server.ok()) << server.status();
    absl::SleepFor(RandomDuration(0, 150));
    (*server)->Kill();
  }

  void ReadState(State& found) {
    client::Scroll scroll = client_->ScrollPoints(
        kCollection, {.page_size = 700, .select = {.payload = true, .vectors = true}});
    uint64_t last_id = 0;
    while (true) {
      auto page = scroll.NextPage();
      ASSERT_TRUE(page.ok()) << page.status();
      if (page->empty()) return;
      for (const client::Point& point : *page) {
        absl::StatusOr<uint64_t> batch = BatchOf(point);
        ASSERT_TRUE(batch.ok()) << batch.status();
        ASSERT_GT(point.id.number(), last_id) << "scroll is out of order";
        last_id = point.id.number();
        found[last_id] = *batch;
      }
    }
  }

  void VerifyGet(const State& found) {
    // Ask once for each id, of existing and of deleted points.
    std::vector<client::PointId> ids;
    std::vector<uint64_t> expected;
    const uint64_t end = 1 + writers_.size() * kIdsOfWriter;
    for (uint64_t id = 1 + random_() % 40; id < end; id += 1 + random_() % 40) {
      ids.push_back(client::PointId::Number(id));
      if (found.contains(id)) expected.push_back(id);
    }
    auto points = client_->Get(kCollection, ids, {.payload = true, .vectors = true});
    ASSERT_TRUE(points.ok()) << points.status();
    ASSERT_EQ(points->size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ((*points)[i].id.number(), expected[i]);
      absl::StatusOr<uint64_t> batch = BatchOf((*points)[i]);
      ASSERT_TRUE(batch.ok()) << batch.status();
      ASSERT_EQ(*batch, found.at(expected[i]));
    }
  }

  // Points are found by their own vectors, with and without the codes, and nothing else is found.
  void VerifySearch(const State& found) {
    if (found.empty()) return;
    for (int i = 0; i < kSampledQueries; ++i) {
      auto sample = found.lower_bound(1 + random_() % (writers_.size() * kIdsOfWriter));
      if (sample == found.end()) sample = found.begin();
      const auto [id, batch] = *sample;
      Query query;
      query.vector = MakePoint(id, batch, 1).vectors[0].values;
      query.limit = 200;
      query.select.payload = true;
      query.exact = i % 2 == 0;
      query.rerank = i % 2 == 1;
      auto hits = client_->Search(kCollection, query);
      ASSERT_TRUE(hits.ok()) << hits.status();
      ASSERT_EQ(hits->size(), std::min<size_t>(query.limit, found.size()));
      EXPECT_EQ((*hits)[0].id.number(), id);
      EXPECT_NEAR((*hits)[0].score, 0, 1e-4);
      std::set<uint64_t> seen;
      for (const ScoredPoint& hit : *hits) {
        const auto live = found.find(hit.id.number());
        ASSERT_NE(live, found.end())
            << "search returns point " << hit.id.ToString() << ", which does not exist";
        EXPECT_TRUE(seen.insert(hit.id.number()).second) << "a point is found twice";
        EXPECT_NE(hit.payload.find(absl::StrCat("{\"batch\":", live->second, ",")),
                  std::string::npos)
            << hit.payload;
      }
    }
  }

  // A search finds all points with a term, and no others, each with the weight of its last write.
  void VerifySparseSearch(const State& found) {
    const auto term = static_cast<uint32_t>(random_() % kTerms);
    std::map<uint64_t, float> expected;
    for (const auto& [id, batch] : found) {
      for (const client::NamedSparseVector& sparse : MakeSparseVectors(id, batch)) {
        if (sparse.vector.indices[0] == term) expected[id] = sparse.vector.values[0];
      }
    }
    Query query;
    query.sparse = client::SparseVector{{term}, {1}};
    query.vector_name = kSparseSpace;
    query.limit = static_cast<uint32_t>(writers_.size() * kIdsOfWriter);
    auto hits = client_->Search(kCollection, query);
    ASSERT_TRUE(hits.ok()) << hits.status();
    std::map<uint64_t, float> scores;
    for (const ScoredPoint& hit : *hits) scores[hit.id.number()] = hit.score;
    EXPECT_EQ(scores.size(), hits->size()) << "a point is found twice";
    EXPECT_EQ(scores, expected);
  }

  void Verify() {
    auto count = client_->Count(kCollection);
    ASSERT_TRUE(count.ok()) << count.status();
    State found;
    ASSERT_NO_FATAL_FAILURE(ReadState(found));
    EXPECT_EQ(*count, found.size());
    size_t expected = 0;
    for (const auto& writer : writers_) {
      const absl::Status settled = writer->Settle(found);
      ASSERT_TRUE(settled.ok()) << settled;
      expected += writer->state().size();
    }
    ASSERT_EQ(found.size(), expected);
    ASSERT_NO_FATAL_FAILURE(VerifyGet(found));
    ASSERT_NO_FATAL_FAILURE(VerifySearch(found));
    ASSERT_NO_FATAL_FAILURE(VerifySparseSearch(found));
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  testing::TempDir dir_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::atomic<uint64_t> next_batch_{1};
};

TEST_F(CrashTest, NoAcknowledgedWriteIsLostNoBatchIsHalfNoDeleteIsUndone) {
  const uint64_t rounds = FromEnvironment("TQDB_CRASH_ROUNDS", 50);
  ASSERT_NO_FATAL_FAILURE(StartServer());
  client::CollectionConfig config;
  config.vector_spaces.push_back({.dim = kDim, .metric = client::Metric::kL2});
  config.sparse_spaces.push_back({.name = kSparseSpace});
  auto created = client_->CreateCollection(kCollection, config);
  ASSERT_TRUE(created.ok()) << created.status();
  for (uint64_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round, ", seed ", seed_));
    ASSERT_NO_FATAL_FAILURE(WriteAndKill());
    if (round % 4 == 3) {
      ASSERT_NO_FATAL_FAILURE(CrashDuringStart());
    }
    ASSERT_NO_FATAL_FAILURE(StartServer());
    ASSERT_NO_FATAL_FAILURE(Verify());
    ASSERT_FALSE(HasFailure());
  }
  uint64_t acknowledged = 0;
  for (const auto& writer : writers_) {
    acknowledged += writer->acknowledged_writes();
    EXPECT_GT(writer->acknowledged_writes(), 0u) << "a writer never got through";
  }
  std::cout << rounds << " crashes, " << acknowledged << " acknowledged writes" << std::endl;
  const absl::StatusOr<int> code = server_->Stop();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0);
}

// Tests the oracle itself: it must find lost, half and undone writes.
TEST(OracleTest, FindsEveryKindOfLoss) {
  const auto settle = [](const State& found) {
    Oracle oracle;
    oracle.Begin({.batch = 1, .ids = {1, 2, 3}});
    oracle.Acknowledge();
    oracle.Begin({.batch = kAbsent, .ids = {3}});
    oracle.Acknowledge();
    oracle.Begin({.batch = 9, .ids = {7}});
    oracle.Refuse();
    oracle.Begin({.batch = 2, .ids = {2, 4}});  // in flight
    return oracle.Settle(found);
  };
  EXPECT_TRUE(settle({{1, 1}, {2, 1}}).ok());           // not written
  EXPECT_TRUE(settle({{1, 1}, {2, 2}, {4, 2}}).ok());   // written
  EXPECT_FALSE(settle({{1, 1}, {2, 2}}).ok());          // half
  EXPECT_FALSE(settle({{1, 1}, {2, 1}, {4, 2}}).ok());  // half
  EXPECT_FALSE(settle({{2, 1}}).ok());                  // lost
  EXPECT_FALSE(settle({{1, 1}, {2, 1}, {3, 1}}).ok());  // undeleted
  EXPECT_FALSE(settle({{1, 1}, {2, 1}, {7, 9}}).ok());  // refused, yet there
  EXPECT_FALSE(settle({}).ok());
}

TEST(OracleTest, RecognisesOnlyPointsThatWereWritten) {
  client::Point point = MakePoint(5, 77, 3);
  EXPECT_EQ(*BatchOf(point), 77u);
  EXPECT_NE(point, MakePoint(5, 78, 3));
  EXPECT_NE(point, MakePoint(6, 77, 3));
  point.vectors[0].values[63] += 1e-6f;
  EXPECT_FALSE(BatchOf(point).ok());
  point = MakePoint(5, 77, 3);
  point.sparse_vectors.at(0).vector.values[1] = 0;
  EXPECT_FALSE(BatchOf(point).ok());
  point = MakePoint(5, 77, 3);
  point.payload = MakePoint(5, 76, 3).payload;
  EXPECT_FALSE(BatchOf(point).ok());
  point.payload.clear();
  EXPECT_FALSE(BatchOf(point).ok());
}

}  // namespace crash_test
}  // namespace tqdb::e2e
