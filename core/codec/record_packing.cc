#include "core/codec/record_packing.h"

#include <algorithm>

namespace tqdb {

RecordPacking::RecordPacking(size_t dim_in, int code_bits, Residual residual)
    : dim(dim_in), field_bits(code_bits - 1 + (residual == Residual::kQjl ? 1 : 0)) {
  int shift = 0;
  // The widths are the binary digits of field_bits, largest first: 7 = 4 + 2 + 1.
  for (int width : {8, 4, 2, 1}) {
    if (field_bits - shift < width) continue;
    sections[num_sections++] = {width, shift, bytes};
    bytes += (dim * static_cast<size_t>(width) + 7) / 8;
    shift += width;
  }
}

void RecordPacking::Pack(const uint8_t* fields, uint8_t* packed) const {
  // Parts are or-ed into place, so the bytes start at zero. This also clears the unused bits at the
  // end of a section, which the format requires to be zero.
  std::fill_n(packed, bytes, uint8_t{0});
  for (int s = 0; s < num_sections; ++s) {
    const Section& section = sections[s];
    uint8_t* out = packed + section.offset;
    const size_t per_byte = 8 / static_cast<size_t>(section.bits);
    const unsigned mask = (1u << section.bits) - 1;
    for (size_t i = 0; i < dim; ++i) {
      const unsigned part = fields[i] >> section.shift & mask;
      out[i / per_byte] |= static_cast<uint8_t>(part << (i % per_byte * section.bits));
    }
  }
}

void RecordPacking::Unpack(const uint8_t* packed, uint8_t* fields) const {
  std::fill_n(fields, dim, uint8_t{0});
  for (int s = 0; s < num_sections; ++s) {
    const Section& section = sections[s];
    const uint8_t* in = packed + section.offset;
    const size_t per_byte = 8 / static_cast<size_t>(section.bits);
    const unsigned mask = (1u << section.bits) - 1;
    for (size_t i = 0; i < dim; ++i) {
      const unsigned part = in[i / per_byte] >> (i % per_byte * section.bits) & mask;
      fields[i] |= static_cast<uint8_t>(part << section.shift);
    }
  }
}

}  // namespace tqdb
