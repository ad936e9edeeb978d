#include "core/space/vector_space.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/helper_pool.h"
#include "base/status_macros.h"

namespace tqdb {

absl::StatusOr<std::unique_ptr<VectorSpace>> VectorSpace::Create(const CodecOptions& options,
                                                                 const Kernels* kernels) {
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<Codec> codec, Codec::Create(options, kernels));
  return std::unique_ptr<VectorSpace>(new VectorSpace(std::move(codec)));
}

VectorSpace::VectorSpace(std::unique_ptr<Codec> codec)
    : codec_(std::move(codec)),
      view_(std::make_shared<const View>()),
      means_(std::make_shared<const Means>()) {}

// The list of means is copied and replaced, like the list of segments: readers hold the old one.
void VectorSpace::AddMean(std::shared_ptr<const Mean> mean) {
  Means means = *means_.load();
  means.push_back(std::move(mean));
  means_.store(std::make_shared<const Means>(std::move(means)));
}

std::shared_ptr<const Mean> VectorSpace::current_mean() const { return current_mean_.load(); }

std::shared_ptr<const Mean> VectorSpace::FindMean(uint32_t version) const {
  const std::shared_ptr<const Means> means = means_.load();
  for (const std::shared_ptr<const Mean>& mean : *means) {
    if (mean->version == version) return mean;
  }
  return nullptr;
}

absl::Status VectorSpace::SetCurrentMean(uint32_t version) {
  std::shared_ptr<const Mean> mean = FindMean(version);
  if (version != 0 && mean == nullptr) {
    return absl::NotFoundError(absl::StrCat("mean version ", version, " is unknown"));
  }
  current_mean_.store(std::move(mean));
  return absl::OkStatus();
}

void VectorSpace::PublishView() {
  auto view = std::make_shared<View>();
  for (const std::shared_ptr<Segment>& segment : segments_) {
    if (segment != nullptr) view->segments.push_back(segment);
  }
  view_.store(std::move(view), std::memory_order_release);
}

absl::StatusOr<uint64_t> VectorSpace::OpenSegment(uint32_t mean_version) {
  const auto open = open_.find(mean_version);
  if (open != open_.end() && !segments_[open->second]->full()) return open->second;
  std::shared_ptr<const Mean> mean = FindMean(mean_version);
  if (mean_version != 0 && mean == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "code record is under mean version ", mean_version, ", which this space does not have"));
  }
  // A freed number is used again, so that slots stay small.
  const auto free = std::find(segments_.begin(), segments_.end(), nullptr);
  const uint64_t number = static_cast<uint64_t>(free - segments_.begin());
  // A small space keeps to small pages, because one huge page could be more than all its rows. A
  // space that has filled a segment will fill the next one and is worth its huge pages.
  auto segment =
      std::make_shared<Segment>(*codec_, std::move(mean), segments_.empty() ? nullptr : &slab_);
  if (free == segments_.end()) {
    segments_.push_back(std::move(segment));
  } else {
    *free = std::move(segment);
  }
  open_[mean_version] = number;
  PublishView();
  return number;
}

absl::StatusOr<Slot> VectorSpace::Append(const PointId& id, uint64_t row, const uint8_t* code) {
  CodeHeader header;
  std::memcpy(&header, code, sizeof(header));
  TQDB_ASSIGN_OR_RETURN(const uint64_t number, OpenSegment(header.mean_version));
  const size_t index = segments_[number]->Append(id, row, code);
  live_rows_.fetch_add(1, std::memory_order_relaxed);
  return number * Segment::kRows + index;
}

void VectorSpace::Remove(Slot slot) {
  segments_[slot / Segment::kRows]->Remove(slot % Segment::kRows);
  live_rows_.fetch_sub(1, std::memory_order_relaxed);
}

void VectorSpace::Vacuum(const MoveFn& moved) {
  bool freed = false;
  for (uint64_t number = 0; number < segments_.size(); ++number) {
    // Readers may still hold the segment. It is freed when the last of them is done.
    const std::shared_ptr<Segment> segment = segments_[number];
    if (segment == nullptr || !segment->full() || 2 * segment->live_rows() > Segment::kRows)
      continue;
    for (size_t index = 0; index < Segment::kRows; ++index) {
      if (!segment->is_live(index)) continue;
      // The target is never `segment` itself, because that one is full.
      const uint64_t target = *OpenSegment(segment->mean_version());
      const Slot to = target * Segment::kRows + segments_[target]->size();
      // The old row stays live: a search that holds the old list finds it there. Searches of the
      // new list find the copy, and a search that sees both keeps one.
      segment->CopyTo(index, *segments_[target]);
      moved(segment->row(index), segment->id(index), number * Segment::kRows + index, to);
    }
    segments_[number] = nullptr;
    const auto open = open_.find(segment->mean_version());
    if (open != open_.end() && open->second == number) open_.erase(open);
    freed = true;
  }
  if (freed) PublishView();
}

namespace {

// Returns the possible score that is next to an estimate.
float InRange(Metric metric, float estimate) {
  switch (metric) {
    case Metric::kCosine: return std::clamp(estimate, -1.0f, 1.0f);
    case Metric::kDot: return estimate;
    case Metric::kL2: return std::min(estimate, 0.0f);
  }
  return estimate;
}

// Rows of a segment that a search has to scan.
struct Range {
  const Segment* segment;
  size_t first;
  size_t end;
};

// Cuts ranges into `parts` runs of about equally many rows, in multiples of a block. The cut
// depends on the ranges and `parts` alone, so a search gives the same hits every time.
std::vector<std::vector<Range>> Split(const std::vector<Range>& ranges, size_t parts) {
  size_t total = 0;
  for (const Range& range : ranges) total += range.end - range.first;
  const size_t share = ((total + parts - 1) / parts + kBlockRows - 1) / kBlockRows * kBlockRows;
  std::vector<std::vector<Range>> split(1);
  size_t taken = 0;  // rows of the last part so far
  for (Range range : ranges) {
    while (range.first < range.end) {
      if (taken >= share) {
        split.emplace_back();
        taken = 0;
      }
      // A part ends between two blocks.
      const size_t cut = (range.first + (share - taken) + kBlockRows - 1) / kBlockRows * kBlockRows;
      const size_t end = std::min(range.end, cut);
      split.back().push_back({range.segment, range.first, end});
      taken += end - range.first;
      range.first = end;
    }
  }
  return split;
}

}  // namespace

size_t VectorSpace::ThreadsFor(size_t queries) const {
  // Sign-plane bytes that keep a thread busy for some 200 us, when one query reads 20 GB/s. Waking
  // another thread has a cost of its own, so smaller parts would not pay.
  constexpr uint64_t kPlaneBytesPerThread = 4 << 20;
  const uint64_t bytes = stored_rows() * queries * codec_->padded_dim() / 8;
  return static_cast<size_t>(std::max<uint64_t>(1, bytes / kPlaneBytesPerThread));
}

absl::Status VectorSpace::SearchPass(MatrixView queries, const SearchOptions& options,
                                     std::vector<std::vector<Hit>>& results,
                                     SearchStats& stats) const {
  QuerySet set(*codec_, queries);
  std::vector<std::unique_ptr<Scan>> scans;
  std::atomic<bool> cancelled{false};
  // Rounds: a row that is encoded again during the search is appended in its new place before it is
  // removed from the old one. A search that misses it in the old place finds it beyond the sizes
  // seen so far. It goes on until no segment has grown. Later rounds scan only new places, so they
  // are short.
  absl::flat_hash_map<const Segment*, size_t> scanned;
  std::vector<std::shared_ptr<const View>> views;  // keep the segments of `scanned` alive
  while (true) {
    views.push_back(view());
    std::vector<Range> ranges;
    for (const std::shared_ptr<const Segment>& segment : views.back()->segments) {
      size_t& done = scanned[segment.get()];
      const size_t size = segment->size();
      if (done == size) continue;
      // Before the threads start: Prepare must not run while they read the set.
      set.Prepare(segment->mean());
      ranges.push_back({segment.get(), done, size});
      done = size;
    }
    if (ranges.empty()) break;
    // Rounds after the first have few rows and are not worth another thread.
    const size_t threads =
        views.size() == 1 ? std::min(options.max_threads, ThreadsFor(queries.rows())) : 1;
    const std::vector<std::vector<Range>> parts = Split(ranges, threads);
    // Every round has scans of its own. The old states of points in the best k of one round must
    // not crowd out others. In a shared heap they would, since BestHits drops them only afterwards.
    const size_t first_scan = scans.size();
    for (size_t p = 0; p < parts.size(); ++p)
      scans.push_back(std::make_unique<Scan>(*codec_, set, options));
    HelperPool::Shared().Run(parts.size(), [&](size_t part) {
      Scan& scan = *scans[first_scan + part];
      for (const Range& range : parts[part]) {
        // One thread's finding ends all of them. The flag carries no other data, hence relaxed.
        if (options.cancelled &&
            (cancelled.load(std::memory_order_relaxed) || options.cancelled())) {
          cancelled.store(true, std::memory_order_relaxed);
          return;
        }
        scan.Run(*range.segment, range.first, range.end);
      }
      scan.Finish();
    });
    if (cancelled.load()) return absl::CancelledError("search was cancelled");
  }
  for (size_t q = 0; q < queries.rows(); ++q) {
    std::vector<Hit> hits;
    for (const std::unique_ptr<Scan>& scan : scans) {
      hits.insert(hits.end(), scan->top()[q].hits().begin(), scan->top()[q].hits().end());
    }
    results.push_back(BestHits(std::move(hits), options.top_k));
    // Estimates leave the range of the metric by their error. They are cut only now, so that hits
    // near its end keep their order.
    for (Hit& hit : results.back()) {
      hit.score = InRange(codec_->options().metric, hit.score);
    }
  }
  for (const std::unique_ptr<Scan>& scan : scans) stats.Add(scan->stats());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<Hit>>> VectorSpace::Search(MatrixView queries,
                                                                  const SearchOptions& options,
                                                                  SearchStats* stats) const {
  if (queries.rows() > 0 && queries.dim() != codec_->dim()) {
    return absl::InvalidArgumentError(
        absl::StrCat("queries have dimension ", queries.dim(), ", the space has ", codec_->dim()));
  }
  if (options.top_k < 1) return absl::InvalidArgumentError("top_k is 0; it must be 1 or more");
  std::vector<std::vector<Hit>> results;
  SearchStats all;
  for (size_t first = 0; first < queries.rows(); first += Scan::kMaxQueries) {
    const size_t count = std::min(Scan::kMaxQueries, queries.rows() - first);
    TQDB_RETURN_IF_ERROR(SearchPass(queries.Slice(first, count), options, results, all));
  }
  if (stats != nullptr) stats->Add(all);
  return results;
}

uint64_t VectorSpace::stored_rows() const {
  uint64_t rows = 0;
  for (const auto& segment : view()->segments) rows += segment->size();
  return rows;
}

uint64_t VectorSpace::memory_bytes() const {
  uint64_t bytes = 0;
  for (const auto& segment : view()->segments) bytes += sizeof(Segment) + segment->used_bytes();
  const std::shared_ptr<const Means> means = means_.load();
  return bytes + means->size() * (codec_->dim() + codec_->padded_dim()) * sizeof(float);
}

uint64_t VectorSpace::rows_under_mean(uint32_t version) const {
  uint64_t rows = 0;
  for (const auto& segment : view()->segments) {
    if (segment->mean_version() == version) rows += segment->live_rows();
  }
  return rows;
}

float ExactScore(Metric metric, const float* query, const float* row, size_t dim) {
  double dot = 0, query_squared = 0, row_squared = 0, distance_squared = 0;
  for (size_t i = 0; i < dim; ++i) {
    const double q = query[i], x = row[i];
    dot += q * x;
    query_squared += q * q;
    row_squared += x * x;
    distance_squared += (q - x) * (q - x);
  }
  switch (metric) {
    case Metric::kCosine: return static_cast<float>(dot / std::sqrt(query_squared * row_squared));
    case Metric::kDot: return static_cast<float>(dot);
    case Metric::kL2: return static_cast<float>(-distance_squared);
  }
  return 0;
}

}  // namespace tqdb
