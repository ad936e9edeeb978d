// NEON level, packing of record fields: 64 of them at a time, in four vectors.
//
// A section is packed and unpacked by itself. Parts are joined by de-interleaving: even bytes stay,
// odd bytes are shifted and inserted above them, which is one instruction.
#if defined(__aarch64__) && defined(__linux__)

#include <arm_neon.h>

#include <cstring>

#include "core/codec/record_packing.h"
#include "core/kernels/neon_parts.h"

#include "core/kernels/neon_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/neon_inline.h"
// clang-format on

namespace tqdb::neon {

namespace {

// Returns pairs of parts: the even bytes of both vectors, with their odd bytes moved up by kBits
// and inserted.
template <int kBits>
uint8x16_t JoinPairs(uint8x16_t a, uint8x16_t b) {
  return vsliq_n_u8(vuzp1q_u8(a, b), vuzp2q_u8(a, b), kBits);
}

// Packs 64 parts of kBits bits, a byte each, into 8 * kBits dense bytes. It must be inlined:
// otherwise the vectors leave their registers.
template <int kBits>
[[gnu::always_inline]] inline void PackPart(const Bytes64& part, uint8_t* out) {
  if constexpr (kBits == 8) {
    Store64(part, out);
  } else if constexpr (kBits == 4) {
    vst1q_u8(out, JoinPairs<4>(part.part[0], part.part[1]));
    vst1q_u8(out + 16, JoinPairs<4>(part.part[2], part.part[3]));
  } else if constexpr (kBits == 2) {
    const uint8x16_t low = JoinPairs<2>(part.part[0], part.part[1]);
    vst1q_u8(out, JoinPairs<4>(low, JoinPairs<2>(part.part[2], part.part[3])));
  } else {
    Bytes64 mask;
    for (size_t p = 0; p < 4; ++p) mask.part[p] = vtstq_u8(part.part[p], vdupq_n_u8(1));
    vst1_u8(out, BitsOfMask(mask));
  }
}

// Unpacks 8 * kBits dense bytes to 64 parts, a byte each.
template <int kBits>
[[gnu::always_inline]] inline Bytes64 UnpackPart(const uint8_t* in) {
  if constexpr (kBits == 8) {
    return Load64(in);
  } else if constexpr (kBits == 4) {
    Bytes64 out;
    for (size_t half = 0; half < 2; ++half) {
      const uint8x16_t bytes = vld1q_u8(in + 16 * half);
      const uint8x16_t low = vandq_u8(bytes, vdupq_n_u8(15)), high = vshrq_n_u8(bytes, 4);
      out.part[2 * half] = vzip1q_u8(low, high);
      out.part[2 * half + 1] = vzip2q_u8(low, high);
    }
    return out;
  } else if constexpr (kBits == 2) {
    const uint8x16_t bytes = vld1q_u8(in), three = vdupq_n_u8(3);
    const uint8x16_t p0 = vandq_u8(bytes, three), p1 = vandq_u8(vshrq_n_u8(bytes, 2), three);
    const uint8x16_t p2 = vandq_u8(vshrq_n_u8(bytes, 4), three), p3 = vshrq_n_u8(bytes, 6);
    const uint8x16_t even_low = vzip1q_u8(p0, p2), even_high = vzip2q_u8(p0, p2);
    const uint8x16_t odd_low = vzip1q_u8(p1, p3), odd_high = vzip2q_u8(p1, p3);
    return {{vzip1q_u8(even_low, odd_low), vzip2q_u8(even_low, odd_low),
             vzip1q_u8(even_high, odd_high), vzip2q_u8(even_high, odd_high)}};
  } else {
    Bytes64 out = MaskOfBits(in);
    for (size_t p = 0; p < 4; ++p) out.part[p] = vandq_u8(out.part[p], vdupq_n_u8(1));
    return out;
  }
}

// Returns 64 parts: bits [shift, shift + kBits) of the fields.
template <int kBits>
[[gnu::always_inline]] inline Bytes64 SectionOf(const uint8_t* fields, int shift) {
  const int8x16_t count = vdupq_n_s8(static_cast<int8_t>(-shift));
  const uint8x16_t mask = vdupq_n_u8((1 << kBits) - 1);
  Bytes64 part = Load64(fields);
  for (size_t p = 0; p < 4; ++p) part.part[p] = vandq_u8(vshlq_u8(part.part[p], count), mask);
  return part;
}

// Packs one section of n fields.
template <int kBits>
void PackSection(const uint8_t* fields, size_t n, int shift, uint8_t* out) {
  size_t i = 0;
  for (; i + 64 <= n; i += 64)
    PackPart<kBits>(SectionOf<kBits>(fields + i, shift), out + i * kBits / 8);
  if (i == n) return;
  // The last fields go through buffers, because a vector would write beyond the section.
  uint8_t tail[64] = {}, packed[64];
  std::memcpy(tail, fields + i, n - i);
  PackPart<kBits>(SectionOf<kBits>(tail, shift), packed);
  std::memcpy(out + i * kBits / 8, packed, ((n - i) * kBits + 7) / 8);
}

// Puts the section's bits into the fields, next to the bits that are there. The first section
// overwrites the fields instead, which saves clearing them.
template <int kBits>
void UnpackSection(const uint8_t* in, size_t n, int shift, bool first, uint8_t* fields) {
  const int8x16_t count = vdupq_n_s8(static_cast<int8_t>(shift));
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const Bytes64 part = UnpackPart<kBits>(in + i * kBits / 8);
    for (size_t p = 0; p < 4; ++p) {
      uint8_t* to = fields + i + 16 * p;
      const uint8x16_t moved = vshlq_u8(part.part[p], count);
      vst1q_u8(to, first ? moved : vorrq_u8(moved, vld1q_u8(to)));
    }
  }
  if (i == n) return;
  uint8_t packed[64] = {}, tail[64];
  std::memcpy(packed, in + i * kBits / 8, ((n - i) * kBits + 7) / 8);
  Store64(UnpackPart<kBits>(packed), tail);
  for (size_t j = i; j < n; ++j) {
    fields[j] = static_cast<uint8_t>((first ? 0 : fields[j]) | tail[j - i] << shift);
  }
}

}  // namespace

void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed) {
  for (int s = 0; s < packing.num_sections; ++s) {
    const RecordPacking::Section& section = packing.sections[s];
    uint8_t* out = packed + section.offset;
    switch (section.bits) {
      case 8: PackSection<8>(fields, packing.dim, section.shift, out); break;
      case 4: PackSection<4>(fields, packing.dim, section.shift, out); break;
      case 2: PackSection<2>(fields, packing.dim, section.shift, out); break;
      default: PackSection<1>(fields, packing.dim, section.shift, out); break;
    }
  }
}

void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields) {
  if (packing.num_sections == 0) std::memset(fields, 0, packing.dim);
  for (int s = 0; s < packing.num_sections; ++s) {
    const RecordPacking::Section& section = packing.sections[s];
    const uint8_t* in = packed + section.offset;
    switch (section.bits) {
      case 8: UnpackSection<8>(in, packing.dim, section.shift, s == 0, fields); break;
      case 4: UnpackSection<4>(in, packing.dim, section.shift, s == 0, fields); break;
      case 2: UnpackSection<2>(in, packing.dim, section.shift, s == 0, fields); break;
      default: UnpackSection<1>(in, packing.dim, section.shift, s == 0, fields); break;
    }
  }
}

}  // namespace tqdb::neon

#include "core/kernels/neon_end.h"

#endif
