#include "storage/payload/row_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "storage/payload/postings.h"
#include "storage/payload/sorted_postings.h"
#include "tests/support/random.h"

namespace tqdb::storage {
namespace row_set_test {

using ::testing::ElementsAreArray;
using testing::Gaussian;

// Returns a row with one of three upper halves, from a small or from a large range.
uint64_t RandomRow(Gaussian& random) {
  const uint64_t high = random.Below(3) * 5;
  return high << 32 | (random.Below(2) == 0 ? random.Below(100) : random.Below(1 << 20));
}

RowSet SetOf(const std::set<uint64_t>& rows) {
  RowSet set;
  for (const uint64_t row : rows) set.Add(row);
  return set;
}

TEST(RowSetTest, IsASetOf64BitNumbers) {
  Gaussian random(1);
  RowSet set;
  std::set<uint64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t row = RandomRow(random);
    if (random.Below(3) != 0) {
      set.Add(row);
      model.insert(row);
    } else {
      set.Remove(row);
      model.erase(row);
    }
    ASSERT_EQ(set.Contains(row), model.contains(row));
  }
  EXPECT_THAT(set.ToVector(), ElementsAreArray(model));
  std::vector<uint64_t> rows(model.begin(), model.end());
  rows.insert(rows.begin(), rows.begin(), rows.begin() + 100);
  EXPECT_EQ(RowSet::Of(rows), set);
  EXPECT_EQ(RowSet::Of({}), RowSet());
  EXPECT_EQ(set.size(), model.size());
  for (const uint64_t row : model) set.Remove(row);
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set, RowSet());
}

TEST(RowSetTest, RemoveFromLeavesTheRowsBelow) {
  Gaussian random(9);
  for (int round = 0; round < 300; ++round) {
    std::set<uint64_t> model;
    for (uint64_t n = random.Below(50); n > 0; --n) model.insert(RandomRow(random));
    RowSet set = SetOf(model);
    // Also from a row of the set, and from the first row of an upper half.
    uint64_t end = RandomRow(random) + random.Below(2);
    if (random.Below(4) == 0 && !model.empty()) end = *model.rbegin();
    if (random.Below(4) == 0) end = end >> 32 << 32;
    set.RemoveFrom(end);
    model.erase(model.lower_bound(end), model.end());
    ASSERT_EQ(set, SetOf(model)) << "from " << end;
    ASSERT_EQ(set.empty(), model.empty());
  }
}

TEST(RowSetTest, OperatorsAgreeWithStdSet) {
  Gaussian random(2);
  for (int round = 0; round < 300; ++round) {
    std::set<uint64_t> a, b, both, either, left;
    for (size_t n = random.Below(200); n > 0; --n) a.insert(RandomRow(random));
    for (size_t n = random.Below(200); n > 0; --n) b.insert(RandomRow(random));
    const auto into = [](std::set<uint64_t>& out) { return std::inserter(out, out.end()); };
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), into(both));
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), into(either));
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), into(left));
    EXPECT_EQ(SetOf(a) & SetOf(b), SetOf(both));
    EXPECT_EQ(SetOf(a) | SetOf(b), SetOf(either));
    EXPECT_EQ(SetOf(a) - SetOf(b), SetOf(left));
    EXPECT_EQ(SetOf(a) == SetOf(b), a == b);
    EXPECT_EQ(SetOf(a).IsSubsetOf(SetOf(b)), left.empty());
    EXPECT_TRUE(SetOf(both).IsSubsetOf(SetOf(b)));
    EXPECT_EQ((SetOf(a) - SetOf(a)).empty(), true);
  }
}

// Sets whose containers are arrays, bits and runs. The range of bits may begin anywhere.
TEST(RowSetTest, BitsAreThoseOfItsRows) {
  Gaussian random(6);
  for (int round = 0; round < 60; ++round) {
    const uint64_t high = (round % 3) * (uint64_t{1} << 32);
    const uint64_t first = high + random.Below(200'000) / 64 * 64;
    const size_t span = 1 + random.Below(400'000);
    RowSet rows;
    std::vector<uint64_t> want(span / 64 + 1);
    const auto add = [&](uint64_t bit) {
      rows.Add(first + bit);
      want[bit / 64] |= uint64_t{1} << (bit % 64);
    };
    for (uint64_t from = 0; from < span; from += 20'000) {
      const uint64_t every = 1 + random.Below(4) * random.Below(200);
      for (uint64_t bit = from; bit < std::min(from + 20'000, span); ++bit) {
        if (random.Below(every) == 0) add(bit);
      }
    }
    if (round % 2 == 0) {
      for (uint64_t bit = 0; bit < std::min<size_t>(span, 150'000); ++bit)
        add(bit);                              // whole containers
      rows = RowSet::UnionOf({&rows, &rows});  // which makes runs of them
    }
    std::vector<uint64_t> bits(want.size());
    rows.SetBits(first, absl::MakeSpan(bits));
    ASSERT_EQ(bits, want) << round;
  }
  std::vector<uint64_t> bits(4);
  RowSet().SetBits(64, absl::MakeSpan(bits));
  EXPECT_THAT(bits, ::testing::Each(0));
}

TEST(PostingsTest, ListAndBitmapAreTheSameSet) {
  Gaussian random(3);
  Postings postings;
  std::set<uint64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const bool grow = step / 200 % 2 == 0;  // back and forth over the threshold
    const uint64_t row = random.Below(60);
    if ((random.Below(4) != 0) == grow) {
      postings.Add(row);
      model.insert(row);
    } else {
      postings.Remove(row);
      model.erase(row);
    }
    ASSERT_EQ(postings.size(), model.size());
    ASSERT_EQ(postings.empty(), model.empty());
    ASSERT_EQ(postings.ToRowSet(), SetOf(model));
  }
}

TEST(SortedPostingsTest, RangesAgreeWithAModelWhileBlocksComeAndGo) {
  Gaussian random(4);
  SortedPostings<int64_t> postings;
  std::set<std::pair<int64_t, uint64_t>> model;  // value, row; one value a row
  uint64_t next_row = 0;
  for (int phase = 0; phase < 6; ++phase) {
    for (int step = 0; step < 4'000; ++step) {
      const bool grow = random.Below(10) < (phase % 2 == 0 ? 8u : 1u);
      if (grow || model.empty()) {
        const int64_t value = static_cast<int64_t>(random.Below(5'000)) - 2'500;
        postings.Add(value, next_row);
        model.insert({value, next_row++});
      } else {
        auto it = model.lower_bound({static_cast<int64_t>(random.Below(5'000)) - 2'500, 0});
        if (it == model.end()) it = model.begin();
        postings.Remove(it->first, it->second);
        model.erase(it);
      }
    }
    for (int query = 0; query < 200; ++query) {
      const int64_t low = static_cast<int64_t>(random.Below(5'200)) - 2'600;
      const int64_t high = low + static_cast<int64_t>(random.Below(3'000));
      RowSet rows, expected, found;
      postings.ForRange([low](int64_t v) { return v < low; },
                        [high](int64_t v) { return v > high; },
                        [&](const RowSet& whole) { rows |= whole; },
                        [&](const Postings& single) { single.AddTo(rows); });
      for (auto it = model.lower_bound({low, 0}); it != model.end() && it->first <= high; ++it) {
        expected.Add(it->second);
      }
      ASSERT_EQ(rows, expected);
      if (const Postings* single = postings.Find(low)) single->AddTo(found);
      RowSet at_low;
      for (auto it = model.lower_bound({low, 0}); it != model.end() && it->first == low; ++it) {
        at_low.Add(it->second);
      }
      ASSERT_EQ(found, at_low);
    }
  }
}

}  // namespace row_set_test
}  // namespace tqdb::storage
