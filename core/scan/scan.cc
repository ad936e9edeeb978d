#include "core/scan/scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <numbers>

#include "core/codec/codebook.h"

namespace tqdb {

namespace {

// Bytes of the sign planes of a tile. They share the second-level cache with the tables of a few
// queries.
constexpr size_t kTileBytes = 128 << 10;
// Queries that pass over a tile together: kSignQueries, or half of them if their tables would not
// fit kTableBytes. The tables are read once a block and have to stay in the first-level cache. At
// dim 1536 a query's tables have 6 KB, so four queries go together.
constexpr size_t kSignQueries = 8;
constexpr size_t kTableBytes = 24 << 10;
constexpr double kRateMemory = 4;  // weight of the measured rate: tiles that it averages over
// Tiles by codes between two tries of the signs, at most. The signs are tried again after one tile
// by codes, then after twice as many each time that they still let too much through. Trying again
// pays, since the rate falls as the threshold rises.
constexpr size_t kMaxSignProbe = 16;
// Rows that may wait for the final threshold, for each query. More are refined on the way, which
// bounds the memory of a scan.
constexpr size_t kMaxWaiting = 4096;
// Rows by which prefetching is ahead of refining. Waiting rows lie anywhere in memory, so without
// it each would cost a wait for several cache lines.
constexpr size_t kPrefetchAhead = 4;

// Returns the factor that makes the code alone an unbiased estimate.
//
// The scale of the code is made for the sum of both parts. Let D be the codebook's distortion: the
// code's residual r has |r|^2 = D |y|^2. For the query y itself, the two parts contribute
//   (1 - D) |y|^2 by the code and (2/pi) D |y|^2 by the residual bits.
// The code alone falls short by the second part, and the factor
//   1 + (2/pi) D / (1 - D)
// restores it. After that, the residual's part only deviates around its mean. At 4 bits, D is
// 0.0095 and the factor 1.0061.
float CodeGain(const CodecOptions& options) {
  if (options.residual == Residual::kNone) return 1;
  const float distortion = Codebook::Get(options.code_bits).distortion;
  return 1 + 2 * std::numbers::inv_pi_v<float> * distortion / (1 - distortion);
}

// Returns the standard deviation of a level's rounding in Codebook::magnitudes, in units of the
// codebook. A uniform rounding to steps of one has the standard deviation 1 / sqrt(12).
float MagnitudeRounding(const Codebook& book) {
  return book.centroids[book.levels - 1] / 63 / std::sqrt(12.0f);
}

}  // namespace

Scan::Scan(const Codec& codec, const QuerySet& queries, const SearchOptions& options)
    : codec_(codec),
      queries_(queries),
      options_(options),
      book_(Codebook::Get(codec.options().code_bits)),
      level_shift_(codec.options().residual == Residual::kQjl ? 1 : 0),
      code_gain_(CodeGain(codec.options())),
      top_(queries.size(), TopK(options.top_k, options.score_threshold)),
      floors_(queries.size(), KthBest(options.top_k)),
      waiting_(queries.size()),
      tile_blocks_(1),
      tile_limit_(std::clamp<size_t>(kTileBytes / (codec.padded_dim() / 8 * kBlockRows), 1,
                                     kMaxTileBlocks)),
      sums_(queries.size() * kBlockRows),
      signs_(codec.expanded_dim() / 8),
      fields_(codec.expanded_dim()),
      packed_for_(nullptr) {
  assert(queries.size() <= kMaxQueries);
}

bool Scan::UseCodes() const {
  // The signs of a 1-bit code are its codes: there is nothing more to read.
  if (options_.stages == Stages::kSigns || codec_.options().code_bits == 1) return false;
  if (options_.stages == Stages::kCodes) return true;
  const Kernels& kernels = codec_.kernels();
  if (codec_.options().code_bits == 8 && !kernels.expands_8_bits) return false;
  if (kernels.codes_pay_from != 0 && queries_.size() >= kernels.codes_pay_from) return true;
  // Measure the signs again. Otherwise a scan that once switched to codes would never switch back.
  if (tiles_since_signs_ >= sign_probe_) return false;
  return survivor_rate_ >
         (queries_.size() == 1 ? kernels.codes_pay_for_one : kernels.codes_pay_for_many);
}

uint64_t Scan::Candidates(const Segment& segment, size_t block, size_t first, size_t end) const {
  const size_t base = block * kBlockRows;
  uint64_t mask = segment.live_mask(block);
  if (first > base) mask &= ~uint64_t{0} << (first - base);
  if (end - base < kBlockRows) mask &= (uint64_t{1} << (end - base)) - 1;
  if (options_.filter == nullptr || mask == 0) return mask;
  // In the common case the filter allows the whole block, or its words are the mask. Otherwise 64
  // row numbers are looked up, unless their range shows that none is allowed.
  if (options_.filter->AllowsAll(segment.min_row(block), segment.max_row(block))) return mask;
  if (segment.rows_ascend_by_one(block))
    return mask & options_.filter->MaskFrom(segment.min_row(block));
  if (!options_.filter->MayAllow(segment.min_row(block), segment.max_row(block))) return 0;
  return mask & options_.filter->Mask(segment.rows(block), std::min(end - base, kBlockRows));
}

void Scan::Run(const Segment& segment, size_t first, size_t end) {
  std::array<uint64_t, kMaxTileBlocks> candidates;
  size_t block = first / kBlockRows;
  while (block * kBlockRows < end) {
    const size_t blocks = std::min(tile_blocks_, (end + kBlockRows - 1) / kBlockRows - block);
    for (size_t b = 0; b < blocks; ++b) candidates[b] = Candidates(segment, block + b, first, end);
    size_t rows = 0, scanned_blocks = 0;
    for (size_t b = 0; b < blocks; ++b) {
      rows += static_cast<size_t>(std::popcount(candidates[b]));
      scanned_blocks += candidates[b] != 0;
    }
    const Tile tile = {segment, queries_.Centered(segment.mean_version()), block, blocks,
                       candidates.data()};
    const uint64_t scored = rows * queries_.size();
    stats_.rows_scanned += scored;
    if (UseCodes()) {
      stats_.rows_scanned_by_codes += scored;
      ++tiles_since_signs_;
      ScanCodes(tile);
    } else if (rows > 0) {
      let_through_ = 0;
      tiles_since_signs_ = 0;
      ScanSigns(tile);
      // The rate is per row that the code stage would read. That stage reads whole blocks, so a
      // filter does not reduce its cost, and a filtered search is not driven to it.
      const double rate = static_cast<double>(let_through_) /
                          static_cast<double>(scanned_blocks * kBlockRows * queries_.size());
      // The first, smaller tiles have no threshold and say nothing about the rate to come.
      if (tile_blocks_ == tile_limit_) survivor_rate_ += (rate - survivor_rate_) / kRateMemory;
      sign_probe_ = UseCodes() ? std::min(2 * sign_probe_, kMaxSignProbe) : 1;
    }
    block += blocks;
    tile_blocks_ = std::min(2 * tile_blocks_, tile_limit_);
  }
}

void Scan::ScanSigns(const Tile& tile) {
  const Kernels& kernels = codec_.kernels();
  const size_t bytes_per_row = codec_.padded_dim() / 8;
  const size_t together =
      kSignQueries * bytes_per_row * 32 <= kTableBytes ? kSignQueries : kSignQueries / 2;
  for (size_t first = 0; first < tile.queries.size(); first += together) {
    const size_t count = std::min(together, tile.queries.size() - first);
    const uint8_t* tables[kSignQueries];
    for (size_t q = 0; q < count; ++q) tables[q] = tile.queries[first + q].tables();
    for (size_t b = 0; b < tile.num_blocks; ++b) {
      if (tile.candidates[b] == 0) continue;
      const size_t block = tile.first_block + b;
      // A filter may leave out blocks, so the next wanted one is looked up. Behind the last one of
      // a tile, the next tile's first block is likely to come.
      size_t next = b + 1;
      while (next < tile.num_blocks && tile.candidates[next] == 0) ++next;
      const size_t next_block = tile.first_block + next;
      const SignBlock ahead = {tile.segment.plane(next_block),
                               next < tile.num_blocks ? tile.candidates[next] : ~uint64_t{0}};
      if (first == 0) tile.segment.PrefetchSignFloats(next_block);
      kernels.scan_signs({tile.segment.plane(block), tile.candidates[b]}, ahead, bytes_per_row,
                         tables, count, sums_.data());
      RefineReady(tile.segment);
      const Factors factors = {tile.segment.sign_scale(block), tile.segment.sign_error(block)};
      for (size_t q = 0; q < count; ++q) {
        Pick(tile, b, first + q, sums_.data() + q * kBlockRows, factors,
             tile.queries[first + q].signs(),
             /*by_codes=*/false);
      }
    }
    RefineReady(tile.segment);
  }
}

void Scan::PackQueries(const std::vector<CenteredQuery>& queries) {
  // QuerySet keeps its addresses, so the address says which queries were packed.
  if (packed_for_ == &queries) return;
  packed_for_ = &queries;
  weights_.resize(queries.size() * codec_.expanded_dim());
  zeros_.clear();
  std::array<const int8_t*, kMaxQueries> weights;
  for (size_t q = 0; q < queries.size(); ++q) {
    weights[q] = queries[q].code_weights();
    zeros_.push_back(queries[q].code_zero());
  }
  codec_.kernels().pack_weights(weights.data(), queries.size(), codec_.expanded_dim(),
                                weights_.data());
}

void Scan::ScanCodes(const Tile& tile) {
  const Kernels& kernels = codec_.kernels();
  expanded_.resize(kBlockRows * codec_.expanded_dim());
  PackQueries(tile.queries);
  const CodeQueries queries = {tile.queries.size(), weights_.data(), zeros_.data()};
  std::array<CenteredQuery::Stage, kMaxQueries> stages;
  for (size_t q = 0; q < tile.queries.size(); ++q) {
    stages[q] = tile.queries[q].codes();
    // Weights and magnitudes are both in steps, and one factor undoes both.
    stages[q].step *= code_gain_ * book_.centroids[book_.levels - 1] / 63;
  }
  // Two independent roundings, of the row's levels and of the query, add up as squares.
  const float rounding = std::hypot(MagnitudeRounding(book_), CenteredQuery::kCodeRounding);
  for (size_t b = 0; b < tile.num_blocks; ++b) {
    const size_t block = tile.first_block + b;
    tile.segment.PrefetchCodeFloats(block + 1);
    if (tile.candidates[b] == 0) continue;
    const CodeBlock codes = {.plane = tile.segment.plane(block),
                             .bytes_per_row = codec_.padded_dim() / 8,
                             .fields = tile.segment.fields(block * kBlockRows),
                             .field_stride = tile.segment.field_stride(),
                             .next_plane = tile.segment.plane(block + 1),
                             .next_fields = tile.segment.fields((block + 1) * kBlockRows)};
    kernels.sum_codes(codec_.packing(), codes, codec_.expanded_dim(), book_, level_shift_, queries,
                      expanded_.data(), sums_.data());
    // The error of the stage: the residual's part, which it does not read, and the roundings.
    std::array<float, kBlockRows> errors;
    const float* code_scale = tile.segment.code_scale(block);
    const float* residual_scale = tile.segment.residual_scale(block);
    for (size_t v = 0; v < kBlockRows; ++v) {
      const float rounded = code_scale[v] * rounding;
      errors[v] = std::sqrt(residual_scale[v] * residual_scale[v] + rounded * rounded);
    }
    const Factors factors = {code_scale, errors.data()};
    for (size_t q = 0; q < tile.queries.size(); ++q) {
      Pick(tile, b, q, sums_.data() + q * kBlockRows, factors, stages[q], /*by_codes=*/true);
    }
    RefineReady(tile.segment);
  }
}

void Scan::Pick(const Tile& tile, size_t block, size_t query, const int32_t* sums,
                const Factors& factors, const CenteredQuery::Stage& stage, bool by_codes) {
  const CenteredQuery& centered = tile.queries[query];
  const size_t at = tile.first_block + block;
  const float* bias = tile.segment.bias(at);
  const float weight = centered.weight() * stage.step;
  const float error_weight = options_.error_bound * centered.weight() * stage.error_norm;
  // One kernel compares estimate + bound with the threshold for 64 rows. The constant of the query
  // is moved to the side of the threshold, which saves an addition a row.
  uint64_t within =
      tile.candidates[block] & codec_.kernels().survivors(sums, bias, factors.scale, factors.error,
                                                          weight, error_weight,
                                                          Threshold(query) - centered.constant());
  if (within == 0) return;
  let_through_ += static_cast<uint64_t>(std::popcount(within));
  std::vector<Waiting>& waiting = waiting_[query];
  const bool full = top_[query].full();
  for (; within != 0; within &= within - 1) {
    const size_t v = static_cast<size_t>(std::countr_zero(within));
    const float estimate =
        centered.constant() + bias[v] + weight * (factors.scale[v] * static_cast<float>(sums[v]));
    const float bound = error_weight * factors.error[v];
    const size_t index = at * kBlockRows + v;
    // The true score is at least estimate - bound, up to the width that the caller asked for.
    if (by_codes) floors_[query].Push(estimate - bound);
    // Likely one of the best: its score soon raises the threshold for others.
    if (!by_codes && full && estimate >= top_[query].threshold()) {
      tile.segment.Prefetch(index);
      ready_.push_back({static_cast<uint32_t>(index), static_cast<uint32_t>(query)});
    } else {
      waiting.push_back({estimate + bound, static_cast<uint32_t>(index), &tile.segment});
    }
  }
  // Without a threshold everything waits. Once k rows wait, the likeliest of them give one.
  if ((!full && !by_codes && waiting.size() >= options_.top_k) || waiting.size() >= kMaxWaiting) {
    RefineWaiting(query);
  }
}

void Scan::RefineReady(const Segment& segment) {
  for (const Ready& ready : ready_) Refine(segment, ready.index, ready.query);
  ready_.clear();
}

void Scan::RefineWaiting(size_t query) {
  std::vector<Waiting>& waiting = waiting_[query];
  // Most rows are ruled out by now, because the threshold has risen since they came.
  waiting.erase(std::remove_if(waiting.begin(), waiting.end(),
                               [&](const Waiting& w) { return w.bound < Threshold(query); }),
                waiting.end());
  // The likeliest rows go first: they raise the threshold, and the loop ends early.
  std::sort(waiting.begin(), waiting.end(),
            [](const Waiting& a, const Waiting& b) { return a.bound > b.bound; });
  for (size_t i = 0; i < waiting.size() && waiting[i].bound >= Threshold(query); ++i) {
    if (i + kPrefetchAhead < waiting.size()) {
      const Waiting& ahead = waiting[i + kPrefetchAhead];
      ahead.segment->Prefetch(ahead.index);
      ahead.segment->PrefetchSigns(ahead.index);
    }
    Refine(*waiting[i].segment, waiting[i].index, query);
  }
  waiting.clear();
}

void Scan::Refine(const Segment& segment, size_t index, size_t query) {
  const Kernels& kernels = codec_.kernels();
  const CenteredQuery& centered = queries_.Centered(segment.mean_version())[query];
  segment.GatherSigns(index, signs_.data());
  kernels.unpack_fields(codec_.packing(), segment.fields(index), fields_.data());
  const size_t block = index / kBlockRows, v = index % kBlockRows;
  const float base = centered.constant() + segment.bias(block)[v];
  float estimate = segment.code_scale(block)[v] *
                   kernels.code_dot(centered.rotated(), codec_.padded_dim(), book_, level_shift_,
                                    signs_.data(), fields_.data());
  ++stats_.rows_refined;
  if (level_shift_ == 1) {
    // The residual's part deviates by its scale times the query's norm. If even that cannot lift
    // the row over the threshold, its residual bits need not be multiplied.
    const float residual_scale = segment.residual_scale(block)[v];
    const float bound = options_.error_bound * residual_scale * centered.signs().error_norm;
    if (base + centered.weight() * (code_gain_ * estimate + bound) < top_[query].threshold())
      return;
    estimate += residual_scale *
                kernels.residual_dot(centered.residual(), codec_.padded_dim(), fields_.data());
  }
  const float score = base + centered.weight() * estimate;
  if (score >= top_[query].threshold())
    top_[query].Push({score, segment.row(index), segment.id(index)});
}

void Scan::Finish() {
  for (size_t q = 0; q < waiting_.size(); ++q) RefineWaiting(q);
}

}  // namespace tqdb
