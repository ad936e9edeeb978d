// Tests the write path as a whole. Three collections must be the same: one that was written to, one
// that was loaded from its disk, and one that was given the same records elsewhere. They are
// compared by Describe, which tells all that a collection is, inside and out.
//
// TQDB_HISTORIES=n runs n random histories in place of the default.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/storage/write_history.h"

namespace tqdb::storage {
namespace write_path_test {

// A collection in memory arises in two ways: changes are applied to it one after the other, or it
// is loaded from disk. A change that only one of the two carries out shows here.
TEST(WritePathTest, StateAfterApplyingIsStateAfterLoading) {
  BackgroundWorker worker;
  for (int seed = 0; seed < HistoriesOr(150); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    MemoryCollection applied(worker);
    HistoryMaker maker(static_cast<uint64_t>(seed));
    const size_t length = 5 + maker.random().Below(40);
    for (size_t i = 0; i < length; ++i) {
      CommitBytes(*applied, maker.RandomRecord(*applied)).IgnoreError();
      if (maker.random().Below(12) == 0) applied.Reopen();
      if (maker.random().Below(12) == 0) {
        ASSERT_TRUE(applied->Flush(/*settle=*/true).ok());
      }
    }
    // Upkeep does not move the position, so it is checked at once. The other parts are compared
    // when upkeep is done.
    ASSERT_EQ(applied->state().position().sequence, length);
    ASSERT_TRUE(applied->Flush(/*settle=*/true).ok());
    const auto loaded = applied.OpenAnother();
    ASSERT_TRUE(loaded->Flush(/*settle=*/true).ok());
    ASSERT_EQ(Joined(Describe(*applied, true)), Joined(Describe(*loaded, true)));
  }
}

// Rows that wait for the first mean of a space without originals outlive a crash, and are encoded
// under it.
TEST(WritePathTest, RowsThatWaitForAMeanOutliveACrash) {
  BackgroundWorker worker;
  MemoryCollection killed(worker), continuous(worker);
  HistoryMaker maker(5);
  std::vector<std::string> records;
  for (int i = 0; i < 12; ++i) {
    records.push_back(maker.UpsertBytes(*killed, 6));
    ASSERT_TRUE(CommitBytes(*killed, records.back()).ok());
    killed.Reopen();
  }
  const Space& codes = *killed->state().spaces[1];
  const size_t waiting = codes.waiting_rows().size();
  EXPECT_GT(waiting, 10u);
  EXPECT_EQ(waiting, codes.engine().live_rows());
  MeanRecord mean = {1, 0, 1, maker.RandomVector()};
  records.push_back(EncodeRecord(mean));
  ASSERT_TRUE(CommitBytes(*killed, records.back()).ok());
  const Space& after = *killed->state().spaces[1];
  EXPECT_TRUE(after.waiting_rows().empty());
  EXPECT_EQ(after.engine().rows_under_mean(1), waiting);
  killed.Reopen();
  EXPECT_EQ(killed->state().spaces[1]->engine().rows_under_mean(1), waiting);
  for (const std::string& record : records) ASSERT_TRUE(CommitBytes(*continuous, record).ok());
  EXPECT_EQ(killed->Info().digest, continuous->Info().digest);
  EXPECT_EQ(ResultLists(*killed, 40), ResultLists(*continuous, 40));
  // The raw vectors of these rows are gone. The family `vectors` has no key of space 1, which keeps
  // no originals.
  MemoryStore store(std::shared_ptr<MemoryStore::Disk>(&killed.disk(), [](auto*) {}));
  const Key lower = Key::OfSpaceRow(1, 0), upper = Key::SpaceEnd(1);
  EXPECT_FALSE(
      store.Scan({.family = Family::kVectors, .lower = lower.view(), .upper = upper.view()})
          ->Valid());
}

// A record may be encoded before the first mean and committed after it. It is then encoded again
// when its turn comes.
TEST(WritePathTest, RecordsThatTheFirstMeanOvertookAreEncodedUnderIt) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(6);
  const std::string early = maker.UpsertBytes(*collection, 8);
  const MeanRecord mean = {1, 0, 1, maker.RandomVector()};
  ASSERT_TRUE(CommitBytes(*collection, EncodeRecord(mean)).ok());
  ASSERT_TRUE(CommitBytes(*collection, early).ok());
  const VectorSpace& engine = collection->state().spaces[1]->engine();
  EXPECT_GT(engine.live_rows(), 0u);
  EXPECT_EQ(engine.rows_under_mean(1), engine.live_rows());
  EXPECT_TRUE(collection->state().spaces[1]->waiting_rows().empty());
}

// Two writers can propose a mean on the same base. The first in the order of commits wins. The
// other changes nothing, but is counted, so that every machine has the same position.
TEST(WritePathTest, FirstProposalOnItsBaseWinsAndLaterOnesAreVoidAndCounted) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(7);
  const MeanRecord first = {0, 0, 1, maker.RandomVector()},
                   second = {0, 0, 1, maker.RandomVector()};
  const auto won = collection->Commit(first, Durability::kAsync);
  const auto lost = collection->Commit(second, Durability::kAsync);
  ASSERT_TRUE(won.ok() && lost.ok());
  EXPECT_TRUE(won->adopted);
  EXPECT_FALSE(lost->adopted);
  EXPECT_EQ(collection->state().spaces[0]->engine().current_mean()->mu, first.mu);
  EXPECT_EQ(collection->Info().sequence, 2u);
}

// Runs on real disks. One collection runs without a stop, one is killed ten times, and one is
// loaded from the disk of the first. Eight threads encode some of the records at the same time.
TEST(WritePathTest, SameRecordsInTheSameOrderGiveTheSameCollection) {
  TempDirectory directory;
  const SharedResources shared(OptionsFor(directory.path()));
  BackgroundWorker worker;
  const auto path = [&](const char* name) { return absl::StrCat(directory.path(), "/", name); };
  const auto open = [&](const char* name) {
    auto opened = CollectionImpl::Open("c", path(name), shared, worker);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  };
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(CollectionImpl::Create(path(name), HistoryConfig(), shared).ok());
  }
  auto continuous = open("a"), killed = open("b");
  HistoryMaker maker(11);
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> records;
    for (int i = 0; i < 12; ++i) {
      std::string record = maker.RandomRecord(*continuous);
      // Random means are left out. The test adds means of its own below, each on the one in force,
      // as a guard proposes them.
      if (record[1] == static_cast<char>(RecordKind::kMean)) continue;
      records.push_back(std::move(record));
      CommitBytes(*continuous, records.back()).IgnoreError();
    }
    // A batch for each of eight threads, encoded at once and one after another.
    std::vector<std::unique_ptr<HistoryMaker::Batch>> batches;
    for (int t = 0; t < 8; ++t) batches.push_back(std::make_unique<HistoryMaker::Batch>(maker, 8));
    std::vector<std::string> parallel(8);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        parallel[t] =
            EncodeRecord(EncodeUpsert(batches[t]->upsert, continuous->state()).owned.record);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t t = 0; t < 8; ++t) {
      ASSERT_EQ(parallel[t],
                EncodeRecord(EncodeUpsert(batches[t]->upsert, continuous->state()).owned.record));
      records.push_back(parallel[t]);
      ASSERT_TRUE(CommitBytes(*continuous, records.back()).ok());
    }
    const auto space = static_cast<uint32_t>(round % 3);
    const Space& of = *continuous->state().spaces[space];
    const MeanRecord mean = {space, of.current_mean_version(), of.mean_versions() + 1,
                             maker.RandomVector()};
    records.push_back(EncodeRecord(mean));
    ASSERT_TRUE(CommitBytes(*continuous, records.back()).ok());

    for (const std::string& record : records) CommitBytes(*killed, record).IgnoreError();
    // No flush: what is in memory is lost.
    ASSERT_TRUE(killed->Close(/*flush=*/false).ok());
    killed.reset();
    killed = open("b");
    ASSERT_EQ(killed->Info().digest, continuous->Info().digest) << "round " << round;
  }
  ASSERT_TRUE(continuous->Flush(/*settle=*/true).ok());
  ASSERT_TRUE(killed->Flush(/*settle=*/true).ok());
  const std::vector<std::string> state = Describe(*continuous, true);
  const std::vector<std::string> lists = ResultLists(*continuous, 1000);
  EXPECT_EQ(Joined(Describe(*killed, true)), Joined(state));
  EXPECT_EQ(ResultLists(*killed, 1000), lists);
  ASSERT_TRUE(continuous->Close(/*flush=*/false).ok());
  continuous.reset();
  const auto loaded = open("a");
  ASSERT_TRUE(loaded->Flush(/*settle=*/true).ok());
  EXPECT_EQ(Joined(Describe(*loaded, true)), Joined(state));
  EXPECT_EQ(ResultLists(*loaded, 1000), lists);
}

// Two collections that were told different things have different digests, even if they look alike.
TEST(WritePathTest, DigestTellsWhatWasAskedAndInWhichOrder) {
  BackgroundWorker worker;
  MemoryCollection a(worker), b(worker), c(worker);
  HistoryMaker maker(12);
  const std::string first = maker.UpsertBytes(*a, 3), second = maker.UpsertBytes(*a, 3);
  for (const std::string& record : {first, second}) ASSERT_TRUE(CommitBytes(*a, record).ok());
  for (const std::string& record : {second, first}) ASSERT_TRUE(CommitBytes(*b, record).ok());
  for (const std::string& record : {first, second}) ASSERT_TRUE(CommitBytes(*c, record).ok());
  EXPECT_EQ(a->Info().sequence, b->Info().sequence);
  EXPECT_NE(a->Info().digest, b->Info().digest);
  EXPECT_EQ(a->Info().digest, c->Info().digest);
  // A record that comes to nothing is counted, too.
  const PointId nobody = PointId::Number(1'000'000);
  ASSERT_TRUE(a->Delete({&nobody, 1}, Durability::kAsync).ok());
  EXPECT_EQ(a->Info().sequence, 3u);
  EXPECT_NE(a->Info().digest, c->Info().digest);
}

// The index info counts the points with a value that the index cannot hold, after any writes and
// after a crash. In the payloads of the histories, 5 at the key "k" is no keyword.
TEST(WritePathTest, IndexesTellOfValuesThatTheyCannotHold) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(21);
  ASSERT_TRUE(collection->CreatePayloadIndex("k", FieldKind::kKeyword, true, {}).ok());
  uint64_t most = 0;
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE(step);
    const std::string bytes = maker.RandomRecord(*collection);
    if (bytes[1] != static_cast<char>(RecordKind::kIndex)) {
      CommitBytes(*collection, bytes).IgnoreError();
    }
    if (step % 50 == 49) collection.Reopen();
    if (step % 5 != 0) continue;
    uint64_t expected = 0;
    for (const PointRecord& record : Dump(*collection)) {
      if (record.payload.empty()) continue;
      const nlohmann::json payload = nlohmann::json::parse(record.payload);
      expected += payload.contains("k") && payload["k"].is_number() ? 1 : 0;
    }
    const std::vector<PayloadIndexInfo> indexes = collection->Info().payload_indexes;
    ASSERT_EQ(indexes.size(), 1u);
    ASSERT_EQ(indexes[0].unheld_points, expected);
    most = std::max(most, expected);
  }
  EXPECT_GT(most, 3u);
}

}  // namespace write_path_test
}  // namespace tqdb::storage
