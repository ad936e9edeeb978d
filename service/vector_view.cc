#include "service/vector_view.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/float16.h"
#include "service/spaces.h"

namespace tqdb::service {

static_assert(std::endian::native == std::endian::little,
              "vectors travel little-endian and are copied as they are");

VectorView VectorView::OfF32(absl::string_view bytes) {
  return {Form::kF32, bytes.data(), bytes.size()};
}

VectorView VectorView::OfF16(absl::string_view bytes) {
  return {Form::kF16, bytes.data(), bytes.size()};
}

VectorView VectorView::OfFloats(absl::Span<const float> values) {
  return {Form::kFloats, values.data(), values.size() * sizeof(float)};
}

absl::Status VectorView::Check(const storage::VectorSpaceConfig& space, FieldPath field) const {
  const size_t dim = space.codec.dim;
  if (form_ == Form::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat(field(), " is empty; set f32, f16 or values, with ", dim, " numbers"));
  }
  const size_t number_bytes = form_ == Form::kF16 ? sizeof(uint16_t) : sizeof(float);
  if (bytes_ == dim * number_bytes) return absl::OkStatus();
  const char* form = form_ == Form::kF32 ? "f32" : form_ == Form::kF16 ? "f16" : "values";
  if (bytes_ % number_bytes != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(field(), ".", form, " has ", bytes_, " bytes, not a multiple of ",
                     number_bytes, "; vector space ", SpaceName(space.name), " has dim ", dim,
                     ", which takes ", dim * number_bytes, " bytes"));
  }
  return absl::InvalidArgumentError(absl::StrCat(field(), ".", form, " has ", bytes_ / number_bytes,
                                                 " numbers; vector space ", SpaceName(space.name),
                                                 " has dim ", dim));
}

std::vector<float> VectorView::Values() const {
  const size_t width = form_ == Form::kF16 ? sizeof(uint16_t) : sizeof(float);
  if (bytes_ % width != 0) return {};
  std::vector<float> values(bytes_ / width);
  if (!values.empty()) CopyTo(absl::MakeSpan(values));
  return values;
}

void VectorView::CopyTo(absl::Span<float> out) const {
  if (form_ != Form::kF16) {
    std::memcpy(out.data(), data_, out.size() * sizeof(float));
    return;
  }
  const char* halves = static_cast<const char*>(data_);
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, halves + i * sizeof(half), sizeof(half));
    out[i] = HalfToFloat(half);
  }
}

}  // namespace tqdb::service
