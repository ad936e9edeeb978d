// Tests the database as a directory of collections: creating, listing and dropping them, names and
// configurations that are refused, and directories as a crash, another release or a bad disk leaves
// them. Many tests change the files themselves and open the database again.
#include "storage/api/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace database_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::vector<std::string> Names(const Database& database) {
  std::vector<std::string> names;
  for (const CollectionInfo& info : database.ListCollections()) names.push_back(info.name);
  return names;
}

void FillSmall(Collection& collection, size_t dim, uint64_t points) {
  testing::Gaussian random(3);
  for (uint64_t i = 0; i < points; ++i) {
    ASSERT_TRUE(UpsertOne(collection, i, random.Vector(dim), R"({"n": 1})").ok());
  }
}

// Returns the path of a file in `directory` whose name contains `part`; empty if there is none.
std::string FindFile(const std::string& directory, const std::string& part) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().string().find(part) != std::string::npos)
      return entry.path().string();
  }
  return "";
}

// Changes one byte of a file, as a bad sector would.
void FlipByte(const std::string& path, size_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x55);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
  ASSERT_TRUE(file.good());
}

TEST(DatabaseTest, CollectionsAreCreatedListedAndDroppedAndSurviveReopening) {
  TempDirectory directory;
  {
    auto database = MustOpen(directory.path());
    EXPECT_TRUE(Names(*database).empty());
    CollectionConfig config = ConfigOf({SpaceOf("", 16), SpaceOf("title", 8)});
    // The second space differs from every default, so that an option that is not stored would be
    // noticed.
    config.spaces[1].codec.metric = Metric::kL2;
    config.spaces[1].codec.code_bits = 2;
    config.spaces[1].codec.residual = Residual::kNone;
    config.spaces[1].codec.seed = 99;
    config.spaces[1].centering = Centering::kOff;
    config.spaces[1].store_vectors = StoreVectors::kF16;
    config.metadata = {{"owner", "me"}};
    MustCreate(*database, "b", config);
    MustCreate(*database, "a.b-c_D9", ConfigOf({SpaceOf("", 16)}));
    MustCreate(*database, "gone", ConfigOf({SpaceOf("", 16)}));
    EXPECT_TRUE(absl::IsAlreadyExists(database->CreateCollection("b", config).status()));
    EXPECT_TRUE(database->DeleteCollection("gone").ok());
    EXPECT_TRUE(absl::IsNotFound(database->DeleteCollection("gone")));
    EXPECT_TRUE(absl::IsNotFound(database->GetCollection("gone").status()));
    EXPECT_TRUE(absl::IsNotFound(database->GetInfo("gone").status()));
    EXPECT_TRUE(MustGet(*database, "b")->SetMetadata({{"owner", "you"}}).ok());
  }
  auto database = MustOpen(directory.path());
  EXPECT_EQ(Names(*database), (std::vector<std::string>{"a.b-c_D9", "b"}));
  const CollectionConfig config = *MustGet(*database, "b")->config();
  ASSERT_EQ(config.spaces.size(), 2u);
  EXPECT_EQ(config.spaces[0].codec.dim, 16u);
  EXPECT_EQ(config.spaces[1].name, "title");
  EXPECT_EQ(config.spaces[1].codec.metric, Metric::kL2);
  EXPECT_EQ(config.spaces[1].codec.code_bits, 2);
  EXPECT_EQ(config.spaces[1].codec.residual, Residual::kNone);
  EXPECT_EQ(config.spaces[1].codec.seed, 99u);
  EXPECT_EQ(config.spaces[1].centering, Centering::kOff);
  EXPECT_EQ(config.spaces[1].store_vectors, StoreVectors::kF16);
  EXPECT_EQ(config.metadata.at("owner"), "you");
  EXPECT_FALSE(fs::exists(directory.path() + "/collections/gone"));
}

TEST(DatabaseTest, NamesThatCouldLeaveTheDirectoryAreRefused) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("a/b"),
        std::string("/etc"), std::string("a\0b", 3), std::string(".hidden"), std::string("a b"),
        std::string("\xc3\xa9"), std::string(65, 'a')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        database->CreateCollection(name, ConfigOf({SpaceOf("", 16)})).status()))
        << name;
    EXPECT_TRUE(absl::IsInvalidArgument(database->GetCollection(name).status())) << name;
    EXPECT_TRUE(absl::IsInvalidArgument(database->DeleteCollection(name))) << name;
  }
  MustCreate(*database, std::string(64, 'a'), ConfigOf({SpaceOf("", 16)}));
  EXPECT_EQ(Names(*database).size(), 1u);
}

TEST(DatabaseTest, BadConfigurationsAreRefusedByField) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  const auto message = [&](const CollectionConfig& config) {
    const absl::Status status = database->CreateCollection("c", config).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(message(ConfigOf({})), HasSubstr("vector_spaces"));
  EXPECT_THAT(message(ConfigOf(std::vector<VectorSpaceConfig>(17, SpaceOf("", 8)))),
              HasSubstr("17"));
  EXPECT_THAT(message(ConfigOf({SpaceOf("x", 8), SpaceOf("x", 8)})),
              HasSubstr("names must differ"));
  EXPECT_THAT(message(ConfigOf({SpaceOf("", 0)})), HasSubstr("dim is 0"));
  EXPECT_THAT(message(ConfigOf({SpaceOf("", 16385)})), HasSubstr("1 to 16384"));
  EXPECT_THAT(message(ConfigOf({SpaceOf("a/b", 8)})), HasSubstr("name"));
  EXPECT_THAT(message(ConfigOf({SpaceOf(std::string(65, 'x'), 8)})), HasSubstr("name"));
  CollectionConfig config = ConfigOf({SpaceOf("", 8)});
  for (const int bits : {0, 5, 6, 7, 9, -1}) {
    config.spaces[0].codec.code_bits = bits;
    EXPECT_THAT(message(config), HasSubstr("code_bits"));
  }
  config = ConfigOf({SpaceOf("", 8)});
  config.spaces[0].codec.metric = static_cast<Metric>(9);
  EXPECT_THAT(message(config), HasSubstr("metric is 9"));
  config = ConfigOf({SpaceOf("", 8)});
  config.spaces[0].codec.residual = static_cast<Residual>(0);
  EXPECT_THAT(message(config), HasSubstr("residual"));
  config = ConfigOf({SpaceOf("", 8)});
  config.spaces[0].centering = static_cast<Centering>(7);
  EXPECT_THAT(message(config), HasSubstr("centering"));
  config = ConfigOf({SpaceOf("", 8)});
  config.spaces[0].store_vectors = static_cast<StoreVectors>(0);
  EXPECT_THAT(message(config), HasSubstr("store_vectors"));
  config = ConfigOf({SpaceOf("", 8)});
  config.metadata["big"] = std::string(kMaxMetadataBytes + 1, 'x');
  EXPECT_THAT(message(config), HasSubstr("metadata"));
  EXPECT_TRUE(Names(*database).empty());
  EXPECT_TRUE(fs::is_empty(directory.path() + "/collections"));
}

TEST(DatabaseTest, SecondOpenOfADirectoryNamesTheHolder) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  const absl::Status status = Database::Open(OptionsFor(directory.path())).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(directory.path()));
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(getpid())));
  database.reset();
  EXPECT_TRUE(Database::Open(OptionsFor(directory.path())).ok());
}

// A build must not touch a directory whose format it does not know. It could destroy the data of a
// newer release.
TEST(DatabaseTest, ForeignFormatsAreRefusedAndLeftAlone) {
  for (const char* contents :
       {"tqdb data format 2\n", "tqdb data format 1", "", "something else"}) {
    TempDirectory directory;
    std::ofstream(directory.path() + "/FORMAT") << contents;
    const absl::Status status = Database::Open(OptionsFor(directory.path())).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_FALSE(fs::exists(directory.path() + "/collections"));
  }
  TempDirectory directory;
  std::ofstream(directory.path() + "/FORMAT") << "tqdb data format 2\n";
  EXPECT_THAT(std::string(Database::Open(OptionsFor(directory.path())).status().message()),
              HasSubstr("version 2"));
}

TEST(DatabaseTest, DirectoryThatIsAFileIsAnError) {
  TempDirectory directory;
  const std::string path = directory.path() + "/file";
  std::ofstream(path) << "x";
  EXPECT_FALSE(Database::Open(OptionsFor(path)).ok());
  EXPECT_FALSE(Database::Open(OptionsFor(path + "/below")).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Database::Open(OptionsFor("")).status()));
}

// A crash while a collection is made leaves files in tmp, and a crash while it is dropped leaves
// files in trash. Opening must remove both, and must not touch whole collections.
TEST(DatabaseTest, HalfMadeAndHalfDroppedCollectionsVanishAtOpen) {
  TempDirectory directory;
  {
    auto database = MustOpen(directory.path());
    MustCreate(*database, "whole", ConfigOf({SpaceOf("", 16)}));
  }
  fs::copy(directory.path() + "/collections/whole", directory.path() + "/tmp/half",
           fs::copy_options::recursive);
  fs::remove(directory.path() + "/tmp/half/CURRENT");
  fs::copy(directory.path() + "/collections/whole", directory.path() + "/trash/dropped.0",
           fs::copy_options::recursive);
  auto database = MustOpen(directory.path());
  EXPECT_EQ(Names(*database), std::vector<std::string>{"whole"});
  EXPECT_TRUE(fs::is_empty(directory.path() + "/tmp"));
  EXPECT_TRUE(fs::is_empty(directory.path() + "/trash"));
}

// Four threads use a collection while it is dropped. Each of their calls must end with success or
// with Unavailable. A drop that did not wait for calls in progress would close the store under
// them.
TEST(DatabaseTest, CallsOnADroppedCollectionAreRefusedOnceThoseUnderWayEnded) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", 16)}));
  FillSmall(*collection, 16, 50);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      testing::Gaussian random(t);
      for (uint64_t i = 0;; ++i) {
        const absl::Status written = UpsertOne(*collection, i % 100, random.Vector(16)).status();
        const absl::Status read =
            collection->Search(MatrixView(random.Vector(16).data(), 1, 16), {}).status();
        const PointId id = PointId::Number(i % 100);
        const absl::Status got =
            collection->Get({&id, 1}, {.payload = true, .vectors = true}).status();
        for (const absl::Status& status : {written, read, got}) {
          if (!status.ok()) {
            EXPECT_TRUE(absl::IsUnavailable(status)) << status;
          }
        }
        if (!written.ok() && !read.ok() && !got.ok()) return;
      }
    });
  }
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_TRUE(database->DeleteCollection("c").ok());
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(fs::exists(directory.path() + "/collections/c"));
  // The name is free again at once, and the old handle does not reach the new collection.
  MustCreate(*database, "c", ConfigOf({SpaceOf("", 8)}));
  EXPECT_TRUE(absl::IsUnavailable(UpsertOne(*collection, 1, std::vector<float>(16, 1)).status()));
}

// A way to damage the directory of one collection.
struct Damage {
  std::string name;
  std::function<void(const std::string& directory)> inflict;
};

// One damaged collection must not keep the database from serving the others. Each kind of damage is
// done to one of two collections, in a fresh copy of their directory.
TEST(DatabaseTest, DamagedCollectionIsQuarantinedAndTheOthersServe) {
  const std::vector<Damage> damages = {
      {"CURRENT missing", [](const std::string& d) { fs::remove(d + "/CURRENT"); }},
      {"CURRENT emptied", [](const std::string& d) { fs::resize_file(d + "/CURRENT", 0); }},
      {"MANIFEST cut", [](const std::string& d) { fs::resize_file(FindFile(d, "MANIFEST"), 20); }},
      {"MANIFEST missing", [](const std::string& d) { fs::remove(FindFile(d, "MANIFEST")); }},
      {"table file cut",
       [](const std::string& d) {
         const std::string file = FindFile(d, ".sst");
         fs::resize_file(file, fs::file_size(file) - 1);
       }},
      {"table file missing", [](const std::string& d) { fs::remove(FindFile(d, ".sst")); }},
      {"table files flipped",
       [](const std::string& d) {
         for (const auto& entry : fs::directory_iterator(d)) {
           if (entry.path().extension() == ".sst") FlipByte(entry.path().string(), 40);
         }
       }},
      {"blob file cut",
       [](const std::string& d) {
         const std::string file = FindFile(d, ".blob");
         fs::resize_file(file, fs::file_size(file) / 2);
       }},
      {"blob file missing", [](const std::string& d) { fs::remove(FindFile(d, ".blob")); }},
      {"everything missing",
       [](const std::string& d) {
         fs::remove_all(d);
         fs::create_directory(d);
       }},
  };
  TempDirectory pristine;
  {
    auto database = MustOpen(pristine.path());
    for (const char* name : {"bad", "good"}) {
      auto collection = MustCreate(*database, name, ConfigOf({SpaceOf("", 256)}));
      FillSmall(*collection, 256, 40);
    }
  }
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.name);
    TempDirectory directory;
    fs::copy(pristine.path(), directory.path(), fs::copy_options::recursive);
    damage.inflict(directory.path() + "/collections/bad");
    auto database = MustOpen(directory.path());
    const absl::Status status = database->GetCollection("bad").status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    const auto info = database->GetInfo("bad");
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->status, CollectionStatus::kQuarantined);
    EXPECT_FALSE(info->error.empty());
    EXPECT_EQ(Names(*database), (std::vector<std::string>{"bad", "good"}));
    EXPECT_TRUE(absl::IsAlreadyExists(
        database->CreateCollection("bad", ConfigOf({SpaceOf("", 8)})).status()));

    auto good = MustGet(*database, "good");
    EXPECT_EQ(Dump(*good).size(), 40u);
    EXPECT_EQ(good->Info().status, CollectionStatus::kReady);
    EXPECT_TRUE(UpsertOne(*good, 1000, std::vector<float>(256, 1)).ok());

    EXPECT_TRUE(database->DeleteCollection("bad").ok());
    EXPECT_TRUE(database->CreateCollection("bad", ConfigOf({SpaceOf("", 8)})).ok());
  }
}

// Two RocksDB on the same files would destroy them, whatever names lead there.
TEST(DatabaseTest, SecondNameOfADirectoryIsRefusedAndTheFirstStaysHealthy) {
  TempDirectory directory;
  TempDirectory outside;
  {
    auto database = MustOpen(directory.path());
    for (const char* name : {"good", "moved"}) {
      FillSmall(*MustCreate(*database, name, ConfigOf({SpaceOf("", 16)})), 16, 20);
    }
  }
  // A collection behind one link is served; "a" sorts before "good", and is the link all the same.
  const std::string collections = directory.path() + "/collections/";
  fs::rename(collections + "moved", outside.path() + "/moved");
  fs::create_directory_symlink(outside.path() + "/moved", collections + "moved");
  fs::create_directory_symlink(outside.path() + "/moved", collections + "moved_too");
  fs::create_directory_symlink("good", collections + "a");
  for (int round = 0; round < 3; ++round) {
    auto database = MustOpen(directory.path());
    for (const char* name : {"good", "moved"}) {
      auto collection = MustGet(*database, name);
      EXPECT_EQ(collection->Info().status, CollectionStatus::kReady);
      EXPECT_TRUE(UpsertOne(*collection, 100 + round, std::vector<float>(16, 1)).ok());
      EXPECT_EQ(Dump(*collection).size(), 21u + round);
    }
    EXPECT_THAT(std::string(database->GetCollection("a").status().message()),
                HasSubstr("second name of the directory of collection 'good'"));
    EXPECT_THAT(std::string(database->GetCollection("moved_too").status().message()),
                HasSubstr("second name of the directory of collection 'moved'"));
  }
  auto database = MustOpen(directory.path());
  EXPECT_TRUE(database->DeleteCollection("a").ok());
  EXPECT_EQ(Dump(*MustGet(*database, "good")).size(), 23u);
  // The directory of a dropped collection may be linked again, and its inode may come back.
  EXPECT_TRUE(database->DeleteCollection("good").ok());
  EXPECT_TRUE(database->CreateCollection("good", ConfigOf({SpaceOf("", 16)})).ok());
}

// Opens the collection again without a restart; a minute is far more than two tries take.
void AwaitAvailable(const Database& database, const std::string& name) {
  const absl::Time end = absl::Now() + absl::Minutes(1);
  while (!database.GetCollection(name).ok() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(20));
  }
}

TEST(DatabaseTest, LinkToAVolumeThatIsNotMountedIsUnavailableUntilItIs) {
  TempDirectory directory;
  TempDirectory outside;
  {
    auto database = MustOpen(directory.path());
    FillSmall(*MustCreate(*database, "c", ConfigOf({SpaceOf("", 16)})), 16, 20);
  }
  const std::string link = directory.path() + "/collections/c";
  fs::rename(link, outside.path() + "/elsewhere");
  fs::create_directory_symlink(outside.path() + "/c", link);
  DatabaseOptions options = OptionsFor(directory.path());
  options.health_interval = absl::Milliseconds(20);
  auto database = *Database::Open(options);
  const absl::Status status = database->GetCollection("c").status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is its volume mounted?"));
  EXPECT_EQ(Names(*database), std::vector<std::string>{"c"});
  EXPECT_TRUE(
      absl::IsAlreadyExists(database->CreateCollection("c", ConfigOf({SpaceOf("", 8)})).status()));
  fs::rename(outside.path() + "/elsewhere", outside.path() + "/c");
  AwaitAvailable(*database, "c");
  auto collection = MustGet(*database, "c");
  EXPECT_EQ(Dump(*collection).size(), 20u);
  EXPECT_TRUE(UpsertOne(*collection, 100, std::vector<float>(16, 1)).ok());
}

// Runs in a child: writes, and dies without closing anything, so that the log stays as it is.
[[noreturn]] void WriteAndDie(const std::string& directory, uint64_t batches) {
  auto database = MustOpen(directory);
  auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", 64)}));
  testing::Gaussian random(1);
  for (uint64_t i = 0; i < batches; ++i) {
    if (!UpsertOne(*collection, i, random.Vector(64), R"({"k": "v"})").ok()) _exit(1);
  }
  _exit(0);
}

// Returns the path of the largest log of RocksDB, which holds the records of the test.
std::string LargestLog(const std::string& directory) {
  std::string largest;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() != ".log") continue;
    if (largest.empty() || entry.file_size() > fs::file_size(largest))
      largest = entry.path().string();
  }
  return largest;
}

// A crash of the machine can cut off the last record of the log. Recovery must drop this record
// alone, and keep all records before it.
TEST(DatabaseDeathTest, LogTornAtItsEndLosesOnlyTheTornRecord) {
  DeathTestDirectory directory;
  EXPECT_EXIT(WriteAndDie(directory.path(), 200), ::testing::ExitedWithCode(0), "");
  const std::string log = LargestLog(directory.path() + "/collections/c");
  ASSERT_FALSE(log.empty());
  fs::resize_file(log, fs::file_size(log) - 3);
  auto database = MustOpen(directory.path());
  auto collection = MustGet(*database, "c");
  EXPECT_EQ(collection->Count(), 199u);
  EXPECT_EQ(Dump(*collection).size(), 199u);
  EXPECT_TRUE(UpsertOne(*collection, 199, std::vector<float>(64, 1)).ok());
}

// Damage with good records behind it is not a torn end. A recovery that stopped there would
// silently lose acknowledged records, so the collection must be quarantined.
TEST(DatabaseDeathTest, LogDamagedInTheMiddleIsQuarantinedAndNotCutShort) {
  DeathTestDirectory directory;
  EXPECT_EXIT(WriteAndDie(directory.path(), 400), ::testing::ExitedWithCode(0), "");
  const std::string log = LargestLog(directory.path() + "/collections/c");
  ASSERT_FALSE(log.empty());
  FlipByte(log, fs::file_size(log) / 2);
  auto database = MustOpen(directory.path());
  const absl::Status status = database->GetCollection("c").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

}  // namespace database_test
}  // namespace tqdb::storage
