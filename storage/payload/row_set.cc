#include "storage/payload/row_set.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "storage/payload/bitmap_bits.h"

namespace tqdb::storage {

namespace {

uint32_t High(uint64_t row) { return static_cast<uint32_t>(row >> 32); }
uint32_t Low(uint64_t row) { return static_cast<uint32_t>(row); }

}  // namespace

std::vector<RowSet::Part>::iterator RowSet::Find(uint32_t high) {
  return std::lower_bound(parts_.begin(), parts_.end(), high,
                          [](const Part& part, uint32_t value) { return part.high < value; });
}

void RowSet::Add(uint64_t row) {
  auto it = Find(High(row));
  if (it == parts_.end() || it->high != High(row)) it = parts_.insert(it, Part{High(row), {}});
  it->lows.add(Low(row));
}

void RowSet::Remove(uint64_t row) {
  const auto it = Find(High(row));
  if (it == parts_.end() || it->high != High(row)) return;
  it->lows.remove(Low(row));
  if (it->lows.isEmpty()) parts_.erase(it);
}

void RowSet::RemoveFrom(uint64_t end) {
  const auto it = Find(High(end));
  if (it == parts_.end()) return;
  parts_.erase(it->high == High(end) ? it + 1 : it, parts_.end());
  if (parts_.empty() || parts_.back().high != High(end)) return;
  row_set_internal::Bitmap below;
  below.addRange(0, Low(end));
  parts_.back().lows &= below;
  if (parts_.back().lows.isEmpty()) parts_.pop_back();
}

bool RowSet::Contains(uint64_t row) const {
  const auto it = const_cast<RowSet*>(this)->Find(High(row));
  return it != parts_.end() && it->high == High(row) && it->lows.contains(Low(row));
}

uint64_t RowSet::size() const {
  uint64_t size = 0;
  for (const Part& part : parts_) size += part.lows.cardinality();
  return size;
}

uint64_t RowSet::CountIn(const RowSet& other) const {
  uint64_t count = 0;
  for (const Part& part : parts_) {
    const auto it = const_cast<RowSet&>(other).Find(part.high);
    if (it == other.parts_.end() || it->high != part.high) continue;
    count += part.lows.and_cardinality(it->lows);
  }
  return count;
}

bool RowSet::IsSubsetOf(const RowSet& other) const {
  return std::all_of(parts_.begin(), parts_.end(), [&other](const Part& part) {
    const auto it = const_cast<RowSet&>(other).Find(part.high);
    return it != other.parts_.end() && it->high == part.high && part.lows.isSubset(it->lows);
  });
}

size_t RowSet::memory_bytes() const {
  // Overhead of a container besides its rows: its places in three arrays, and a header.
  constexpr size_t kContainerBytes = 32;
  size_t bytes = parts_.capacity() * sizeof(Part);
  for (const Part& part : parts_) {
    // CRoaring does not tell the number of containers. It is at most the number of places from the
    // first to the last one, and at most the number of rows.
    const size_t containers = (part.lows.maximum() >> 16) - (part.lows.minimum() >> 16) + 1;
    bytes += part.lows.getSizeInBytes(/*portable=*/false) +
             std::min<size_t>(containers, part.lows.cardinality()) * kContainerBytes;
  }
  return bytes;
}

RowSet RowSet::Of(std::vector<uint64_t> rows) {
  std::sort(rows.begin(), rows.end());
  RowSet set;
  std::vector<uint32_t> lows;
  for (size_t i = 0; i < rows.size();) {
    const uint32_t high = High(rows[i]);
    lows.clear();
    for (; i < rows.size() && High(rows[i]) == high; ++i) lows.push_back(Low(rows[i]));
    set.parts_.push_back({high, row_set_internal::Bitmap(lows.size(), lows.data())});
  }
  return set;
}

RowSet RowSet::UnionOf(const std::vector<const RowSet*>& sets) {
  // fastunion takes bitmaps of 32 bits, so the parts of all sets are gathered by upper half.
  std::map<uint32_t, std::vector<const row_set_internal::Bitmap*>> parts;
  for (const RowSet* set : sets) {
    for (const Part& part : set->parts_) parts[part.high].push_back(&part.lows);
  }
  RowSet all;
  for (auto& [high, bitmaps] : parts) {
    all.parts_.push_back(
        {high, row_set_internal::Bitmap::fastunion(bitmaps.size(), bitmaps.data())});
  }
  return all;
}

RowSet& RowSet::operator|=(const RowSet& other) {
  for (const Part& part : other.parts_) {
    const auto it = Find(part.high);
    if (it == parts_.end() || it->high != part.high) {
      parts_.insert(it, part);
    } else {
      it->lows |= part.lows;
    }
  }
  return *this;
}

// Parts that become empty are dropped here and below: empty() and min() rely on it.
RowSet& RowSet::operator&=(const RowSet& other) {
  std::vector<Part> common;
  for (const Part& part : other.parts_) {
    const auto it = Find(part.high);
    if (it == parts_.end() || it->high != part.high) continue;
    it->lows &= part.lows;
    if (!it->lows.isEmpty()) common.push_back(std::move(*it));
  }
  parts_ = std::move(common);
  return *this;
}

RowSet& RowSet::operator-=(const RowSet& other) {
  for (const Part& part : other.parts_) {
    const auto it = Find(part.high);
    if (it == parts_.end() || it->high != part.high) continue;
    it->lows -= part.lows;
    if (it->lows.isEmpty()) parts_.erase(it);
  }
  return *this;
}

bool operator==(const RowSet& a, const RowSet& b) {
  return std::equal(a.parts_.begin(), a.parts_.end(), b.parts_.begin(), b.parts_.end(),
                    [](const RowSet::Part& x, const RowSet::Part& y) {
                      return x.high == y.high && x.lows == y.lows;
                    });
}

uint64_t RowSet::min() const {
  return uint64_t{parts_.front().high} << 32 | parts_.front().lows.minimum();
}

std::vector<uint64_t> RowSet::ToVector() const {
  std::vector<uint64_t> rows;
  rows.reserve(size());
  for (const Part& part : parts_) {
    const size_t size = part.lows.cardinality();
    // An array and not a vector, because a vector would be cleared first.
    const std::unique_ptr<uint32_t[]> lows(new uint32_t[size]);
    part.lows.toUint32Array(lows.get());
    for (size_t i = 0; i < size; ++i) rows.push_back(uint64_t{part.high} << 32 | lows[i]);
  }
  return rows;
}

void RowSet::SetBits(uint64_t first, absl::Span<uint64_t> words) const {
  for (const Part& part : parts_) {
    const size_t size = part.lows.getSizeInBytes();
    const std::unique_ptr<char[]> portable(new char[size]);
    part.lows.write(portable.get());
    storage::SetBits({portable.get(), size},
                     static_cast<int64_t>((uint64_t{part.high} << 32) - first), words);
  }
}

}  // namespace tqdb::storage
