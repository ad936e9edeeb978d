#include "storage/sparse/segment_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace tqdb::storage {

namespace {

// Cost of a look-up, in postings added up. On a Xeon of 2023 (tqdb-bench sparse), adding up a
// posting takes about 1 ns and a look-up about 20 ns.
constexpr size_t kLookupCost = 16;
// Rows for each posting from which marking pays. If fewer than 1/8 of the rows have a posting,
// marking their slots costs less than looking through all sums.
constexpr size_t kRowsPerMark = 8;
// Rows for each posting from which a further list is added up without counting the candidates.
// Counting reads all sums, which would take longer.
constexpr size_t kRowsPerCount = 8;
// Words of 64 rows that the estimate of allowed rows looks at: 4,096 of up to 65,536 rows.
constexpr size_t kSampleWords = 64;

}  // namespace

template <typename Scoring>
void SegmentSearch<Scoring>::AddList(const PostingsView<Value>& postings, float weight,
                                     double average_length) {
  // The weight may be negative, so either end of the impacts may give the largest part.
  const double low = weight * scoring_.BoundNow(postings.bounds.low, average_length);
  const double high = weight * scoring_.BoundNow(postings.bounds.high, average_length);
  lists_.push_back({postings, weight, std::max({low, high, 0.0})});
  magnitude_ += std::max(std::fabs(low), std::fabs(high));
}

template <typename Scoring>
template <typename Float>
Float SegmentSearch<Scoring>::Part(const List& list, uint32_t at) const {
  const uint32_t length = Scoring::kNeedsLength ? lengths_[list.postings.slots[at]] : 0;
  return static_cast<Float>(list.weight) *
         scoring_.template Impact<Float>(list.postings.values[at], length);
}

template <typename Scoring>
std::optional<uint32_t> SegmentSearch<Scoring>::Seek(List& list, uint32_t slot) const {
  const uint16_t* slots = list.postings.slots;
  const uint32_t count = list.postings.count;
  uint32_t low = list.cursor, step = 1;
  if (low < count && slots[low] < slot) {
    // Gallop: double the step until it passes the slot, then bisect the last step. All slots up to
    // `low` are below the one that is looked for. Near targets cost a few steps, far ones log n.
    while (low + step < count && slots[low + step] < slot) {
      low += step;
      step *= 2;
    }
    const uint32_t high = std::min(low + step, count);
    low = static_cast<uint32_t>(
        std::lower_bound(slots + low + 1, slots + high, static_cast<uint16_t>(slot)) - slots);
  }
  list.cursor = low;
  if (low == count || slots[low] != slot) return std::nullopt;
  return low;
}

template <typename Scoring>
void SegmentSearch<Scoring>::Score(uint32_t slot) {
  double score = 0;
  bool found = false;
  for (List& list : lists_) {
    const std::optional<uint32_t> at = Seek(list, slot);
    if (!at.has_value()) continue;
    score += Part<double>(list, *at);
    found = true;
  }
  if (!found) return;
  ++stats_.scored;
  top_.Push({static_cast<float>(score), rows_->row(slot), rows_->id(slot)});
}

template <typename Scoring>
void SegmentSearch<Scoring>::Consider(uint32_t slot, double sum, size_t added) {
  // Looks up one list more a round and gives up as soon as the bounds of the others cannot help.
  for (size_t i = added;; ++i) {
    if (sum + rest_[i] < Cut()) return;
    if (i == order_.size()) return Score(slot);
    List& list = lists_[order_[i]];
    if (const std::optional<uint32_t> at = Seek(list, slot)) sum += Part<double>(list, *at);
  }
}

template <typename Scoring>
void SegmentSearch<Scoring>::ScoreAllowed() {
  for (size_t word = 0; word < rows_->words(); ++word) {
    for (uint64_t bits = rows_->AllowedMask(word, filter_); bits != 0; bits &= bits - 1) {
      Score(static_cast<uint32_t>(word * 64) + static_cast<uint32_t>(std::countr_zero(bits)));
    }
  }
}

template <typename Scoring>
size_t SegmentSearch<Scoring>::EstimateAllowed() const {
  if (filter_ == nullptr) return rows_->live();
  const size_t step = std::max<size_t>(1, rows_->words() / kSampleWords);
  size_t count = 0;
  for (size_t word = 0; word < rows_->words(); word += step) {
    count += static_cast<size_t>(std::popcount(rows_->AllowedMask(word, filter_)));
  }
  return count * step;
}

template <typename Scoring>
size_t SegmentSearch<Scoring>::EssentialLists() const {
  size_t essential = order_.size();
  // rest_[i] is the best sum of a row that has none of the lists before i. Lists are dropped from
  // the end while it is too small. A threshold at or below zero rules nothing out.
  while (essential > 0 && rest_[essential - 1] < Cut()) --essential;
  return essential;
}

template <typename Scoring>
void SegmentSearch<Scoring>::AddUp(const List& list, bool mark) {
  float* sums = sums_.data();
  const uint16_t* slots = list.postings.slots;
  const uint32_t count = list.postings.count;
  for (uint32_t i = 0; i < count; ++i) sums[slots[i]] += Part<float>(list, i);
  if (mark) {
    for (uint32_t i = 0; i < count; ++i) marked_[slots[i] / 64] |= uint64_t{1} << (slots[i] % 64);
  }
  stats_.added += count;
}

template <typename Scoring>
size_t SegmentSearch<Scoring>::CountSums(float cut) const {
  uint32_t count = 0;
  for (size_t slot = 0; slot < rows_->size(); ++slot) count += sums_[slot] >= cut;
  return count;
}

template <typename Scoring>
void SegmentSearch<Scoring>::ConsiderSums(size_t added) {
  for (size_t word = 0; word < rows_->words(); ++word) {
    float* sums = sums_.data() + word * 64;
    // Rounding the cut to a float may raise it a little. The slack has room for that.
    const float cut = static_cast<float>(Cut() - rest_[added]);
    // Without branches, so that the compiler makes vector instructions of it. Few words have a hit.
    uint32_t any = 0;
    for (size_t i = 0; i < 64; ++i) any |= sums[i] >= cut;
    if (any != 0) {
      for (uint64_t bits = rows_->AllowedMask(word, filter_); bits != 0; bits &= bits - 1) {
        const size_t i = static_cast<size_t>(std::countr_zero(bits));
        if (sums[i] >= cut) Consider(static_cast<uint32_t>(word * 64 + i), sums[i], added);
      }
    }
    std::fill(sums, sums + 64, 0.0f);
  }
}

template <typename Scoring>
void SegmentSearch<Scoring>::ConsiderMarked(size_t added) {
  for (size_t word = 0; word < rows_->words(); ++word) {
    if (marked_[word] == 0) continue;
    float* sums = sums_.data() + word * 64;
    uint64_t bits = marked_[word] & rows_->AllowedMask(word, filter_);
    for (; bits != 0; bits &= bits - 1) {
      const size_t i = static_cast<size_t>(std::countr_zero(bits));
      Consider(static_cast<uint32_t>(word * 64 + i), sums[i], added);
    }
    std::fill(sums, sums + 64, 0.0f);
    marked_[word] = 0;
  }
}

template <typename Scoring>
void SegmentSearch<Scoring>::AddUpAndConsider(size_t added) {
  sums_.resize(std::max(sums_.size(), rows_->words() * 64));
  marked_.resize(std::max(marked_.size(), rows_->words()));
  size_t candidates = 0;
  for (size_t i = 0; i < added; ++i) candidates += lists_[order_[i]].postings.count;
  // A row without any term has the sum 0. If sums of 0 or less can be hits, only the marks tell
  // which rows have a term.
  const bool mark = Cut() - rest_[added] <= 0 || candidates * kRowsPerMark < rows_->size();
  for (size_t i = 0; i < added; ++i) AddUp(lists_[order_[i]], mark);
  // Add up one list more while looking it up for all candidates would cost more.
  for (; added < order_.size(); ++added) {
    const List& next = lists_[order_[added]];
    if (next.postings.count * kRowsPerCount > rows_->size()) {
      if (!mark) candidates = CountSums(static_cast<float>(Cut() - rest_[added]));
      if (candidates * kLookupCost < next.postings.count) break;
    }
    AddUp(next, mark);
  }
  mark ? ConsiderMarked(added) : ConsiderSums(added);
}

template <typename Scoring>
void SegmentSearch<Scoring>::Search(const SegmentRows& rows) {
  rows_ = &rows;
  // Most segments lie in the past of every read as a whole. Without a filter they are searched
  // faster.
  const bool all = all_filter_ == nullptr || rows.size() == 0 ||
                   all_filter_->AllowsAll(rows.first_row(), rows.last_row());
  filter_ = all ? nullptr : all_filter_;
  lengths_ = rows.lengths();
  // Each float operation errs by 2^-24 of the magnitude at most. The slack takes twice that, and 16
  // operations more than there are lists, for impacts, bounds and the cut itself.
  slack_ = magnitude_ * static_cast<double>(lists_.size() + 16) * 0x1p-23;
  order_.resize(lists_.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::sort(order_.begin(), order_.end(), [this](uint32_t a, uint32_t b) {
    return lists_[a].bound != lists_[b].bound ? lists_[a].bound > lists_[b].bound : a < b;
  });
  rest_.assign(lists_.size() + 1, 0);
  size_t postings = 0;
  for (size_t i = lists_.size(); i > 0; --i) {
    rest_[i - 1] = rest_[i] + lists_[order_[i - 1]].bound;
    postings += lists_[i - 1].postings.count;
  }
  stats_.postings += postings;

  size_t added = EssentialLists();
  if (added > 0) {
    if (EstimateAllowed() * lists_.size() * kLookupCost < postings) {
      ScoreAllowed();
    } else {
      AddUpAndConsider(added);
    }
  }
  lists_.clear();
  magnitude_ = 0;
}

template class SegmentSearch<DotScoring>;
template class SegmentSearch<Bm25Scoring>;

}  // namespace tqdb::storage
