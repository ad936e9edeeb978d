// Faults on the write path: every operation of the store and every allocation of the leader fails
// once. Each write is answered, and memory says what the disk says or the collection is read-only.
// Allocations within the store, in the destructors of the JSON library and of hash tables that grow
// are left out: there the process ends (storage/write/committer.h).
//
// TQDB_HISTORIES=n injects at least n faults of each kind in place of the default.
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/fault_log.h"
#include "tests/storage/write_history.h"

namespace tqdb::storage {
namespace write_fault_test {

bool IsReadOnly(const CollectionImpl& collection) {
  return collection.Info().status == CollectionStatus::kReadOnly;
}

// Faults that were seen, and how they ended.
struct Tally {
  int faults = 0;
  int read_only = 0;
  int refused = 0;  // and the collection goes on
};

// Memory and disk are equal, or the collection takes no more writes and the disk still loads.
void CheckAfterFault(MemoryCollection& collection, Tally& tally) {
  ++tally.faults;
  if (IsReadOnly(*collection)) {
    ++tally.read_only;
    const PointId id = PointId::Number(1);
    EXPECT_FALSE(collection->Delete({&id, 1}, Durability::kAsync).ok());
    EXPECT_TRUE(collection->Get({&id, 1}, {.payload = true}).ok());
    collection.Reopen();
  } else {
    ++tally.refused;
  }
  // Upkeep may be encoding rows again. It appends a new code before it removes the old one, so the
  // number of live rows is one too high for a moment.
  ASSERT_TRUE(collection->Flush(/*settle=*/true).ok());
  const auto loaded = collection.OpenAnother();
  ASSERT_EQ(Joined(Describe(*collection, false)), Joined(Describe(*loaded, false)));
}

std::atomic<int> logged_faults{0};

TEST(WriteFaultTest, EveryOperationOfTheStoreMayFail) {
  SetFaultLogger([](FaultState state, absl::string_view message) {
    EXPECT_EQ(state, FaultState::kBegins);
    EXPECT_NE(message.find("read-only since a write failed"), message.npos) << message;
    ++logged_faults;
  });
  BackgroundWorker worker;
  Tally tally;
  using Fault = MemoryStore::Disk::Fault;
  for (uint64_t seed = 0; tally.faults < HistoriesOr(250); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    MemoryCollection collection(worker);
    HistoryMaker maker(seed);
    for (size_t i = 0; i < 4 + seed % 8; ++i) {
      CommitBytes(*collection, maker.RandomRecord(*collection)).IgnoreError();
    }
    for (const Fault fault : {Fault::kStatus, Fault::kException, Fault::kStatusAfterEffect,
                              Fault::kExceptionAfterEffect}) {
      for (uint64_t k = 0; k < 2; ++k) {
        const std::string record = maker.RandomRecord(*collection);
        const uint64_t before = collection->state().position().sequence;
        {
          absl::MutexLock lock(&collection.disk().mutex);
          collection.disk().fault = fault;
          collection.disk().fault_in = k;
          collection.disk().faulted = false;
        }
        logged_faults = 0;
        const absl::Status status = CommitBytes(*collection, record);
        bool faulted;
        {
          absl::MutexLock lock(&collection.disk().mutex);
          faulted = collection.disk().faulted;
          collection.disk().fault = Fault::kNone;
        }
        if (!faulted) continue;
        // A record that was refused without harm was not counted.
        if (!status.ok() && !IsReadOnly(*collection) &&
            collection->state().position().sequence == before) {
          EXPECT_FALSE(absl::IsInvalidArgument(status)) << status;
        }
        // Whoever runs the server learns of it once, whatever the callers were told.
        EXPECT_EQ(logged_faults, IsReadOnly(*collection) ? 1 : 0);
        CheckAfterFault(collection, tally);
        if (HasFatalFailure()) return;
      }
    }
  }
  SetFaultLogger(nullptr);
  RecordProperty("faults", tally.faults);
  RecordProperty("read_only", tally.read_only);
  EXPECT_GT(tally.read_only, 0);
}

TEST(WriteFaultTest, EveryAllocationOfTheLeaderMayFail) {
  BackgroundWorker worker;
  Tally tally;
  for (uint64_t seed = 0; tally.faults < HistoriesOr(1000); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    MemoryCollection collection(worker);
    HistoryMaker maker(seed);
    for (size_t i = 0; i < 3 + seed % 10; ++i) {
      CommitBytes(*collection, maker.RandomRecord(*collection)).IgnoreError();
    }
    // The same record again and again, one allocation further each time, until it gets through.
    std::string bytes = maker.RandomRecord(*collection);
    bool through = false;
    for (int64_t k = 0; !through; ++k) {
      const auto record = DecodeRecord(bytes, *collection->config());
      ASSERT_TRUE(record.ok()) << record.status();
      const uint64_t before = collection->state().position().sequence;
      AllocationFault::left() = k;
      AllocationFault::armed() = true;
      bool committed = false;
      try {
        committed = collection->Commit(record->record, Durability::kAsync).ok();
      } catch (const std::bad_alloc&) {
        // Before the record was queued: its caller has the exception.
      }
      AllocationFault::armed() = false;
      through = AllocationFault::left() >= 0;
      AllocationFault::left() = -1;
      if (through) break;
      const bool read_only = IsReadOnly(*collection);
      if (!committed && !read_only) {
        // Counted or not: what is refused for lack of memory has not happened.
        EXPECT_LE(collection->state().position().sequence, before + 1);
      }
      CheckAfterFault(collection, tally);
      if (HasFatalFailure()) return;
      // After a restart the record may be there already, and would not be the same again.
      if (read_only || collection->state().position().sequence != before) {
        bytes = maker.RandomRecord(*collection);
      }
    }
  }
  RecordProperty("faults", tally.faults);
  RecordProperty("read_only", tally.read_only);
  EXPECT_GT(tally.read_only, 0);
  EXPECT_GT(tally.refused, 0);
}

// Four writers in one group: whichever of its steps fails, all four return.
TEST(WriteFaultTest, EveryMemberOfAGroupIsAnswered) {
  constexpr int kMembers = 4;
  BackgroundWorker worker;
  Tally tally;
  int64_t next_k = 0;
  for (uint64_t seed = 0; tally.faults < HistoriesOr(150); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    MemoryCollection collection(worker);
    HistoryMaker maker(seed);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(CommitBytes(*collection, maker.UpsertBytes(*collection, 5)).ok());
    }
    std::vector<OwnedRecord> records;
    for (int i = 0; i <= kMembers; ++i) {
      auto record = DecodeRecord(maker.RandomRecord(*collection), *collection->config());
      ASSERT_TRUE(record.ok()) << record.status();
      records.push_back(*std::move(record));
    }
    // The first write holds the queue until the others are in it.
    std::atomic<int> arrived{0}, answered{0};
    std::atomic<bool> first{true};
    collection.disk().before_write = [&] {
      if (!first.exchange(false)) return;
      while (arrived < kMembers) std::this_thread::yield();
      absl::SleepFor(absl::Microseconds(500));
    };
    std::thread opener(
        [&] { collection->Commit(records[kMembers].record, Durability::kAsync).IgnoreError(); });
    std::vector<std::thread> members;
    AllocationFault::left() = next_k;
    for (int i = 0; i < kMembers; ++i) {
      members.emplace_back([&, i] {
        AllocationFault::armed() = true;
        ++arrived;
        try {
          collection->Commit(records[static_cast<size_t>(i)].record, Durability::kSync)
              .IgnoreError();
        } catch (const std::bad_alloc&) {
        }
        AllocationFault::armed() = false;
        ++answered;
      });
    }
    opener.join();
    for (std::thread& member : members) member.join();
    collection.disk().before_write = nullptr;
    const bool fired = AllocationFault::left() < 0;
    AllocationFault::left() = -1;
    ASSERT_EQ(answered, kMembers);
    next_k = fired ? next_k + 1 + static_cast<int64_t>(seed % 5) : 0;
    if (!fired) continue;
    CheckAfterFault(collection, tally);
    if (HasFatalFailure()) return;
  }
  RecordProperty("faults", tally.faults);
}

}  // namespace write_fault_test
}  // namespace tqdb::storage
