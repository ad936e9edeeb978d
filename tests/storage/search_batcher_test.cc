// Tests that callers who share a pass get the hits that they would get alone, and that they do
// share. The number of passes shows the latter. Where callers have to gather, a test holds a pass
// open.
#include "storage/memory/search_batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/support/random.h"

namespace tqdb::storage {
namespace search_batcher_test {

constexpr size_t kDim = 32;

class SearchBatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CodecOptions options;
    options.dim = kDim;
    space_ = *VectorSpace::Create(options);
    std::vector<uint8_t> code(space_->codec().code_bytes());
    for (uint64_t row = 0; row < 3000; ++row) {
      const std::vector<float> x = random_.UnitVector(kDim);
      space_->codec().Encode(MatrixView(x.data(), 1, kDim), nullptr, code.data());
      ASSERT_TRUE(space_->Append(PointId::Number(row), row, code.data()).ok());
    }
  }

  static std::vector<std::pair<uint64_t, float>> Flat(const std::vector<std::vector<Hit>>& lists) {
    std::vector<std::pair<uint64_t, float>> flat;
    for (const auto& hits : lists) {
      for (const Hit& hit : hits) flat.emplace_back(hit.row, hit.score);
    }
    return flat;
  }

  testing::Gaussian random_{5};
  std::unique_ptr<VectorSpace> space_;
};

// Twelve threads search at once, with different limits and thresholds. The oracle is the same
// search on the space, without a batcher.
TEST_F(SearchBatcherTest, EveryCallerGetsWhatItWouldHaveGotAlone) {
  SearchBatcher batcher(*space_, /*max_threads=*/1);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 12; ++t) {
    threads.emplace_back([&, t] {
      testing::Gaussian random(100 + t);
      for (int i = 0; i < 40; ++i) {
        const size_t n = 1 + random.Below(i % 8 == 0 ? 40 : 3);
        std::vector<float> queries;
        for (size_t q = 0; q < n; ++q) {
          const std::vector<float> x = random.UnitVector(kDim);
          queries.insert(queries.end(), x.begin(), x.end());
        }
        SearchOptions options;
        options.top_k = t % 3 == 0 ? 5 : 10;
        if (random.Below(2) == 0) options.score_threshold = 0.3f + 0.1f * static_cast<float>(t % 3);
        const MatrixView view(queries.data(), n, kDim);
        const auto grouped = batcher.Search(view, options);
        const auto alone = space_->Search(view, options);
        ASSERT_TRUE(grouped.ok() && alone.ok());
        ASSERT_EQ(grouped->size(), n);
        ASSERT_EQ(Flat(*grouped), Flat(*alone));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(batcher.stats().passes, 12u * 40);
}

// Occupies a pass with a search that does not end before Release.
class HeldPass {
 public:
  HeldPass(SearchBatcher& batcher, MatrixView query) {
    options_.cancelled = [this] {
      running_ = true;
      while (held_) absl::SleepFor(absl::Milliseconds(1));
      return false;
    };
    thread_ =
        std::thread([&batcher, query, this] { EXPECT_TRUE(batcher.Search(query, options_).ok()); });
    while (!running_) absl::SleepFor(absl::Milliseconds(1));
  }
  void Release() {
    held_ = false;
    thread_.join();
  }

 private:
  std::atomic<bool> running_{false}, held_{true};
  SearchOptions options_;
  std::thread thread_;
};

TEST_F(SearchBatcherTest, CallersThatWaitShareOnePass) {
  SearchBatcher batcher(*space_, 1);
  const std::vector<float> query = random_.UnitVector(kDim);
  const MatrixView view(query.data(), 1, kDim);
  HeldPass held(batcher, view);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] { EXPECT_TRUE(batcher.Search(view, SearchOptions()).ok()); });
  }
  absl::SleepFor(absl::Milliseconds(100));
  held.Release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(batcher.stats().queries, 9u);
  EXPECT_EQ(batcher.stats().passes, 2u);
}

// With two threads and many callers, two passes run side by side. The first must not take all
// callers, or the second thread would have nothing to do.
TEST_F(SearchBatcherTest, PassesSideBySideShareACrowd) {
  SearchBatcher batcher(*space_, 2);
  const std::vector<float> query = random_.UnitVector(kDim);
  const MatrixView view(query.data(), 1, kDim);
  HeldPass first(batcher, view), second(batcher, view);  // all threads are taken
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] { EXPECT_TRUE(batcher.Search(view, SearchOptions()).ok()); });
  }
  absl::SleepFor(absl::Milliseconds(100));
  // One of two passes takes half of the 14 queries, rounded up to fours. It leaves the others to
  // the next pass, although there would be room for all.
  first.Release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(batcher.stats().queries, 14u);
  EXPECT_EQ(batcher.stats().passes, 4u);  // of 1, 1, 8 and 4 queries
  second.Release();
}

// 64 queries of one caller fill a pass. They are not split over two passes, because passes share
// callers and not queries.
TEST_F(SearchBatcherTest, ALargeCallerIsOnePassWhateverItsSize) {
  SearchBatcher batcher(*space_, 2);
  testing::Gaussian random(9);
  std::vector<float> queries;
  for (int q = 0; q < 64; ++q) {
    const std::vector<float> x = random.UnitVector(kDim);
    queries.insert(queries.end(), x.begin(), x.end());
  }
  const MatrixView view(queries.data(), 64, kDim);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(batcher.Search(view, SearchOptions()).ok());
  EXPECT_EQ(batcher.stats().passes, 3u);
  EXPECT_EQ(batcher.stats().queries, 192u);
}

// A caller that has gone must not wait for the pass before it, and must not end the search of those
// who would share a pass with it.
TEST_F(SearchBatcherTest, CancelledCallerLeavesTheOthersAlone) {
  SearchBatcher batcher(*space_, 1);
  const std::vector<float> query = random_.UnitVector(kDim);
  const MatrixView view(query.data(), 1, kDim);
  HeldPass held(batcher, view);
  std::atomic<bool> cancel{false};
  std::atomic<int> cancelled{0}, served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      SearchOptions options;
      if (t % 2 == 0) options.cancelled = [&] { return cancel.load(); };
      const auto result = batcher.Search(view, options);
      if (result.ok()) ++served;
      if (absl::IsCancelled(result.status())) ++cancelled;
    });
  }
  absl::SleepFor(absl::Milliseconds(50));
  cancel = true;
  while (cancelled < 3)
    absl::SleepFor(absl::Milliseconds(1));  // they go while the pass is still held
  held.Release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 3);
}

}  // namespace search_batcher_test
}  // namespace tqdb::storage
