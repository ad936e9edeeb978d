#include "storage/sparse/inverted_index.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace tqdb::storage {

namespace {

// Closed segments of this class or above are large enough and are not merged any more.
constexpr int kFullClass = 4;
static_assert(OpenSegment<DotScoring>::kMaxRows << kFullClass == SegmentRows::kMaxRows);

}  // namespace

template <typename Scoring>
double InvertedIndex<Scoring>::average_length() const {
  return rows_ == 0 ? 0 : static_cast<double>(length_) / static_cast<double>(rows_);
}

template <typename Scoring>
auto InvertedIndex<Scoring>::Find(uint64_t row) const -> std::optional<Place> {
  // The usual case: a new row is above all earlier ones, and no segment need be asked.
  if (row > last_row_) return std::nullopt;
  if (const auto slot = open_.rows().Find(row)) return Place{kOpen, *slot};
  for (size_t segment = 0; segment < closed_.size(); ++segment) {
    if (const auto slot = closed_[segment].rows().Find(row)) return Place{segment, *slot};
  }
  return std::nullopt;
}

template <typename Scoring>
bool InvertedIndex<Scoring>::Contains(uint64_t row) const {
  return Find(row).has_value();
}

template <typename Scoring>
bool InvertedIndex<Scoring>::Add(uint64_t row, const PointId& id, absl::Span<const uint32_t> terms,
                                 absl::Span<const Value> values, uint32_t length) {
  assert(terms.size() == values.size());
  if (Contains(row)) return false;
  // The row counts only once it is in, because Append may run out of memory. But its own length is
  // in the average already: the bounds of a first row would be useless without one.
  const double average = static_cast<double>(length_ + length) / static_cast<double>(rows_ + 1);
  open_.Append(row, id, terms, values, length, scoring_.WithAverageLength(average));
  last_row_ = std::max(last_row_, row);
  ++rows_;
  length_ += length;
  if (open_.full()) {
    CloseOpenSegment();
    MergeClosed();
  }
  return true;
}

template <typename Scoring>
bool InvertedIndex<Scoring>::RetireAt(const Place& place) {
  SegmentRows& rows = RowsOf(place);
  if (!rows.Retire(place.slot)) return false;
  --rows_;
  length_ -= rows.length(place.slot);
  return true;
}

template <typename Scoring>
bool InvertedIndex<Scoring>::Retire(uint64_t row) {
  const std::optional<Place> place = Find(row);
  return place.has_value() && RetireAt(*place);
}

template <typename Scoring>
bool InvertedIndex<Scoring>::Remove(uint64_t row) {
  const std::optional<Place> place = Find(row);
  if (!place.has_value()) return false;
  RetireAt(*place);
  SegmentRows& rows = RowsOf(*place);
  rows.Remove(place->slot);
  if (place->segment != kOpen && rows.dead() * 4 >= rows.size()) {
    Replace({place->segment});
    MergeClosed();
  }
  return true;
}

template <typename Scoring>
void InvertedIndex<Scoring>::Compact() {
  CloseOpenSegment();
  for (size_t place = closed_.size(); place > 0; --place) {
    if (closed_[place - 1].rows().dead() > 0) Replace({place - 1});
  }
  MergeClosed();
}

template <typename Scoring>
void InvertedIndex<Scoring>::CloseOpenSegment() {
  if (open_.rows().size() == 0) return;
  Closed closed = Closed::FromOpen(open_, CurrentScoring());
  if (closed.rows().size() > 0) closed_.push_back(std::move(closed));
  ++changes_;
  open_ = OpenSegment<Scoring>(scoring_);
}

template <typename Scoring>
int InvertedIndex<Scoring>::SizeClass(const Closed& segment) {
  // Rows with many terms fill a segment before their number does: two such segments must not be
  // merged beyond kMaxPostings.
  if (segment.postings() > Closed::kMaxPostings / 2) return kFullClass;
  int size_class = 0;
  while (segment.rows().live() > OpenSegment<Scoring>::kMaxRows << size_class) ++size_class;
  return size_class;
}

template <typename Scoring>
void InvertedIndex<Scoring>::MergeClosed() {
  constexpr size_t kNone = ~size_t{0};
  for (bool merged = true; merged;) {
    merged = false;
    std::array<size_t, kFullClass> last_of_class;
    last_of_class.fill(kNone);
    for (size_t place = 0; place < closed_.size() && !merged; ++place) {
      const int size_class = SizeClass(closed_[place]);
      if (size_class >= kFullClass) continue;
      size_t& last = last_of_class[static_cast<size_t>(size_class)];
      if (last != kNone) {
        Replace({last, place});
        merged = true;
      } else {
        last = place;
      }
    }
  }
}

template <typename Scoring>
void InvertedIndex<Scoring>::Replace(absl::Span<const size_t> parts) {
  std::vector<const Closed*> segments;
  for (const size_t place : parts) segments.push_back(&closed_[place]);
  Closed merged = Closed::Merge(segments, CurrentScoring());
  // From the last place down, so that the places before it stay valid.
  for (size_t i = parts.size(); i > 0; --i) {
    std::swap(closed_[parts[i - 1]], closed_.back());
    closed_.pop_back();
  }
  if (merged.rows().size() > 0) closed_.push_back(std::move(merged));
  ++changes_;
}

template <typename Scoring>
uint64_t InvertedIndex<Scoring>::Frequency(uint32_t term) const {
  uint64_t frequency = open_.Frequency(term);
  for (const Closed& segment : closed_) frequency += segment.Frequency(term);
  return frequency;
}

template <typename Scoring>
uint64_t InvertedIndex<Scoring>::held_rows() const {
  uint64_t held = open_.rows().size();
  for (const Closed& segment : closed_) held += segment.rows().size();
  return held;
}

template <typename Scoring>
size_t InvertedIndex<Scoring>::memory_bytes() const {
  size_t bytes = open_.memory_bytes() + closed_.capacity() * sizeof(Closed);
  for (const Closed& segment : closed_) bytes += segment.memory_bytes();
  return bytes;
}

template <typename Scoring>
absl::StatusOr<std::vector<Hit>> InvertedIndex<Scoring>::Search(absl::Span<const QueryTerm> terms,
                                                                const SparseSearchOptions& options,
                                                                SparseSearchStats* stats) const {
  assert(options.top_k >= 1);
  const Scoring scoring = CurrentScoring();
  TopK top(options.top_k, options.score_threshold);
  SegmentSearch<Scoring> search(scoring, options.filter, top);
  const auto search_segment = [&](const auto& segment) {
    if (options.cancelled && options.cancelled()) {
      return absl::CancelledError("the search was cancelled");
    }
    for (const QueryTerm& term : terms) {
      const PostingsView<Value> postings = segment.Find(term.term);
      if (postings.count > 0) search.AddList(postings, term.weight, segment.average_length());
    }
    search.Search(segment.rows());
    return absl::OkStatus();
  };
  // The open segment is searched last, without a yield after it: its lists would move under
  // writers. Closed segments stay where they are until changes_ says otherwise.
  const uint64_t changes = changes_;
  for (const Closed& segment : closed_) {
    if (const absl::Status status = search_segment(segment); !status.ok()) return status;
    if (!options.yield) continue;
    options.yield();
    if (changes_ != changes) return absl::AbortedError("segments were replaced under the search");
  }
  if (const absl::Status status = search_segment(open_); !status.ok()) return status;
  if (stats != nullptr) *stats = search.stats();
  return top.Take();
}

template <typename Scoring>
std::vector<bool> InvertedIndex<Scoring>::UsedTerms(size_t size) const {
  std::vector<bool> used(size);
  for (const auto& list : open_.Lists()) used[list.term] = true;
  for (const Closed& segment : closed_) {
    for (const auto& list : segment.Lists()) used[list.term] = true;
  }
  return used;
}

template <typename Scoring>
void InvertedIndex<Scoring>::RenumberTerms(absl::Span<const uint32_t> numbers) {
  CloseOpenSegment();
  for (Closed& segment : closed_) segment.RenumberTerms(numbers);
  ++changes_;
}

template class InvertedIndex<DotScoring>;
template class InvertedIndex<Bm25Scoring>;

}  // namespace tqdb::storage
