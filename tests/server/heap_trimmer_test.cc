// Tests when the heap is trimmed, on a heap whose free bytes the test sets, and that a trim gives
// memory back, on the heap of this process.
#include "server/heap_trimmer.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb::server {
namespace heap_trimmer_test {

constexpr size_t kMiB = size_t{1} << 20;

// Counts trims of a heap whose free bytes the test sets.
class HeapTrimmerTest : public ::testing::Test {
 protected:
  size_t TrimsAfter(const std::vector<size_t>& free_mib) {
    for (const size_t mib : free_mib) {
      free_ = mib * kMiB;
      trimmer_.Tick();
    }
    return trims_;
  }

  size_t free_ = 0;
  size_t trims_ = 0;
  HeapTrimmer trimmer_{{[this] { return free_; }, [this] { ++trims_; }}};
};

TEST_F(HeapTrimmerTest, TrimsWhatIsFreeAndHardlyChanges) {
  EXPECT_EQ(TrimsAfter({900, 400}), 0u);
  EXPECT_EQ(TrimsAfter({390}), 1u);
}

TEST_F(HeapTrimmerTest, LeavesAHeapAloneThatIsInUse) {
  EXPECT_EQ(TrimsAfter({100, 400, 100, 300, 900, 200, 40}), 0u);
}

TEST_F(HeapTrimmerTest, LeavesLittleAlone) { EXPECT_EQ(TrimsAfter({31, 31, 31, 31}), 0u); }

// A trim that cannot give everything back must not be repeated at every look.
TEST_F(HeapTrimmerTest, DoesNotRepeatATrimUntilMoreIsFree) {
  EXPECT_EQ(TrimsAfter({400, 400, 400, 400, 410, 410}), 1u);
  EXPECT_EQ(TrimsAfter({600, 600}), 2u);
  // Memory that was used meanwhile and freed again counts anew.
  EXPECT_EQ(TrimsAfter({50, 600, 600}), 3u);
}

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Sanitizers bring an allocator of their own, which malloc_trim does not reach.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#if !defined(__has_feature)
#define TQDB_HAS_PLAIN_MALLOC 1
#elif !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define TQDB_HAS_PLAIN_MALLOC 1
#endif
#endif
#if defined(TQDB_HAS_PLAIN_MALLOC)
TEST(ProcessHeapTest, GivesFreedMemoryBackToTheSystem) {
  // Small blocks, every 64th of which stays, so that the heap cannot shrink from its end.
  std::vector<void*> blocks;
  for (size_t i = 0; i < 256 * kMiB / 1024; ++i) {
    blocks.push_back(std::malloc(1008));
    *static_cast<char*>(blocks.back()) = 1;
  }
  std::vector<void*> kept;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 64 == 0) {
      kept.push_back(blocks[i]);
    } else {
      std::free(blocks[i]);
    }
  }
  const size_t before = ResidentBytes();
  HeapTrimmer trimmer;
  for (int tick = 0; tick < 3; ++tick) trimmer.Tick();
  EXPECT_LT(ResidentBytes() + 150 * kMiB, before);
  for (void* block : kept) std::free(block);
}
#endif

}  // namespace heap_trimmer_test
}  // namespace tqdb::server
