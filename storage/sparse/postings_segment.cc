#include "storage/sparse/postings_segment.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tqdb::storage {

template <typename Scoring>
void OpenSegment<Scoring>::Append(uint64_t row, const PointId& id, absl::Span<const uint32_t> terms,
                                  absl::Span<const Value> values, uint32_t length,
                                  const Scoring& scoring) {
  if (rows_.size() == 0) scoring_ = scoring;
  const uint16_t slot = rows_.Append(row, id, length, Scoring::kNeedsLength);
  try {
    AppendPostings(slot, terms, values, length);
  } catch (...) {
    // Some of the lists have the row by now. Retired, it is taken off their frequencies again.
    rows_.Retire(slot);
    rows_.Remove(slot);
    throw;
  }
  postings_ += terms.size();
}

template <typename Scoring>
void OpenSegment<Scoring>::AppendPostings(uint16_t slot, absl::Span<const uint32_t> terms,
                                          absl::Span<const Value> values, uint32_t length) {
  for (size_t i = 0; i < terms.size(); ++i) {
    List& list = lists_[terms[i]];
    // The slot comes last: a list is as long as its slots, so each of them has a value. A value
    // that an earlier call has left without a slot is cut off.
    list.bounds.Extend(scoring_.template Impact<float>(values[i], length));
    list.values.resize(list.slots.size());
    list.values.push_back(values[i]);
    list.slots.push_back(slot);
  }
}

template <typename Scoring>
PostingsView<typename Scoring::Value> OpenSegment<Scoring>::Find(uint32_t term) const {
  const auto it = lists_.find(term);
  if (it == lists_.end()) return {};
  return View(it->second);
}

template <typename Scoring>
uint32_t OpenSegment<Scoring>::Frequency(uint32_t term) const {
  const PostingsView<Value> list = Find(term);
  return list.count - rows_.retired().CountIn({list.slots, list.count}, nullptr);
}

template <typename Scoring>
std::vector<TermPostings<typename Scoring::Value>> OpenSegment<Scoring>::Lists() const {
  std::vector<TermPostings<Value>> lists;
  lists.reserve(lists_.size());
  for (const auto& [term, list] : lists_) lists.push_back({term, View(list)});
  std::sort(lists.begin(), lists.end(),
            [](const auto& a, const auto& b) { return a.term < b.term; });
  return lists;
}

template <typename Scoring>
size_t OpenSegment<Scoring>::memory_bytes() const {
  // An estimate from above. Lists grow by doubling, so on the heap they take at most twice the
  // bytes of their postings.
  return rows_.memory_bytes() + lists_.capacity() * (sizeof(std::pair<uint32_t, List>) + 1) +
         postings_ * 2 * (sizeof(uint16_t) + sizeof(Value));
}

namespace {

// A live row, and where it lies before the merge.
struct PlacedRow {
  uint64_t row;
  uint32_t part;  // number of the part
  uint16_t slot;  // slot within the part
};

// Takes the place of the new slot of a dead row.
constexpr uint32_t kDead = ~uint32_t{0};

// One part of a merge.
template <typename Value>
struct Source {
  std::vector<uint32_t> new_slots;  // slot in the result, or kDead, for each slot of the part
  std::vector<TermPostings<Value>> lists;  // by ascending term
  size_t next = 0;                         // first of `lists` that was not merged
};

// Sorts the last `count` postings by slot.
template <typename Value>
void SortLast(size_t count, std::vector<uint16_t>& slots, std::vector<Value>& values) {
  std::vector<std::pair<uint16_t, Value>> postings(count);
  const size_t begin = slots.size() - count;
  for (size_t i = 0; i < count; ++i) postings[i] = {slots[begin + i], values[begin + i]};
  std::sort(postings.begin(), postings.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < count; ++i) {
    slots[begin + i] = postings[i].first;
    values[begin + i] = postings[i].second;
  }
}

}  // namespace

template <typename Scoring>
template <typename Part>
ClosedSegment<Scoring> ClosedSegment<Scoring>::Build(absl::Span<const Part* const> parts,
                                                     const Scoring& scoring) {
  // First the rows: live rows of all parts in ascending order get the slots 0, 1, 2, ...
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

  std::vector<Source<Value>> sources(parts.size());
  size_t most_postings = 0, most_terms = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    sources[p].new_slots.assign(parts[p]->rows().size(), kDead);
    sources[p].lists = parts[p]->Lists();
    most_postings += parts[p]->postings();
    most_terms += sources[p].lists.size();
  }
  for (const PlacedRow& each : placed) {
    const SegmentRows& rows = parts[each.part]->rows();
    const uint16_t slot = merged.rows_.Append(each.row, rows.id(each.slot), rows.length(each.slot),
                                              Scoring::kNeedsLength);
    sources[each.part].new_slots[each.slot] = slot;
    if (rows.retired().Contains(each.slot)) merged.rows_.Retire(slot);
  }
  merged.rows_.ShrinkToFit();
  merged.slots_.reserve(most_postings);
  merged.values_.reserve(most_postings);
  merged.terms_.reserve(most_terms);
  merged.ends_.reserve(most_terms);
  merged.bounds_.reserve(most_terms);

  // Then the postings: a merge of the parts' lists, which ascend by term. There are two parts as a
  // rule, so a heap would not pay.
  const uint32_t* lengths = merged.rows_.lengths();
  for (;;) {
    constexpr uint64_t kNone = ~uint64_t{0};
    uint64_t term = kNone;  // lowest term that was not merged
    for (const Source<Value>& source : sources) {
      if (source.next < source.lists.size()) {
        term = std::min<uint64_t>(term, source.lists[source.next].term);
      }
    }
    if (term == kNone) break;
    const size_t begin = merged.slots_.size();
    bool sorted = true;
    uint32_t before = 0;
    ImpactBounds bounds;
    for (Source<Value>& source : sources) {
      if (source.next == source.lists.size() || source.lists[source.next].term != term) continue;
      const PostingsView<Value>& view = source.lists[source.next++].postings;
      for (size_t i = 0; i < view.count; ++i) {
        const uint32_t slot = source.new_slots[view.slots[i]];
        if (slot == kDead) continue;
        sorted &= slot >= before;
        before = slot;
        bounds.Extend(scoring.template Impact<float>(view.values[i],
                                                     Scoring::kNeedsLength ? lengths[slot] : 0));
        merged.slots_.push_back(static_cast<uint16_t>(slot));
        merged.values_.push_back(view.values[i]);
      }
    }
    const size_t count = merged.slots_.size() - begin;
    if (count == 0) continue;
    // Postings of one part ascend. Postings of two parts ascend together only if all rows of the
    // first part are below the rows of the second one. This is the usual case, as rows come in
    // ascending order.
    if (!sorted) SortLast(count, merged.slots_, merged.values_);
    merged.terms_.push_back(static_cast<uint32_t>(term));
    merged.ends_.push_back(static_cast<uint32_t>(merged.slots_.size()));
    merged.bounds_.push_back(bounds);
    if (count >= kMemoPostings) {
      merged.memo_places_.push_back(static_cast<uint32_t>(merged.terms_.size() - 1));
    }
  }
  merged.memo_places_.shrink_to_fit();
  merged.memos_ = std::make_unique<RetiredMemo[]>(merged.memo_places_.size());
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
size_t ClosedSegment<Scoring>::PlaceOf(uint32_t term) const {
  const auto it = std::lower_bound(terms_.begin(), terms_.end(), term);
  if (it == terms_.end() || *it != term) return terms_.size();
  return static_cast<size_t>(it - terms_.begin());
}

template <typename Scoring>
PostingsView<typename Scoring::Value> ClosedSegment<Scoring>::Find(uint32_t term) const {
  const size_t place = PlaceOf(term);
  return place < terms_.size() ? ListAt(place) : PostingsView<Value>();
}

template <typename Scoring>
uint32_t ClosedSegment<Scoring>::Frequency(uint32_t term) const {
  const size_t place = PlaceOf(term);
  if (place == terms_.size()) return 0;
  const PostingsView<Value> list = ListAt(place);
  if (rows_.retired().empty()) return list.count;
  return list.count - rows_.retired().CountIn({list.slots, list.count}, MemoAt(place));
}

template <typename Scoring>
RetiredMemo* ClosedSegment<Scoring>::MemoAt(size_t place) const {
  const auto it = std::lower_bound(memo_places_.begin(), memo_places_.end(), place);
  if (it == memo_places_.end() || *it != place) return nullptr;
  return &memos_[static_cast<size_t>(it - memo_places_.begin())];
}

template <typename Scoring>
PostingsView<typename Scoring::Value> ClosedSegment<Scoring>::ListAt(size_t place) const {
  const size_t begin = place == 0 ? 0 : ends_[place - 1];
  return {slots_.data() + begin, values_.data() + begin,
          static_cast<uint32_t>(ends_[place] - begin), bounds_[place]};
}

template <typename Scoring>
std::vector<TermPostings<typename Scoring::Value>> ClosedSegment<Scoring>::Lists() const {
  std::vector<TermPostings<Value>> lists(terms_.size());
  for (size_t place = 0; place < lists.size(); ++place) {
    lists[place] = {terms_[place], ListAt(place)};
  }
  return lists;
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
         slots_.capacity() * sizeof(uint16_t) + values_.capacity() * sizeof(Value) +
         memo_places_.capacity() * (sizeof(uint32_t) + sizeof(RetiredMemo));
}

template class OpenSegment<DotScoring>;
template class OpenSegment<Bm25Scoring>;
template class ClosedSegment<DotScoring>;
template class ClosedSegment<Bm25Scoring>;

}  // namespace tqdb::storage
