#include "core/vector_space.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

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
    return absl::FailedPreconditionError(
        absl::StrCat("code record is under mean version ", mean_version, ", which this space does not have"));
  }
  const auto free = std::find(segments_.begin(), segments_.end(), nullptr);
  const uint64_t number = static_cast<uint64_t>(free - segments_.begin());
  // A space that has filled a segment will fill the next: worth its huge pages.
  auto segment = std::make_shared<Segment>(*codec_, std::move(mean), /*huge_pages=*/!segments_.empty());
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
    // Readers may still hold it; it is freed when the last of them is done.
    const std::shared_ptr<Segment> segment = segments_[number];
    if (segment == nullptr || !segment->full() || 2 * segment->live_rows() > Segment::kRows) continue;
    for (size_t index = 0; index < Segment::kRows; ++index) {
      if (!segment->is_live(index)) continue;
      // Never `segment` itself: it is full.
      const uint64_t target = *OpenSegment(segment->mean_version());
      const Slot to = target * Segment::kRows + segments_[target]->size();
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

absl::StatusOr<std::vector<std::vector<Hit>>> VectorSpace::Search(MatrixView queries,
                                                                  const SearchOptions& options,
                                                                  SearchStats* stats) const {
  assert(options.top_k >= 1);
  std::vector<std::vector<Hit>> results;
  for (size_t first = 0; first < queries.rows(); first += Scan::kMaxQueries) {
    const size_t count = std::min(Scan::kMaxQueries, queries.rows() - first);
    QuerySet set(*codec_, queries.Slice(first, count));
    Scan scan(*codec_, set, options);
    // A row that is replaced meanwhile is appended before its old state is hidden, so whoever misses the
    // old state finds the new one beyond the sizes seen so far: go on until nothing has grown.
    absl::flat_hash_map<const Segment*, size_t> scanned;
    std::vector<std::shared_ptr<const View>> views;  // keep the segments in `scanned` alive
    for (bool grown = true; grown;) {
      grown = false;
      views.push_back(view());
      for (const std::shared_ptr<const Segment>& segment : views.back()->segments) {
        size_t& done = scanned[segment.get()];
        const size_t size = segment->size();
        if (done == size) continue;
        if (options.cancelled && options.cancelled()) return absl::CancelledError("search was cancelled");
        set.Prepare(segment->mean());
        scan.Run(*segment, done, size);
        done = size;
        grown = true;
      }
    }
    scan.Finish();
    for (TopK& top : scan.top()) results.push_back(top.Take());
    if (stats != nullptr) stats->Add(scan.stats());
  }
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
