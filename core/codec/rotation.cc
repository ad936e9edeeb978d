#include "core/codec/rotation.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/codec/prng.h"

namespace tqdb {

namespace {

// Floats that are dealt together: one cache line, so that dealing needs no gather.
constexpr size_t kRow = 16;

// Returns the step of a walk through `rows` rows that visits each row once and spreads neighbours
// evenly. A walk visits every row exactly when its step is coprime with `rows`, so the first such
// number from `fraction` * rows upwards is taken. Example: 62 rows and 0.618 give 38, which shares
// the factor 2 with 62, so the step is 39.
size_t DealingStep(size_t rows, double fraction) {
  size_t step = std::max<size_t>(1, static_cast<size_t>(fraction * static_cast<double>(rows)));
  while (std::gcd(step, rows) != 1) ++step;
  return step;
}

}  // namespace

int Rotation::RoundsFor(size_t dim) {
  // Large chunks mix well in one round; small and ragged ones need more. rotation_test measures it.
  if (dim >= 1024 && dim % 512 == 0) return 2;  // every chunk has at least 512 floats
  if (dim >= 64 && std::has_single_bit(dim)) return 3;
  if (dim >= 512) return dim % kRow == 0 ? 3 : 4;
  return dim >= 128 ? 5 : 6;
}

Rotation::Rotation(size_t dim, uint64_t seed, int rounds)
    : dim_(dim), rows_(dim / kRow), tail_(dim % kRow) {
  assert(dim >= 1 && rounds >= 1);
  // The whole rows are cut first, so that no chunk has both rows and a part of the tail.
  for (size_t left = rows_ * kRow; left > 0;) {
    chunks_.push_back(static_cast<uint32_t>(std::bit_floor(left)));
    left -= chunks_.back();
  }
  for (size_t left = tail_; left > 0;) {
    chunks_.push_back(static_cast<uint32_t>(std::bit_floor(left)));
    left -= chunks_.back();
  }

  // The fractions are irrational, so that no two rounds deal rows in the same pattern.
  constexpr double kFractions[] = {0.6180339887498949, 0.4142135623730950, 0.7320508075688772};
  for (int r = 0; r < rounds; ++r) {
    Round round;
    round.shifted = r > 0;
    if (rows_ > 0) {
      // In shifted rounds the last row ends in the tail of the round before. It is dealt first,
      // into the largest chunk, because the tail has been mixed with at most 14 other coordinates
      // so far.
      const size_t start = round.shifted ? rows_ - 1 : 0;
      const size_t step = DealingStep(rows_, kFractions[r % 3]);
      for (size_t i = 0; i < rows_; ++i) {
        round.row_source.push_back(static_cast<uint32_t>((start + i * step) % rows_));
      }
    }
    round.rows.resize((dim + kRow - 1) / kRow);
    const uint64_t key = MixBits(seed + static_cast<uint64_t>(r));
    size_t j = 0;
    for (uint32_t chunk : chunks_) {
      const float scale = 1.0f / std::sqrt(static_cast<float>(chunk));
      for (uint32_t i = 0; i < chunk; ++i, ++j) {
        // A counter-based word gives 64 signs, so a sign depends on seed, round and position alone.
        const bool negative = RandomWord(key, j / 64) >> (j % 64) & 1;
        round.factors()[j] = negative ? -scale : scale;
      }
    }
    rounds_.push_back(std::move(round));
  }
}

void Rotation::TransformChunks(const Kernels& kernels, float* y) const {
  for (uint32_t chunk : chunks_) {
    if (chunk > 1) kernels.hadamard(y, chunk);
    y += chunk;
  }
}

void Rotation::Apply(const Kernels& kernels, const float* x, size_t x_stride, size_t count,
                     float* y, float* scratch, size_t stride) const {
  // The buffers swap roles after each round. An odd number of rounds starts with y, so that the
  // last round ends in y without a copy.
  float* to = rounds_.size() % 2 == 1 ? y : scratch;
  float* other = to == y ? scratch : y;
  const float* from = x;
  size_t from_stride = x_stride;
  for (const Round& round : rounds_) {
    const float* head = from + (round.shifted ? tail_ : 0);
    const float* tail = from + (round.shifted ? 0 : rows_ * kRow);
    size_t start = 0;
    for (uint32_t chunk : chunks_) {
      const float* factors = round.factors() + start;
      if (chunk >= kRow) {
        kernels.mix_rows(head, from_stride, count, round.row_source.data() + start / kRow, factors,
                         chunk, to + start, stride);
      } else {
        for (size_t v = 0; v < count; ++v) {
          float* out = to + v * stride + start;
          // The tail is read backwards. In dims below 16 there are no rows to deal, and this
          // reversal alone moves coordinates from one chunk to another between rounds.
          const float* last = tail + v * from_stride + (dim_ - 1 - start);
          for (size_t i = 0; i < chunk; ++i) out[i] = last[-static_cast<ptrdiff_t>(i)] * factors[i];
          if (chunk > 1) kernels.hadamard(out, chunk);
        }
      }
      start += chunk;
    }
    from = to;
    from_stride = stride;
    std::swap(to, other);
  }
}

// The transform with factors sign / sqrt(chunk) is orthonormal, so its transpose is its inverse. A
// round is undone in reverse: transform, multiply by the same factors, put rows back.
void Rotation::ApplyInverse(const Kernels& kernels, const float* y, float* x,
                            float* scratch) const {
  float* to = rounds_.size() % 2 == 1 ? x : scratch;
  float* other = to == x ? scratch : x;
  const float* from = y;
  for (size_t r = rounds_.size(); r-- > 0;) {
    const Round& round = rounds_[r];
    // `other` holds the transform while its rows are put back into `to`. `from` may be `other`.
    if (from != other) std::memcpy(other, from, dim_ * sizeof(float));
    TransformChunks(kernels, other);
    float* head = to + (round.shifted ? tail_ : 0);
    for (size_t i = 0; i < rows_; ++i) {
      for (size_t l = 0; l < kRow; ++l) {
        head[round.row_source[i] * kRow + l] = other[i * kRow + l] * round.factors()[i * kRow + l];
      }
    }
    float* tail = to + (round.shifted ? 0 : rows_ * kRow);
    for (size_t i = 0; i < tail_; ++i) {
      tail[tail_ - 1 - i] = other[rows_ * kRow + i] * round.factors()[rows_ * kRow + i];
    }
    from = to;
    std::swap(to, other);
  }
}

}  // namespace tqdb
