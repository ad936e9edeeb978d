// Compares the id index with a std::map under random operations, and bounds its memory.
#include "storage/memory/id_index.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/support/random.h"

namespace tqdb::storage {
namespace id_index_test {

struct Place {
  uint64_t row;
  std::vector<Slot> slots;
};

// The parameter is the number of spaces. From two on, slots lie in a pool (id_index.h).
class IdIndexTest : public ::testing::TestWithParam<size_t> {};

TEST_P(IdIndexTest, AnswersLikeAMap) {
  const size_t num_spaces = GetParam();
  IdIndex index(num_spaces);
  std::map<PointId, Place> model;
  testing::Gaussian random(11);
  for (int step = 0; step < 20000; ++step) {
    const uint64_t number = random.Below(500);
    const PointId id =
        random.Below(2) == 0 ? PointId::Number(number) : PointId::Uuid(number % 7, number);
    std::vector<Slot> slots(num_spaces);
    for (Slot& slot : slots) slot = random.Below(4) == 0 ? kNoSlot : random.Word() >> 1;
    switch (random.Below(4)) {
      case 0:
        index.Erase(id);
        model.erase(id);
        break;
      case 1: {
        // The point mostly has another row, as after it was replaced. Then nothing may change.
        const uint64_t row = random.Below(20000);
        const size_t space = random.Below(num_spaces);
        index.SetSlot(id, row, space, 77);
        if (auto it = model.find(id); it != model.end() && it->second.row == row) {
          it->second.slots[space] = 77;
        }
        break;
      }
      default:
        index.Set(id, static_cast<uint64_t>(step), slots);
        model[id] = {static_cast<uint64_t>(step), slots};
    }
    std::vector<Slot> got(num_spaces);
    const auto row = index.Find(id, absl::MakeSpan(got));
    const auto it = model.find(id);
    ASSERT_EQ(row.has_value(), it != model.end());
    if (row) {
      ASSERT_EQ(*row, it->second.row);
      ASSERT_EQ(got, it->second.slots);
      ASSERT_EQ(index.FindRow(id), row);
    }
    ASSERT_EQ(index.size(), model.size());
  }
  for (const auto& [id, place] : model) EXPECT_EQ(index.FindRows({&id, 1})[0], place.row);
}

INSTANTIATE_TEST_SUITE_P(Spaces, IdIndexTest, ::testing::Values(1, 2, 16));

// Every point pays this memory, so a larger entry must not go unnoticed. The lower bound, the size
// of an entry alone, catches a count that leaves the table out.
TEST(IdIndexTest, NumberedPointOfOneSpaceCostsAtMost58Bytes) {
  IdIndex index(1);
  const Slot slot = 0;
  for (uint64_t i = 0; i < 100'000; ++i) index.Set(PointId::Number(i), i, {&slot, 1});
  EXPECT_LE(index.memory_bytes(), 100'000 * 58);
  EXPECT_GE(index.memory_bytes(), 100'000 * 24);
}

}  // namespace id_index_test
}  // namespace tqdb::storage
