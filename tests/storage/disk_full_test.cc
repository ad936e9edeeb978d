// Tests a full disk. Writes are refused with a clear error, reads go on, other collections still
// take writes, and nothing that was acknowledged is lost.
//
// A child process has a limit on the size of its files (RLIMIT_FSIZE). At the limit write() fails
// as it does on a full disk, though with another errno. This needs no mount and no rights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace disk_full_test {

constexpr size_t kDim = 256;

// Ends the child with a message if a condition does not hold.
void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  _exit(1);
}

void LimitFileSize(rlim_t bytes) {
  signal(SIGXFSZ, SIG_IGN);  // so that write() fails instead
  rlimit limit;
  Require(getrlimit(RLIMIT_FSIZE, &limit) == 0, "getrlimit");
  limit.rlim_cur = bytes;
  Require(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

// Runs in a child. Writes until the limit refuses a write, then checks what still works.
[[noreturn]] void FillTheDisk(const std::string& directory) {
  auto database = MustOpen(directory);
  auto full = MustCreate(*database, "full", ConfigOf({SpaceOf("", kDim)}));
  auto other = MustCreate(*database, "other", ConfigOf({SpaceOf("", kDim)}));
  testing::Gaussian random(1);
  for (uint64_t i = 0; i < 10; ++i) {
    Require(UpsertOne(*other, i, random.Vector(kDim)).ok(), "other before");
  }
  LimitFileSize(2 << 20);
  uint64_t acknowledged = 0;
  absl::Status status;
  while (acknowledged < 100'000) {
    status = UpsertPoints(*full, {{PointId::Number(acknowledged), {{"", random.Vector(kDim)}}, ""}},
                          Durability::kSync)
                 .status();
    if (!status.ok()) break;
    ++acknowledged;
  }
  Require(absl::IsResourceExhausted(status), "first failure: " + status.ToString());
  Require(acknowledged > 100, "the limit came too early");

  // From here on the collection refuses every kind of write and still serves reads.
  const PointId first = PointId::Number(0);
  status = UpsertOne(*full, 1, random.Vector(kDim)).status();
  Require(absl::IsResourceExhausted(status), "second write: " + status.ToString());
  Require(status.message().find("disk is full") != std::string::npos,
          std::string(status.message()));
  Require(!full->Delete({&first, 1}, Durability::kSync).ok(), "delete");
  Require(!full->SetMetadata({{"a", "b"}}).ok(), "metadata");
  Require(full->Count() == acknowledged, "count");
  Require(full->Info().status == CollectionStatus::kReadOnly, "status");
  Require(!full->Info().error.empty(), "error text");
  Require(Dump(*full).size() == acknowledged, "dump");
  const std::vector<float> query = random.Vector(kDim);
  Require(full->Search(MatrixView(query.data(), 1, kDim), {}).ok(), "search");

  // The files of the other collection are still small, so it takes writes.
  Require(UpsertOne(*other, 100, query).ok(), "other after");
  Require(other->Info().status == CollectionStatus::kReady, "other's status");
  std::fprintf(stderr, "acknowledged=%d\n", static_cast<int>(acknowledged));
  // An orderly stop works too. It does not wait for writes that cannot be made.
  full.reset();
  other.reset();
  database.reset();
  _exit(0);
}

TEST(DiskFullDeathTest, WritesAreRefusedReadsGoOnAndNothingAcknowledgedIsLost) {
  DeathTestDirectory directory;
  EXPECT_EXIT(FillTheDisk(directory.path()), ::testing::ExitedWithCode(0), "acknowledged=");

  // With room again, a restart brings back every acknowledged point, in order and without a gap.
  // The point that was refused may exist or not.
  auto database = MustOpen(directory.path());
  auto full = MustGet(*database, "full");
  const std::vector<PointRecord> dump = Dump(*full);
  ASSERT_GT(dump.size(), 100u);
  for (size_t i = 0; i < dump.size(); ++i) ASSERT_EQ(dump[i].id, PointId::Number(i));
  EXPECT_EQ(full->Info().status, CollectionStatus::kReady);
  EXPECT_TRUE(UpsertOne(*full, 1, std::vector<float>(kDim, 1)).ok());
  EXPECT_EQ(MustGet(*database, "other")->Count(), 11u);
}

// Runs in a child. The log has room, but the files to which memtables are flushed do not.
[[noreturn]] void FlushToAFullDisk(const std::string& directory) {
  auto database = MustOpen(directory);
  auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", kDim)}));
  testing::Gaussian random(1);
  for (uint64_t i = 0; i < 1000; ++i) {
    Require(UpsertOne(*collection, i, random.Vector(kDim)).ok(), "upsert");
  }
  LimitFileSize(100'000);
  const absl::Status status = collection->Flush(/*settle=*/false);
  Require(absl::IsResourceExhausted(status), "flush: " + status.ToString());
  const absl::Status write = UpsertOne(*collection, 1, random.Vector(kDim)).status();
  Require(absl::IsResourceExhausted(write), "write: " + write.ToString());
  Require(collection->Info().status == CollectionStatus::kReadOnly, "status");
  Require(Dump(*collection).size() == 1000, "dump");
  collection.reset();
  database.reset();
  _exit(0);
}

// The log still has every write when a flush fails. A restart with room must read all of them back.
TEST(DiskFullDeathTest, FlushThatFailsLosesNothing) {
  DeathTestDirectory directory;
  EXPECT_EXIT(FlushToAFullDisk(directory.path()), ::testing::ExitedWithCode(0), "");
  auto database = MustOpen(directory.path());
  EXPECT_EQ(Dump(*MustGet(*database, "c")).size(), 1000u);
}

// Runs in a child. The limit leaves room for no file of RocksDB, so creation fails halfway. The
// name must be free afterwards.
[[noreturn]] void CreateOnAFullDisk(const std::string& directory) {
  auto database = MustOpen(directory);
  MustCreate(*database, "before", ConfigOf({SpaceOf("", kDim)}));
  LimitFileSize(16);
  const absl::Status status =
      database->CreateCollection("c", ConfigOf({SpaceOf("", kDim)})).status();
  Require(!status.ok(), "created on a full disk");
  Require(absl::IsNotFound(database->GetCollection("c").status()), "half a collection");
  LimitFileSize(RLIM_INFINITY);
  // The status is printed only now, because stderr may be a file, for which the limit held, too.
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  Require(database->CreateCollection("c", ConfigOf({SpaceOf("", kDim)})).ok(), "create with room");
  _exit(0);
}

TEST(DiskFullDeathTest, CollectionIsCreatedWholeOrNotAtAll) {
  DeathTestDirectory directory;
  EXPECT_EXIT(CreateOnAFullDisk(directory.path()), ::testing::ExitedWithCode(0),
              "RESOURCE_EXHAUSTED");
  auto database = MustOpen(directory.path());
  EXPECT_TRUE(database->GetCollection("c").ok());
  EXPECT_TRUE(database->GetCollection("before").ok());
}

}  // namespace disk_full_test
}  // namespace tqdb::storage
