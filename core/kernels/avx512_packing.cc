// AVX-512 level, packing of record fields: 64 of them a vector. Unpacking is in avx512_scan.cc,
// since refinement uses it.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codec/record_packing.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"

#include "core/kernels/avx512_begin.h"

namespace tqdb::TQDB_AVX512 {

namespace {

// Packs 64 parts of kBits bits, a byte each, into 8 * kBits dense bytes.
template <int kBits>
void PackPart(__m512i part, uint8_t* out) {
  if constexpr (kBits == 8) {
    _mm512_storeu_si512(out, part);
  } else if constexpr (kBits == 4) {
    // Bytes a, b become a | b << 4: one multiply-add of pairs with (1, 16).
    const __m512i words = _mm512_maddubs_epi16(part, _mm512_set1_epi16(0x1001));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_cvtepi16_epi8(words));
  } else if constexpr (kBits == 2) {
    // Makes pairs a | b << 2, then joins two pairs to a byte.
    const __m512i words = _mm512_maddubs_epi16(part, _mm512_set1_epi16(0x0401));
    const __m512i dwords = _mm512_madd_epi16(words, _mm512_set1_epi32(0x00100001));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(dwords));
  } else {
    const uint64_t bits = _mm512_test_epi8_mask(part, part);
    std::memcpy(out, &bits, 8);
  }
}

// Packs one section: bits [shift, shift + kBits) of n fields.
template <int kBits>
void PackSection(const uint8_t* fields, size_t n, int shift, uint8_t* out) {
  const __m512i mask = _mm512_set1_epi8(static_cast<char>((1 << kBits) - 1));
  const __m128i count = _mm_cvtsi32_si128(shift);
  const auto part = [&](const uint8_t* from) {
    return _mm512_and_si512(_mm512_srl_epi16(_mm512_loadu_si512(from), count), mask);
  };
  size_t i = 0;
  for (; i + 64 <= n; i += 64) PackPart<kBits>(part(fields + i), out + i * kBits / 8);
  if (i == n) return;
  // The last fields go through buffers, because a vector would write beyond the section.
  uint8_t tail[64] = {}, packed[64];
  std::memcpy(tail, fields + i, n - i);
  PackPart<kBits>(part(tail), packed);
  std::memcpy(out + i * kBits / 8, packed, ((n - i) * kBits + 7) / 8);
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

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
