#include "core/scan.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "core/codebook.h"

namespace tqdb {

Scan::Scan(const Codec& codec, MatrixView queries, const SearchOptions& options)
    : codec_(codec),
      options_(options),
      sums_(queries.rows() * kBlockRows),
      signs_(codec.padded_dim() / 8),
      fields_(codec.padded_dim()) {
  assert(queries.rows() <= kMaxQueries && queries.dim() == codec.dim());
  for (size_t q = 0; q < queries.rows(); ++q) {
    std::vector<float> vector(queries.row(q).begin(), queries.row(q).end());
    if (codec.options().metric == Metric::kCosine) {
      double norm_squared = 0;
      for (float v : vector) norm_squared += double{v} * v;
      const float unit = static_cast<float>(1 / std::sqrt(norm_squared));
      for (float& v : vector) v *= unit;
    }
    std::vector<float> rotated(codec.padded_dim());
    codec.Rotate(vector.data(), rotated.data());
    vectors_.push_back(std::move(vector));
    rotated_.push_back(std::move(rotated));
    top_.emplace_back(options.top_k, options.score_threshold);
  }
}

const std::vector<CenteredQuery>& Scan::QueriesFor(const Segment& segment) {
  std::vector<CenteredQuery>& queries = centered_[segment.mean_version()];
  if (queries.empty()) {
    for (size_t q = 0; q < vectors_.size(); ++q) {
      queries.emplace_back(codec_, vectors_[q], rotated_[q], segment.mean());
    }
  }
  return queries;
}

void Scan::Run(const Segment& segment, size_t first, size_t end) {
  if (first == end) return;
  const Kernels& kernels = codec_.kernels();
  const std::vector<CenteredQuery>& queries = QueriesFor(segment);
  const uint8_t* tables[kMaxQueries];
  for (size_t q = 0; q < queries.size(); ++q) tables[q] = queries[q].tables();
  const size_t bytes_per_row = codec_.padded_dim() / 8;

  for (size_t block = first / kBlockRows; block * kBlockRows < end; ++block) {
    uint64_t candidates = segment.live_mask(block);
    const size_t base = block * kBlockRows;
    if (first > base) candidates &= ~uint64_t{0} << (first - base);
    if (end - base < kBlockRows) candidates &= (uint64_t{1} << (end - base)) - 1;
    if (candidates == 0) continue;
    stats_.rows_scanned += static_cast<uint64_t>(std::popcount(candidates)) * queries.size();

    kernels.scan_signs(segment.plane(block), bytes_per_row, tables, queries.size(), sums_.data());
    uint64_t survivors[kMaxQueries];
    uint64_t any = 0;
    for (size_t q = 0; q < queries.size(); ++q) {
      const CenteredQuery& query = queries[q];
      survivors[q] = candidates & kernels.survivors(sums_.data() + q * kBlockRows, segment.bias(block),
                                                    segment.sign_scale(block), segment.sign_error(block),
                                                    query.weight() * query.step(),
                                                    options_.error_bound * query.weight() * query.error_norm(),
                                                    top_[q].threshold() - query.constant());
      any |= survivors[q];
    }
    if (any != 0) RefineBlock(segment, block, queries, survivors);
  }
}

void Scan::RefineBlock(const Segment& segment, size_t block, const std::vector<CenteredQuery>& queries,
                       const uint64_t* survivors) {
  const Kernels& kernels = codec_.kernels();
  const Codebook& book = Codebook::Get(codec_.options().code_bits);
  const int level_shift = codec_.options().residual == Residual::kQjl ? 1 : 0;
  uint64_t any = 0;
  for (size_t q = 0; q < queries.size(); ++q) any |= survivors[q];
  for (; any != 0; any &= any - 1) {
    const size_t v = static_cast<size_t>(std::countr_zero(any));
    const size_t index = block * kBlockRows + v;
    segment.GatherSigns(index, signs_.data());
    kernels.unpack_fields(codec_.packing(), segment.fields(index), fields_.data());
    const Segment::Scales scales = segment.scales(index);
    for (size_t q = 0; q < queries.size(); ++q) {
      if ((survivors[q] >> v & 1) == 0) continue;
      const CenteredQuery& query = queries[q];
      float dots[2];
      kernels.refine(query.rotated(), query.residual(), codec_.padded_dim(), book, level_shift, signs_.data(),
                     fields_.data(), dots);
      const float estimate = scales.code * dots[0] + scales.residual * dots[1];
      const float score = query.constant() + segment.bias(block)[v] + query.weight() * estimate;
      ++stats_.rows_refined;
      if (score >= top_[q].threshold()) top_[q].Push({score, segment.row(index), segment.id(index)});
    }
  }
}

std::vector<std::vector<Hit>> Scan::TakeHits() {
  std::vector<std::vector<Hit>> hits;
  for (TopK& top : top_) hits.push_back(top.Take());
  return hits;
}

}  // namespace tqdb
