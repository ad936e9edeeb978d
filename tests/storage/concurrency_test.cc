// Tests one collection that many threads read and write at once. Readers check the invariants while
// writers run, because a fault may have healed by the end. ThreadSanitizer finds races here that
// the checks do not see, so run the test under it, too.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace concurrency_test {

constexpr size_t kDim = 24;
constexpr uint64_t kPoints = 400;

// The vector of a point tells its id and version, and the payload tells the same. A reader for
// which they disagree has seen half a write.
std::vector<float> VectorOf(uint64_t id, uint64_t version) {
  testing::Gaussian random(id);
  std::vector<float> vector = random.Vector(kDim);
  for (float& value : vector) value += 1.0f;
  vector[0] = static_cast<float>(id);
  vector[1] = static_cast<float>(version % 1000);
  return vector;
}

std::string PayloadOf(uint64_t id, uint64_t version) {
  return "{\"id\": " + std::to_string(id) + ", \"version\": " + std::to_string(version % 1000) +
         "}";
}

void ExpectWhole(const PointRecord& record) {
  ASSERT_EQ(record.vectors.size(), 1u);
  const std::vector<float>& vector = record.vectors[0].values;
  ASSERT_EQ(vector[0], static_cast<float>(record.id.low));
  ASSERT_EQ(record.payload, PayloadOf(record.id.low, static_cast<uint64_t>(vector[1])));
}

class ConcurrencyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    CollectionConfig config = ConfigOf({SpaceOf("", kDim)});
    config.spaces[0].codec.metric = Metric::kL2;
    collection_ = MustCreate(*database_, "c", config);
  }
  absl::Status Write(uint64_t id, uint64_t version, Durability durability = Durability::kAsync) {
    return UpsertPoints(
               *collection_,
               {{PointId::Number(id), {{"", VectorOf(id, version)}}, PayloadOf(id, version)}},
               durability)
        .status();
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
};

// Ids below kPoints always exist and are replaced all the time. The next kPoints ids come and go.
TEST_F(ConcurrencyTest, ReadersSeeWholePointsAndMissNoneWhileWritersReplaceThem) {
  for (uint64_t id = 0; id < kPoints; ++id) ASSERT_TRUE(Write(id, 0).ok());
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      testing::Gaussian random(t);
      for (uint64_t i = 0; i < 1500; ++i) {
        const uint64_t id = random.Below(kPoints);
        ASSERT_TRUE(
            Write(id, random.Word(), i % 50 == 0 ? Durability::kSync : Durability::kAsync).ok());
        const uint64_t passing = kPoints + random.Below(kPoints);
        if (random.Below(2) == 0) {
          ASSERT_TRUE(Write(passing, i).ok());
        } else {
          const PointId gone = PointId::Number(passing);
          ASSERT_TRUE(collection_->Delete({&gone, 1}, Durability::kAsync).ok());
        }
        if (i % 500 == 0) {
          ASSERT_TRUE(collection_->Flush(/*settle=*/i % 1000 == 0).ok());
        }
      }
    });
  }
  const Select both = {.payload = true, .vectors = true};
  std::atomic<uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (uint64_t t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      testing::Gaussian random(50 + t);
      while (!stop) {
        ++reads;
        std::vector<PointId> ids;
        for (int i = 0; i < 20; ++i) ids.push_back(PointId::Number(random.Below(kPoints)));
        const auto got = collection_->Get(ids, both);
        ASSERT_TRUE(got.ok()) << got.status();
        ASSERT_EQ(got->size(), ids.size());
        for (const PointRecord& record : *got) ExpectWhole(record);

        const auto page = collection_->Scroll(nullptr, {.limit = 2 * kPoints, .select = both});
        ASSERT_TRUE(page.ok()) << page.status();
        ASSERT_GE(page->points.size(), kPoints);
        for (size_t i = 0; i < page->points.size(); ++i) {
          ExpectWhole(page->points[i]);
          if (i < kPoints) {
            ASSERT_EQ(page->points[i].id.low, i);
          }
        }

        SearchSpec spec;
        spec.limit = 2 * kPoints;
        spec.error_bound = 10;
        spec.select = both;
        spec.exact = random.Below(4) == 0;
        spec.rerank = random.Below(4) == 0;
        spec.oversampling = 1;
        const std::vector<float> query = VectorOf(random.Below(kPoints), 1);
        const auto found = collection_->Search(MatrixView(query.data(), 1, kDim), spec);
        ASSERT_TRUE(found.ok()) << found.status();
        std::set<uint64_t> distinct;
        for (const PointRecord& record : (*found)[0]) {
          ExpectWhole(record);
          ASSERT_TRUE(distinct.insert(record.id.low).second) << "twice in one answer";
        }
        // An exact search reads one state of the disk, and every lasting point is in it.
        if (spec.exact) {
          ASSERT_GE(distinct.size(), kPoints);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  for (std::thread& thread : readers) thread.join();
  EXPECT_GT(reads, 0u);

  const std::vector<std::string> before = DumpText(*collection_);
  collection_.reset();
  database_.reset();
  database_ = MustOpen(directory_.path());
  collection_ = MustGet(*database_, "c");
  EXPECT_EQ(DumpText(*collection_), before);
}

// Each thread writes, reads and deletes a point of its own. It must always read its last
// acknowledged write, although writes of all threads are committed in shared groups.
TEST_F(ConcurrencyTest, WritesOfOneThreadToAPointAreAppliedInOrder) {
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t version = 1; version <= 300; ++version) {
        ASSERT_TRUE(Write(t, version).ok());
        if (version % 7 == 0) {
          const PointId id = PointId::Number(t);
          const auto deleted = collection_->Delete({&id, 1}, Durability::kAsync);
          ASSERT_TRUE(deleted.ok());
          ASSERT_EQ(*deleted, 1u);
          ASSERT_TRUE(collection_->Get({&id, 1}, {})->empty());
          ASSERT_TRUE(Write(t, version).ok());
        }
        const PointId id = PointId::Number(t);
        const auto got = collection_->Get({&id, 1}, {.payload = true});
        ASSERT_TRUE(got.ok());
        ASSERT_EQ(got->size(), 1u);
        ASSERT_EQ((*got)[0].payload, PayloadOf(t, version));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(collection_->Count(), 6u);
}

}  // namespace concurrency_test
}  // namespace tqdb::storage
