// Memory and disk of collections that few points were written to: what they hold must follow what
// is in them, and all write buffers together must keep their bound.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/disk/open_stores.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace write_buffers_test {

constexpr size_t kDim = 64;

// Bytes of disk that the files below a directory occupy, reserved ones included.
uint64_t OccupiedBytes(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status;
    if (stat(entry.path().c_str(), &status) == 0) {
      bytes += static_cast<uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

std::vector<TestPoint> RandomPoints(testing::Gaussian& random, size_t count) {
  std::vector<TestPoint> points;
  for (size_t i = 0; i < count; ++i) {
    points.push_back({PointId::Number(i), {{"", random.Vector(kDim)}}, R"({"key": "value"})"});
  }
  return points;
}

class FakeStore : public OpenStores::Member {
 public:
  explicit FakeStore(uint64_t bytes) : bytes_(bytes) {}
  uint64_t UnflushedBytes() const override { return bytes_; }
  void StartFlush() override {
    ++flushes;
    bytes_ = 0;
  }
  int flushes = 0;

 private:
  uint64_t bytes_;
};

TEST(WriteBuffersTest, TheLargestStoreIsFlushedAndSmallOnesAreLeftAlone) {
  OpenStores stores;
  FakeStore small(100 << 10), large(9 << 20), medium(5 << 20), gone(20 << 20);
  for (FakeStore* store : {&small, &large, &gone, &medium}) stores.Add(store);
  stores.Remove(&gone);
  stores.FlushLargest();
  EXPECT_EQ(large.flushes, 1);
  EXPECT_EQ(medium.flushes, 0);
  for (int i = 0; i < 3; ++i) stores.FlushLargest();
  EXPECT_EQ(medium.flushes, 1);
  EXPECT_EQ(large.flushes, 1);
  EXPECT_EQ(small.flushes, 0);
  EXPECT_EQ(gone.flushes, 0);
}

TEST(WriteBuffersTest, CollectionsThatAreWrittenOnceKeepTheBoundTogether) {
  TempDirectory directory;
  DatabaseOptions options = OptionsFor(directory.path());
  options.write_buffer_bytes = 8 << 20;
  const auto database = Database::Open(options);
  ASSERT_TRUE(database.ok()) << database.status();
  testing::Gaussian random(77);
  std::vector<std::shared_ptr<Collection>> collections;
  const std::vector<TestPoint> points = RandomPoints(random, 2000);
  const auto unflushed = [&] {
    uint64_t bytes = 0;
    for (const auto& collection : collections) bytes += collection->Info().write_buffer_bytes;
    return bytes;
  };
  for (int c = 0; c < 24; ++c) {
    collections.push_back(
        MustCreate(**database, absl::StrCat("c", c), ConfigOf({SpaceOf("", kDim)})));
    ASSERT_TRUE(UpsertPoints(*collections.back(), points).ok());
  }
  // Flushes run in the background.
  for (int i = 0; i < 200 && unflushed() > options.write_buffer_bytes; ++i) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_LE(unflushed(), options.write_buffer_bytes);
  for (const auto& collection : collections) {
    EXPECT_EQ(collection->Info().status, CollectionStatus::kReady);
    EXPECT_EQ(collection->Info().points, points.size());
  }
}

TEST(WriteBuffersTest, ACollectionOfOnePointIsSmallOnDiskAndInMemory) {
  TempDirectory directory;
  const auto database = MustOpen(directory.path());
  testing::Gaussian random(78);
  constexpr int kCollections = 8;
  const uint64_t before = OccupiedBytes(directory.path());
  uint64_t unflushed = 0;
  for (int c = 0; c < kCollections; ++c) {
    const auto collection =
        MustCreate(*database, absl::StrCat("c", c), ConfigOf({SpaceOf("", kDim)}));
    ASSERT_TRUE(UpsertPoints(*collection, RandomPoints(random, 1), Durability::kSync).ok());
    unflushed += collection->Info().write_buffer_bytes;
  }
  EXPECT_LE((OccupiedBytes(directory.path()) - before) / kCollections, 256u << 10);
  EXPECT_LE(unflushed / kCollections, 512u << 10);
}

}  // namespace write_buffers_test
}  // namespace tqdb::storage
