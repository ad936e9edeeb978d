#include "core/space/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

namespace tqdb {
namespace arena_test {

bool IsAll(const Arena& arena, uint8_t value) {
  for (size_t i = 0; i < arena.bytes(); ++i) {
    if (arena.data()[i] != value) return false;
  }
  return true;
}

TEST(ArenaTest, NeighboursAreZeroedApartAndOutliveTheirSlab) {
  constexpr size_t kBytes = (3 << 20) + 100;  // not whole pages; 30 of them need several slabs
  auto slab = std::make_unique<ArenaSlab>();
  std::vector<Arena> arenas;
  for (uint8_t i = 0; i < 30; ++i) {
    arenas.push_back(slab->Take(kBytes));
    EXPECT_GE(arenas.back().bytes(), kBytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arenas.back().data()) % Arena::kPage, 0u);
    ASSERT_TRUE(IsAll(arenas.back(), 0));
    std::memset(arenas.back().data(), i + 1, arenas.back().bytes());
  }
  slab.reset();
  // Freeing every second arena leaves its neighbours alone.
  for (size_t i = 0; i < arenas.size(); i += 2) arenas[i] = Arena();
  for (size_t i = 1; i < arenas.size(); i += 2)
    EXPECT_TRUE(IsAll(arenas[i], static_cast<uint8_t>(i + 1)));
}

TEST(ArenaTest, SplitsAndMoves) {
  Arena arena(5 * Arena::kPage);
  uint8_t* const data = arena.data();
  data[0] = 1;
  data[2 * Arena::kPage] = 2;
  Arena front = arena.Split(2 * Arena::kPage);
  EXPECT_EQ(front.data(), data);
  EXPECT_EQ(front.bytes(), 2 * Arena::kPage);
  EXPECT_EQ(arena.data(), data + 2 * Arena::kPage);
  front = Arena();
  EXPECT_EQ(arena.data()[0], 2);
  Arena moved = std::move(arena);
  EXPECT_EQ(moved.data()[0], 2);
  EXPECT_EQ(moved.bytes(), 3 * Arena::kPage);
}

}  // namespace arena_test
}  // namespace tqdb
