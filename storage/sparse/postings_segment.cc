#include "storage/sparse/postings_segment.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tqdb::storage {

template <typename Scoring>
void OpenSegment<Scoring>::Append(uint64_t row, absl::Span<const uint32_t> terms,
                                  absl::Span<const Value> values, uint32_t length,
                                  const Scoring& scoring) {
  if (rows_.size() == 0) scoring_ = scoring;
  const uint16_t slot = rows_.Append(row, length, Scoring::kNeedsLength);
  for (size_t i = 0; i < terms.size(); ++i) {
    List& list = lists_[terms[i]];
    list.slots.push_back(slot);
    list.values.push_back(values[i]);
    list.bounds.Extend(scoring_.template Impact<float>(values[i], length));
  }
  postings_ += terms.size();
}

template <typename Scoring>
PostingsView<typename Scoring::Value> OpenSegment<Scoring>::Find(uint32_t term) const {
  const auto it = lists_.find(term);
  if (it == lists_.end()) return {};
  const List& list = it->second;
  return {list.slots.data(), list.values.data(), static_cast<uint32_t>(list.slots.size()),
          list.bounds};
}

template <typename Scoring>
std::vector<uint32_t> OpenSegment<Scoring>::Terms() const {
  std::vector<uint32_t> terms;
  terms.reserve(lists_.size());
  for (const auto& [term, list] : lists_) terms.push_back(term);
  std::sort(terms.begin(), terms.end());
  return terms;
}

template <typename Scoring>
size_t OpenSegment<Scoring>::memory_bytes() const {
  // Lists grow by doubling: what they have on the heap is at most twice their postings, and each
  // has two blocks of at least 32 bytes.
  return rows_.memory_bytes() + lists_.capacity() * (sizeof(std::pair<uint32_t, List>) + 1) +
         lists_.size() * 64 + postings_ * 2 * (sizeof(uint16_t) + sizeof(Value));
}

namespace {

// A live row of a part.
struct PlacedRow {
  uint64_t row;
  uint32_t part;
  uint16_t slot;
};

template <typename Value>
struct Posting {
  uint16_t slot;
  Value value;
};

// Terms of all parts, ascending.
template <typename Part>
std::vector<uint32_t> UnionOfTerms(absl::Span<const Part* const> parts) {
  std::vector<uint32_t> all;
  for (const Part* part : parts) {
    const auto& terms = part->Terms();
    const auto middle = static_cast<ptrdiff_t>(all.size());
    all.insert(all.end(), terms.begin(), terms.end());
    std::inplace_merge(all.begin(), all.begin() + middle, all.end());
  }
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

template <typename Scoring>
template <typename Part>
ClosedSegment<Scoring> ClosedSegment<Scoring>::Build(absl::Span<const Part* const> parts,
                                                     const Scoring& scoring) {
  ClosedSegment merged;
  merged.average_length_ = scoring.average_length();
  std::vector<PlacedRow> placed;
  for (size_t p = 0; p < parts.size(); ++p) {
    const SegmentRows& rows = parts[p]->rows();
    for (size_t slot = 0; slot < rows.size(); ++slot) {
      if (!rows.IsLive(slot)) continue;
      placed.push_back({rows.row(slot), static_cast<uint32_t>(p), static_cast<uint16_t>(slot)});
    }
  }
  const auto by_row = [](const PlacedRow& a, const PlacedRow& b) { return a.row < b.row; };
  if (!std::is_sorted(placed.begin(), placed.end(), by_row)) {
    std::sort(placed.begin(), placed.end(), by_row);
  }
  assert(placed.size() <= SegmentRows::kMaxRows);

  // New slots of each part's slots.
  constexpr uint32_t kDead = ~uint32_t{0};
  std::vector<std::vector<uint32_t>> new_slots(parts.size());
  for (size_t p = 0; p < parts.size(); ++p) new_slots[p].assign(parts[p]->rows().size(), kDead);
  for (const PlacedRow& each : placed) {
    const uint32_t length = parts[each.part]->rows().length(each.slot);
    new_slots[each.part][each.slot] =
        merged.rows_.Append(each.row, length, Scoring::kNeedsLength);
  }
  merged.rows_.ShrinkToFit();

  const std::vector<uint32_t> terms = UnionOfTerms(parts);
  size_t most = 0;
  for (const Part* part : parts) most += part->postings();
  merged.slots_.reserve(most);
  merged.values_.reserve(most);
  merged.terms_.reserve(terms.size());
  merged.ends_.reserve(terms.size());
  merged.bounds_.reserve(terms.size());
  std::vector<Posting<Value>> postings;  // of one term
  const uint32_t* lengths = merged.rows_.lengths();
  for (const uint32_t term : terms) {
    postings.clear();
    bool sorted = true;
    for (size_t p = 0; p < parts.size(); ++p) {
      const PostingsView<Value> view = parts[p]->Find(term);
      for (size_t i = 0; i < view.count; ++i) {
        const uint32_t slot = new_slots[p][view.slots[i]];
        if (slot == kDead) continue;
        sorted &= postings.empty() || slot > postings.back().slot;
        postings.push_back({static_cast<uint16_t>(slot), view.values[i]});
      }
    }
    if (postings.empty()) continue;
    if (!sorted) {
      std::sort(postings.begin(), postings.end(),
                [](const auto& a, const auto& b) { return a.slot < b.slot; });
    }
    ImpactBounds bounds;
    for (const Posting<Value>& posting : postings) {
      const uint32_t length = Scoring::kNeedsLength ? lengths[posting.slot] : 0;
      bounds.Extend(scoring.template Impact<float>(posting.value, length));
      merged.slots_.push_back(posting.slot);
      merged.values_.push_back(posting.value);
    }
    merged.terms_.push_back(term);
    merged.ends_.push_back(static_cast<uint32_t>(merged.slots_.size()));
    merged.bounds_.push_back(bounds);
  }
  merged.terms_.shrink_to_fit();
  merged.ends_.shrink_to_fit();
  merged.bounds_.shrink_to_fit();
  merged.slots_.shrink_to_fit();
  merged.values_.shrink_to_fit();
  return merged;
}

template <typename Scoring>
ClosedSegment<Scoring> ClosedSegment<Scoring>::FromOpen(const OpenSegment<Scoring>& open,
                                                        const Scoring& scoring) {
  const OpenSegment<Scoring>* const parts[] = {&open};
  return Build<OpenSegment<Scoring>>(parts, scoring);
}

template <typename Scoring>
ClosedSegment<Scoring> ClosedSegment<Scoring>::Merge(absl::Span<const ClosedSegment* const> parts,
                                                     const Scoring& scoring) {
  return Build<ClosedSegment>(parts, scoring);
}

template <typename Scoring>
PostingsView<typename Scoring::Value> ClosedSegment<Scoring>::Find(uint32_t term) const {
  const auto it = std::lower_bound(terms_.begin(), terms_.end(), term);
  if (it == terms_.end() || *it != term) return {};
  const size_t at = static_cast<size_t>(it - terms_.begin());
  const size_t begin = at == 0 ? 0 : ends_[at - 1];
  return {slots_.data() + begin, values_.data() + begin, static_cast<uint32_t>(ends_[at] - begin),
          bounds_[at]};
}

template <typename Scoring>
void ClosedSegment<Scoring>::RenumberTerms(absl::Span<const uint32_t> numbers) {
  for (uint32_t& term : terms_) term = numbers[term];
  assert(std::is_sorted(terms_.begin(), terms_.end()));
}

template <typename Scoring>
size_t ClosedSegment<Scoring>::memory_bytes() const {
  return rows_.memory_bytes() + terms_.capacity() * sizeof(uint32_t) +
         ends_.capacity() * sizeof(uint32_t) + bounds_.capacity() * sizeof(ImpactBounds) +
         slots_.capacity() * sizeof(uint16_t) + values_.capacity() * sizeof(Value);
}

template class OpenSegment<DotScoring>;
template class OpenSegment<Bm25Scoring>;
template class ClosedSegment<DotScoring>;
template class ClosedSegment<Bm25Scoring>;

}  // namespace tqdb::storage
