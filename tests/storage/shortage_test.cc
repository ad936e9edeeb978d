// Tests shortages that pass: a full disk, too few descriptors, missing rights. A collection that
// meets one is never taken for damaged. It says what it lacks, and serves again by itself, with
// every write that was acknowledged, once the cause has gone.
//
// Limits of a process stand for shortages of a machine. They hold for a child process of the test,
// because they cannot be taken back from one that has descriptors or files beyond them.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/disk/shortage.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace shortage_test {

constexpr size_t kDim = 64;

void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  _exit(1);
}

void Limit(int resource, rlim_t value) {
  rlimit limit;
  Require(getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0, "getrlimit");
  limit.rlim_cur = std::min(value, limit.rlim_max);
  Require(setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0, "setrlimit");
}

// Opens a database that looks at the health of its collections often.
std::unique_ptr<Database> OpenWatched(const std::string& directory) {
  DatabaseOptions options = OptionsFor(directory);
  options.health_interval = absl::Milliseconds(20);
  auto database = Database::Open(options);
  Require(database.ok(), "open: " + database.status().ToString());
  return *std::move(database);
}

// Waits until the collection has the status. Ends the child if that takes too long.
void AwaitStatus(const Database& database, const std::string& name, CollectionStatus status) {
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (database.GetInfo(name)->status != status) {
    Require(absl::Now() < end, name + " stays as it is: " + database.GetInfo(name)->error);
    absl::SleepFor(absl::Milliseconds(5));
  }
}

std::vector<float> VectorOf(uint64_t id) {
  testing::Gaussian random(id + 1);
  return random.Vector(kDim);
}

// Writes points one by one until one is refused. Returns the number that was acknowledged.
uint64_t WriteUntilRefused(Collection& collection, absl::Status& refusal) {
  for (uint64_t id = 0;; ++id) {
    refusal = UpsertPoints(collection, {{PointId::Number(id), {{"", VectorOf(id)}}, ""}},
                           Durability::kSync)
                  .status();
    if (!refusal.ok()) return id;
    Require(id < 100'000, "the limit never came");
  }
}

// Requires the points 0 to count - 1; a point behind them, that was refused, may be there.
void RequirePoints(const Database& database, const std::string& name, uint64_t count) {
  auto collection = database.GetCollection(name);
  Require(collection.ok(), collection.status().ToString());
  const std::vector<PointRecord> dump = Dump(**collection);
  Require(dump.size() == count || dump.size() == count + 1,
          absl::StrCat(dump.size(), " points of ", count));
  for (uint64_t i = 0; i < count; ++i) Require(dump[i].id == PointId::Number(i), "id");
}

[[noreturn]] void FillAndFreeTheDisk(const std::string& directory) {
  signal(SIGXFSZ, SIG_IGN);  // so that write() fails instead
  auto database = OpenWatched(directory);
  auto collection = MustCreate(*database, "full", ConfigOf({SpaceOf("", kDim)}));
  MustCreate(*database, "other", ConfigOf({SpaceOf("", kDim)}));
  Limit(RLIMIT_FSIZE, 200'000);  // below what the probe of the database writes
  absl::Status refusal;
  const uint64_t acknowledged = WriteUntilRefused(*collection, refusal);
  Require(absl::IsResourceExhausted(refusal), refusal.ToString());
  Require(refusal.message().find("by itself") != std::string::npos, refusal.ToString());
  // As long as the disk is full the collection stays open for reads, and is not tried in vain.
  for (int i = 0; i < 20; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
    RequirePoints(*database, "full", acknowledged);
    Require(database->GetInfo("full")->status == CollectionStatus::kReadOnly, "status");
    Require(database->GetInfo("other")->status == CollectionStatus::kReady, "other");
  }
  Limit(RLIMIT_FSIZE, RLIM_INFINITY);
  AwaitStatus(*database, "full", CollectionStatus::kReady);
  RequirePoints(*database, "full", acknowledged);
  Require(UpsertOne(*MustGet(*database, "full"), acknowledged + 1, VectorOf(1)).ok(), "write");
  std::fprintf(stderr, "acknowledged=%d\n", static_cast<int>(acknowledged));
  _exit(0);
}

TEST(ShortageDeathTest, DiskThatIsFreedIsWrittenToWithoutARestart) {
  DeathTestDirectory directory;
  EXPECT_EXIT(FillAndFreeTheDisk(directory.path()), ::testing::ExitedWithCode(0), "acknowledged=");
  // The child ended without closing anything, as a kill would end it.
  auto database = MustOpen(directory.path());
  EXPECT_EQ(database->GetInfo("full")->status, CollectionStatus::kReady);
  EXPECT_GT(Dump(*MustGet(*database, "full")).size(), 100u);
}

constexpr int kCollections = 8;

[[noreturn]] void OpenWithFewDescriptors(const std::string& directory) {
  {
    auto database = OpenWatched(directory);
    for (int c = 0; c < kCollections; ++c) {
      auto made = MustCreate(*database, absl::StrCat("c", c), ConfigOf({SpaceOf("", kDim)}));
      for (uint64_t id = 0; id < 5; ++id)
        Require(UpsertOne(*made, id, VectorOf(id)).ok(), "upsert");
    }
  }
  Limit(RLIMIT_NOFILE, 60);  // too few for all of them
  auto database = OpenWatched(directory);
  int ready = 0, unavailable = 0;
  for (const CollectionInfo& info : database->ListCollections()) {
    Require(info.status != CollectionStatus::kQuarantined, info.name + ": " + info.error);
    ready += info.status == CollectionStatus::kReady;
    if (info.status != CollectionStatus::kUnavailable) continue;
    ++unavailable;
    const absl::Status status = database->GetCollection(info.name).status();
    Require(absl::IsUnavailable(status), status.ToString());
    Require(status.message().find("Too many open files") != std::string::npos, status.ToString());
  }
  Require(unavailable > 0, "the limit is too high");
  Require(ready > 0, "the limit is too low");
  Limit(RLIMIT_NOFILE, 4096);
  for (int c = 0; c < kCollections; ++c) {
    AwaitStatus(*database, absl::StrCat("c", c), CollectionStatus::kReady);
    RequirePoints(*database, absl::StrCat("c", c), 5);
  }
  std::fprintf(stderr, "unavailable=%d\n", unavailable);
  _exit(0);
}

TEST(ShortageDeathTest, CollectionsOpenOnceThereAreDescriptors) {
  DeathTestDirectory directory;
  EXPECT_EXIT(OpenWithFewDescriptors(directory.path()), ::testing::ExitedWithCode(0),
              "unavailable=");
}

[[noreturn]] void StartOnAFullDisk(const std::string& directory) {
  signal(SIGXFSZ, SIG_IGN);
  {
    auto database = OpenWatched(directory);
    auto made = MustCreate(*database, "c", ConfigOf({SpaceOf("", kDim)}));
    for (uint64_t id = 0; id < 50; ++id) Require(UpsertOne(*made, id, VectorOf(id)).ok(), "upsert");
  }
  Limit(RLIMIT_FSIZE, 1);
  auto database = OpenWatched(directory);
  const CollectionInfo info = *database->GetInfo("c");
  const absl::Status status = database->GetCollection("c").status();
  const absl::Status dropped = database->DeleteCollection("none");
  Limit(RLIMIT_FSIZE, RLIM_INFINITY);  // before anything is printed: stderr may be a file
  Require(info.status == CollectionStatus::kUnavailable, "status: " + info.error);
  Require(absl::IsUnavailable(status), status.ToString());
  Require(status.message().find("disk is full") != std::string::npos, status.ToString());
  Require(absl::IsNotFound(dropped), dropped.ToString());
  AwaitStatus(*database, "c", CollectionStatus::kReady);
  RequirePoints(*database, "c", 50);
  _exit(0);
}

TEST(ShortageDeathTest, StartOnAFullDiskQuarantinesNothing) {
  DeathTestDirectory directory;
  EXPECT_EXIT(StartOnAFullDisk(directory.path()), ::testing::ExitedWithCode(0), "");
}

TEST(ShortageTest, DamageIsNotTakenForAShortage) {
  EXPECT_TRUE(IsShortage(StatusOfErrorText("IO error: x: Too many open files")));
  EXPECT_TRUE(IsShortage(StatusOfErrorText("IO error: No space left on device: x")));
  EXPECT_TRUE(IsShortage(StatusOfErrorText("IO error: While lock file: Permission denied")));
  EXPECT_TRUE(absl::IsInternal(StatusOfErrorText("IO error: Input/output error")));
  EXPECT_TRUE(absl::IsNotFound(StatusOfErrno(ENOENT, "x")));
  EXPECT_FALSE(IsShortage(absl::DataLossError("checksum")));
}

// The observer hears of every change once, in order, with the cause.
[[noreturn]] void ReportHealth(const std::string& directory) {
  signal(SIGXFSZ, SIG_IGN);
  absl::Mutex mutex;
  std::vector<CollectionHealth> heard;
  DatabaseOptions options = OptionsFor(directory);
  options.health_interval = absl::Milliseconds(10);
  options.on_health = [&](const CollectionHealth& health) {
    absl::MutexLock lock(&mutex);
    heard.push_back(health);
  };
  auto database = *Database::Open(options);
  auto made = MustCreate(*database, "c", ConfigOf({SpaceOf("", kDim)}));
  Limit(RLIMIT_FSIZE, 100'000);
  absl::Status refusal;
  WriteUntilRefused(*made, refusal);
  AwaitStatus(*database, "c", CollectionStatus::kReadOnly);
  absl::SleepFor(absl::Milliseconds(100));
  Limit(RLIMIT_FSIZE, RLIM_INFINITY);
  AwaitStatus(*database, "c", CollectionStatus::kReady);
  database.reset();
  Require(heard.size() == 2, absl::StrCat(heard.size(), " reports"));
  Require(heard[0].name == "c" && heard[0].status == CollectionStatus::kReadOnly, "first");
  Require(heard[0].error.find("disk is full") != std::string::npos, heard[0].error);
  Require(heard[1].status == CollectionStatus::kReady && heard[1].error.empty(), "second");
  _exit(0);
}

TEST(ShortageDeathTest, EveryChangeOfHealthIsReportedOnce) {
  DeathTestDirectory directory;
  EXPECT_EXIT(ReportHealth(directory.path()), ::testing::ExitedWithCode(0), "");
}

}  // namespace shortage_test
}  // namespace tqdb::storage
