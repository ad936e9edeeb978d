// Kills the server with SIGKILL at random moments while payloads are edited and payload indexes
// come and go. After each restart, every acknowledged edit is there, none is half done, the
// acknowledged indexes exist, and answers by indexes agree with the payloads. The same is sometimes
// checked before the kill: indexes are in memory, and a restart would hide that one of them is
// wrong.
//
// TQDB_CRASH_ROUNDS sets the number of rounds (default: 50), and TQDB_CRASH_SEED the seed. The seed
// is printed, but the moments of killing and the order of threads stay random.
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/client.h"
#include "tests/e2e/crash_options.h"
#include "tests/e2e/payload_load.h"
#include "tests/e2e/payload_oracle.h"
#include "tests/support/built_server.h"
#include "tests/support/temp_dir.h"

namespace tqdb::e2e {
namespace payload_crash_test {

using ::tqdb::client::Client;

constexpr char kCollection[] = "crash";
constexpr uint64_t kSeed = 20261125;
constexpr uint64_t kWriters = 4;
constexpr int kProbes = 40;

class PayloadCrashTest : public ::testing::Test {
 protected:
  PayloadCrashTest() : seed_(FromEnvironment("TQDB_CRASH_SEED", kSeed)), random_(seed_) {
    std::cout << "TQDB_CRASH_SEED=" << seed_ << std::endl;
    for (uint64_t i = 0; i < kWriters; ++i) {
      writers_.push_back(std::make_unique<PayloadWriter>(i, random_()));
    }
    changer_ = std::make_unique<IndexChanger>(random_());
  }

  void TearDown() override {
    if (HasFailure()) std::cout << "The server's log:\n" << dir_.Read("server.log") << std::endl;
  }

  // Buffers are small, so that flushes and compactions happen within a round.
  void StartServer() {
    auto server = ServerProcess::Start(
        testing::BuiltServer({.data_directory = dir_.File("data"),
                              .log_path = dir_.File("server.log"),
                              .arguments = {"--write-buffer-mb", "4", "--shutdown-timeout", "2"}}));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    // Each call has one attempt: a second one would be a write that the oracle does not know.
    auto client = Client::Connect({.address = server_->address(), .max_attempts = 1});
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  // Writes for a random time, and then kills the server, or lets every request end.
  void Write(bool kill) {
    std::atomic<bool> stop{false};
    std::vector<absl::Status> results(kWriters + 1);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kWriters; ++i) {
      threads.emplace_back([&, i] { results[i] = writers_[i]->Run(*client_, kCollection, stop); });
    }
    threads.emplace_back([&] { results[kWriters] = changer_->Run(*client_, kCollection, stop); });
    absl::SleepFor(absl::Milliseconds(100 + random_() % 700));
    if (kill) {
      server_->Kill();
    } else {
      stop = true;
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  }

  // Calls visit(point) for the points that match, in id order.
  template <typename Visit>
  void ForEachPoint(client::ScrollOptions options, Visit visit) {
    client::Scroll scroll = client_->ScrollPoints(kCollection, std::move(options));
    while (true) {
      auto page = scroll.NextPage();
      ASSERT_TRUE(page.ok()) << page.status();
      if (page->empty()) return;
      for (const client::Point& point : *page) visit(point);
    }
  }

  void VerifyIndexes(uint64_t points) {
    absl::StatusOr<client::CollectionInfo> info;
    bool ready = false;
    for (int i = 0; i < 1000 && !ready; ++i) {
      info = client_->GetCollection(kCollection);
      ASSERT_TRUE(info.ok()) << info.status();
      ready = true;
      for (const auto& index : info->payload_indexes) ready = ready && index.ready;
      if (!ready) absl::SleepFor(absl::Milliseconds(10));
    }
    EXPECT_TRUE(ready) << "an index is not complete after ten seconds";
    EXPECT_EQ(info->points, points);
    IndexStates found;
    for (const auto& index : info->payload_indexes) {
      found[index.key] = index.kind;
      EXPECT_EQ(index.points, points) << index.key;
    }
    const absl::Status settled = changer_->Settle(found);
    ASSERT_TRUE(settled.ok()) << settled;
  }

  void VerifyFilters(const PointStates& points) {
    for (int i = 0; i < kProbes; ++i) {
      const Probe probe = i < static_cast<int>(kWriters) ? OwnerProbe(absl::StrCat("writer-", i))
                                                         : RandomProbe(random_);
      SCOPED_TRACE(client::FilterToJson(probe.filter()));
      std::vector<uint64_t> expected;
      for (const auto& [id, point] : points) {
        if (probe.holds(point.payload)) expected.push_back(id);
      }
      const auto count = client_->Count(kCollection, probe.filter());
      ASSERT_TRUE(count.ok()) << count.status();
      EXPECT_EQ(*count, expected.size());
      std::vector<uint64_t> found;
      ASSERT_NO_FATAL_FAILURE(
          ForEachPoint({.page_size = 500, .filter = probe.filter()},
                       [&](const client::Point& point) { found.push_back(point.id.number()); }));
      ASSERT_EQ(found, expected);
    }
  }

  void VerifyFacet(const std::string& key, const PointStates& points) {
    SCOPED_TRACE(key);
    std::map<client::PayloadValue, uint64_t> expected;
    for (const auto& [id, point] : points) {
      std::set<client::PayloadValue> values;
      for (const Json* value : ValuesAt(point.payload, {key})) {
        if (value->is_string()) values.insert(value->get<std::string>());
        if (value->is_boolean()) values.insert(value->get<bool>());
        if (value->is_number_integer()) values.insert(value->get<int64_t>());
      }
      for (const auto& value : values) ++expected[value];
    }
    const auto facet = client_->Facet(kCollection, key, {.limit = 1000});
    ASSERT_TRUE(facet.ok()) << facet.status();
    std::map<client::PayloadValue, uint64_t> found;
    for (size_t i = 0; i < facet->size(); ++i) {
      found[(*facet)[i].value] = (*facet)[i].points;
      if (i > 0) {
        EXPECT_LE((*facet)[i].points, (*facet)[i - 1].points);
      }
    }
    EXPECT_EQ(found, expected);
  }

  // Scrolls by a key whose values are numbers, nulls or objects.
  void VerifyOrder(bool descending, const PointStates& points) {
    std::multiset<std::pair<double, uint64_t>> expected;
    for (const auto& [id, point] : points) {
      std::set<double> values;
      for (const Json* value : ValuesAt(point.payload, {"x"})) {
        if (value->is_number()) values.insert(value->get<double>());
      }
      for (double value : values) expected.insert({value, id});
    }
    // Each point comes once for each of its values, and values never go back.
    std::multiset<uint64_t> expected_ids, found_ids;
    for (const auto& [value, id] : expected) expected_ids.insert(id);
    std::vector<uint64_t> order;
    ASSERT_NO_FATAL_FAILURE(
        ForEachPoint({.page_size = 300, .order_by = client::OrderBy{"x", descending}},
                     [&](const client::Point& point) { order.push_back(point.id.number()); }));
    found_ids.insert(order.begin(), order.end());
    ASSERT_EQ(found_ids, expected_ids);
    std::vector<double> values;
    for (const auto& [value, id] : expected) values.push_back(value);
    for (size_t i = 0; i < order.size(); ++i) {
      const double value = values[descending ? values.size() - 1 - i : i];
      ASSERT_TRUE(expected.contains({value, order[i]}))
          << "position " << i << " is not one of " << value;
    }
  }

  // Every point with one of the words is found, and no other.
  void VerifyTextSearch(const PointStates& points) {
    const std::string query = RandomWords(random_);
    SCOPED_TRACE(query);
    const auto matches = HasAnyWord("text", query);
    std::set<uint64_t> expected, found;
    for (const auto& [id, point] : points) {
      if (matches(point.payload)) expected.insert(id);
    }
    const auto hits =
        client_->Search(kCollection, {.limit = 10000, .text = client::TextQuery{"text", query}});
    ASSERT_TRUE(hits.ok()) << hits.status();
    for (size_t i = 0; i < hits->size(); ++i) {
      EXPECT_TRUE(found.insert((*hits)[i].id.number()).second) << "a point is found twice";
      if (i > 0) {
        EXPECT_LE((*hits)[i].score, (*hits)[i - 1].score);
      }
    }
    EXPECT_EQ(found, expected);
  }

  void Verify() {
    PointStates found;
    ASSERT_NO_FATAL_FAILURE(
        ForEachPoint({.page_size = 700, .select = {.payload = true, .vectors = true}},
                     [&](const client::Point& point) {
                       absl::StatusOr<PointState> state = StateOfPoint(point);
                       ASSERT_TRUE(state.ok()) << state.status();
                       found[point.id.number()] = *std::move(state);
                     }));
    size_t expected = 0;
    for (const auto& writer : writers_) {
      const absl::Status settled = writer->Settle(found);
      ASSERT_TRUE(settled.ok()) << settled;
      expected += writer->state().size();
    }
    ASSERT_EQ(found.size(), expected);
    ASSERT_NO_FATAL_FAILURE(VerifyIndexes(found.size()));
    ASSERT_NO_FATAL_FAILURE(VerifyFilters(found));
    for (const char* key : {"tag", "flag", "owner"}) {
      ASSERT_NO_FATAL_FAILURE(VerifyFacet(key, found));
    }
    if (changer_->state().contains("x")) {
      ASSERT_NO_FATAL_FAILURE(VerifyOrder(random_() % 2 == 0, found));
    }
    const auto text = changer_->state().find("text");
    if (text != changer_->state().end() && text->second == client::PayloadIndexKind::kText) {
      for (int i = 0; i < 5; ++i) ASSERT_NO_FATAL_FAILURE(VerifyTextSearch(found));
    }
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  testing::TempDir dir_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
  std::vector<std::unique_ptr<PayloadWriter>> writers_;
  std::unique_ptr<IndexChanger> changer_;
};

TEST_F(PayloadCrashTest, IndexesAndPayloadsAgreeAndNoAcknowledgedEditIsLost) {
  const uint64_t rounds = FromEnvironment("TQDB_CRASH_ROUNDS", 50);
  ASSERT_NO_FATAL_FAILURE(StartServer());
  client::CollectionConfig config;
  config.vector_spaces.push_back({.dim = kPayloadDim, .metric = client::Metric::kL2});
  auto created = client_->CreateCollection(kCollection, config);
  ASSERT_TRUE(created.ok()) << created.status();
  for (uint64_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round, ", seed ", seed_));
    if (round % 3 == 0) {
      SCOPED_TRACE("before the kill");
      ASSERT_NO_FATAL_FAILURE(Write(/*kill=*/false));
      ASSERT_NO_FATAL_FAILURE(Verify());
      ASSERT_FALSE(HasFailure());
    }
    ASSERT_NO_FATAL_FAILURE(Write(/*kill=*/true));
    ASSERT_NO_FATAL_FAILURE(StartServer());
    ASSERT_NO_FATAL_FAILURE(Verify());
    ASSERT_FALSE(HasFailure());
  }
  uint64_t acknowledged = 0;
  for (const auto& writer : writers_) {
    acknowledged += writer->acknowledged();
    EXPECT_GT(writer->acknowledged(), 0u) << "a writer never got through";
  }
  EXPECT_GT(changer_->acknowledged(), 0u) << "no index was ever changed";
  std::cout << rounds << " crashes, " << acknowledged << " acknowledged writes, "
            << changer_->acknowledged() << " changes of indexes" << std::endl;
  const absl::StatusOr<int> code = server_->Stop();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0);
}

// Tests the oracle itself: it must find lost, half and undone edits.
TEST(PayloadOracleTest, FindsEveryKindOfLoss) {
  const PointStates one = {{1, {1, {{"a", 1}}}}};
  const PointStates two = {{1, {1, {{"a", 2}}}}, {2, {2, Json::object()}}};
  const PointStates three = {{1, {1, {{"a", 3}}}}, {2, {2, {{"a", 3}}}}};
  const auto settle = [&](const PointStates& found) {
    OneAtATime<PointStates> oracle;
    oracle.Begin(one);
    oracle.Acknowledge();
    oracle.Begin({});
    oracle.Refuse();
    oracle.Begin(two);
    oracle.Acknowledge();
    oracle.Begin(three);  // in flight
    return oracle.Settle(found);
  };
  EXPECT_TRUE(settle(two));
  EXPECT_TRUE(settle(three));
  EXPECT_FALSE(settle(one));                                               // lost
  EXPECT_FALSE(settle({}));                                                // refused, yet there
  EXPECT_FALSE(settle({{1, {1, {{"a", 3}}}}, {2, {2, Json::object()}}}));  // half
  EXPECT_FALSE(settle({{1, {9, {{"a", 2}}}}, {2, {2, Json::object()}}}));  // another vector
}

TEST(PayloadOracleTest, RecognisesOnlyPointsThatWereWritten) {
  const PointState state = {77, {{"a", 1}}};
  client::Point point = MakePayloadPoint(5, state);
  EXPECT_EQ(*StateOfPoint(point), state);
  point.vectors[0].values[3] += 0.001f;
  EXPECT_FALSE(StateOfPoint(point).ok());
  point = MakePayloadPoint(6, state);
  point.id = client::PointId::Number(5);
  EXPECT_FALSE(StateOfPoint(point).ok());
  point = MakePayloadPoint(5, state);
  point.payload = "[]";
  EXPECT_FALSE(StateOfPoint(point).ok());
  point.payload.clear();
  EXPECT_EQ(StateOfPoint(point)->payload, Json::object());
}

}  // namespace payload_crash_test
}  // namespace tqdb::e2e
