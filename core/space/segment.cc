#include "core/space/segment.h"

#include <cassert>
#include <cmath>
#include <cstring>

#include "core/codec/codebook.h"
#include "core/scan/query.h"

namespace tqdb {

namespace {

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

Segment::Segment(const Codec& codec, std::shared_ptr<const Mean> mean, ArenaSlab* slab)
    : mean_(std::move(mean)),
      row_plane_bytes_(codec.padded_dim() / 8),
      sign_bytes_(codec.sign_bytes()),
      plane_group_(codec.kernels().plane_group),
      plane_rows_(codec.kernels().plane_rows),
      plane_bytes_(row_plane_bytes_ * kBlockRows),
      field_bytes_(codec.packing().bytes),
      field_stride_(RoundUp(field_bytes_, 8)),
      dim_(codec.coded_dim()),
      signs_are_code_(codec.options().code_bits == 1 &&
                      codec.options().residual == Residual::kNone) {
  // Sizes of the arrays, in the order of their pointers below. Each starts on a page, so that an
  // array that is never written to, or not yet, takes no memory.
  const size_t sizes[] = {kBlocks * plane_bytes_,    kRows * field_stride_,
                          kRows * 3 * sizeof(float), kRows * 2 * sizeof(float),
                          kRows * sizeof(uint64_t),  kRows * sizeof(uint64_t),
                          kRows * sizeof(uint64_t)};
  size_t bytes = 0;
  for (size_t size : sizes) bytes += RoundUp(size, Arena::kPage);
  arena_ = slab != nullptr ? slab->Take(bytes) : Arena(bytes);
  uint8_t* next = arena_.data();
  const auto cut = [&](size_t i) {
    uint8_t* array = next;
    next += RoundUp(sizes[i], Arena::kPage);
    return array;
  };
  planes_ = cut(0);
  fields_ = cut(1);
  floats_ = reinterpret_cast<float*>(cut(2));
  scales_ = reinterpret_cast<float*>(cut(3));
  rows_ = reinterpret_cast<uint64_t*>(cut(4));
  id_low_ = reinterpret_cast<uint64_t*>(cut(5));
  id_high_ = reinterpret_cast<uint64_t*>(cut(6));
}

void Segment::StoreSigns(size_t index, const uint8_t* signs) {
  uint8_t* plane = planes_ + SignsAt(index);
  for (size_t b = 0; b < sign_bytes_; b += plane_group_) {
    // A row's last group may be short; the plane is zero there.
    std::memcpy(plane, signs + b, std::min(plane_group_, sign_bytes_ - b));
    plane += plane_group_ * plane_rows_;
  }
}

void Segment::GatherSigns(size_t index, uint8_t* signs) const {
  const uint8_t* plane = planes_ + SignsAt(index);
  if (plane_group_ == 4) {
    for (size_t b = 0; b < row_plane_bytes_; b += 4)
      std::memcpy(signs + b, plane + b * plane_rows_, 4);
  } else {
    for (size_t b = 0; b < row_plane_bytes_; ++b) signs[b] = plane[b * plane_rows_];
  }
}

size_t Segment::Append(const PointId& id, uint64_t row, const uint8_t* code) {
  const size_t index = size_.load(std::memory_order_relaxed);
  assert(index < kRows);
  CodeHeader header;
  std::memcpy(&header, code, sizeof(header));
  StoreSigns(index, code + sizeof(header));
  std::memcpy(fields_ + index * field_stride_, code + sizeof(header) + sign_bytes_, field_bytes_);

  float sign_scale = header.sign_scale, sign_error;
  if (signs_are_code_) {
    // The sums of the sign stage count +-w, so the code's only centroid becomes part of the scale.
    sign_scale = header.code_scale * Codebook::Get(1).centroids[0];
    sign_error = 0;
  } else {
    // The scaled signs are y plus a part orthogonal to it, which points anywhere under a random
    // rotation. Its energy is sign_scale^2 dim - |y|^2. The estimate thus errs by
    //   |q - mu| sqrt(energy / (dim - 1))
    // in standard deviation (docs/quantization.md, "Scanning the sign plane first").
    const float dim = static_cast<float>(dim_);
    const float opposite =
        sign_scale * sign_scale * dim - header.centered_norm * header.centered_norm;
    sign_error = std::sqrt(std::max(opposite, 0.0f) / (dim - 1));
  }
  float* floats = floats_ + FloatAt(index, 3);
  floats[0] = header.bias;
  floats[kBlockRows] = sign_scale;
  // The rounding of the query is independent of it, so the two add up as squares.
  floats[2 * kBlockRows] = std::hypot(sign_error, sign_scale * CenteredQuery::kSignRounding);
  float* scales = scales_ + FloatAt(index, 2);
  scales[0] = header.code_scale;
  scales[kBlockRows] = header.residual_scale;
  rows_[index] = row;
  id_low_[index] = id.low;
  if (id.is_uuid()) {
    id_high_[index] = id.high;
    uuid_[index / kBlockRows].fetch_or(uint64_t{1} << (index % kBlockRows),
                                       std::memory_order_relaxed);
  }
  Publish(index);
  return index;
}

void Segment::Publish(size_t index) {
  const size_t block = index / kBlockRows;
  const bool first = index % kBlockRows == 0;
  const uint64_t row = rows_[index];
  // These three go before size_: whoever sees the new size must see bounds that cover the row.
  if (first || row < min_row(block)) min_rows_[block].store(row, std::memory_order_relaxed);
  if (!first && row != rows_[index - 1] + 1)
    scattered_[block].store(true, std::memory_order_relaxed);
  if (first || row > max_row(block)) max_rows_[block].store(row, std::memory_order_relaxed);
  // The live bit goes before size_, too. A reader that sees the bit first ignores it, since it
  // takes only rows below the size that it loaded. fetch_or, because Remove changes the same word.
  live_[index / kBlockRows].fetch_or(uint64_t{1} << (index % kBlockRows),
                                     std::memory_order_release);
  live_rows_.fetch_add(1, std::memory_order_relaxed);
  // The release makes all bytes of the row visible to a reader that loads the new size.
  size_.store(index + 1, std::memory_order_release);
}

void Segment::Remove(size_t index) {
  assert(is_live(index));
  // The release makes the new place of a row that was moved visible to a reader that sees the bit
  // cleared: the writer appended it there before.
  live_[index / kBlockRows].fetch_and(~(uint64_t{1} << (index % kBlockRows)),
                                      std::memory_order_release);
  live_rows_.fetch_sub(1, std::memory_order_relaxed);
}

PointId Segment::id(size_t index) const {
  const bool uuid =
      uuid_[index / kBlockRows].load(std::memory_order_relaxed) >> (index % kBlockRows) & 1;
  return uuid ? PointId::Uuid(id_high_[index], id_low_[index]) : PointId::Number(id_low_[index]);
}

void Segment::CopyTo(size_t index, Segment& to) const {
  const size_t target = to.size_.load(std::memory_order_relaxed);
  assert(target < kRows && to.mean_version() == mean_version());
  std::vector<uint8_t> signs(row_plane_bytes_);
  GatherSigns(index, signs.data());
  // The derived floats are copied as they are: they depend on the row and its mean alone.
  to.StoreSigns(target, signs.data());
  std::memcpy(to.fields_ + target * field_stride_, fields(index), field_bytes_);
  for (size_t part = 0; part < 3 * kBlockRows; part += kBlockRows) {
    to.floats_[FloatAt(target, 3) + part] = floats_[FloatAt(index, 3) + part];
  }
  for (size_t part = 0; part < 2 * kBlockRows; part += kBlockRows) {
    to.scales_[FloatAt(target, 2) + part] = scales_[FloatAt(index, 2) + part];
  }
  to.rows_[target] = rows_[index];
  const PointId point = id(index);
  to.id_low_[target] = point.low;
  if (point.is_uuid()) {
    to.id_high_[target] = point.high;
    to.uuid_[target / kBlockRows].fetch_or(uint64_t{1} << (target % kBlockRows),
                                           std::memory_order_relaxed);
  }
  to.Publish(target);
}

size_t Segment::used_bytes() const {
  const size_t n = size();
  // The plane of a block is used as a whole from its first row on.
  const size_t planes = (n + kBlockRows - 1) / kBlockRows * plane_bytes_;
  return planes + n * (field_stride_ + 5 * sizeof(float) + 2 * sizeof(uint64_t));
}

}  // namespace tqdb
