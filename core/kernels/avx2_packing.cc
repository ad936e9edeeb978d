// AVX2 level, packing of record fields: 32 of them a vector.
//
// A section is packed and unpacked by itself, in vectors of 32 parts, a byte each. Parts of 4 and 2
// bits are joined by multiply-add: a byte times 1 plus its neighbour times 16 is a | b << 4.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/avx2_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx2_begin.h"

namespace tqdb::avx2 {

namespace {

// Packs 32 parts of kBits bits, a byte each, into 4 * kBits dense bytes.
template <int kBits>
void PackPart(__m256i part, uint8_t* out) {
  if constexpr (kBits == 8) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), part);
  } else if constexpr (kBits == 4) {
    // Bytes a, b become a | b << 4: one multiply-add of pairs with (1, 16).
    const __m256i words = _mm256_maddubs_epi16(part, _mm256_set1_epi16(0x1001));
    const __m128i bytes =
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
  } else if constexpr (kBits == 2) {
    // Makes pairs a | b << 2, then joins two pairs to a byte.
    const __m256i words = _mm256_maddubs_epi16(part, _mm256_set1_epi16(0x0401));
    const __m256i dwords = _mm256_madd_epi16(words, _mm256_set1_epi32(0x00100001));
    const __m256i narrow = _mm256_permute4x64_epi64(_mm256_packs_epi32(dwords, dwords), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(narrow), _mm_setzero_si128());
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes);
  } else {
    const int bits = _mm256_movemask_epi8(_mm256_slli_epi16(part, 7));
    std::memcpy(out, &bits, 4);
  }
}

// Unpacks 4 * kBits dense bytes to 32 parts, a byte each.
template <int kBits>
__m256i UnpackPart(const uint8_t* in) {
  if constexpr (kBits == 8) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
  } else if constexpr (kBits == 4) {
    const __m256i words =
        _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in)));
    return _mm256_and_si256(_mm256_or_si256(words, _mm256_slli_epi16(words, 4)),
                            _mm256_set1_epi8(15));
  } else if constexpr (kBits == 2) {
    const __m256i dwords =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(in)));
    const __m256i halves = _mm256_or_si256(dwords, _mm256_slli_epi32(dwords, 12));
    return _mm256_and_si256(_mm256_or_si256(halves, _mm256_slli_epi32(halves, 6)),
                            _mm256_set1_epi8(3));
  } else {
    int bits;
    std::memcpy(&bits, in, 4);
    // Byte i / 8 of the four goes to byte i.
    const __m256i spread =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread);
    const __m256i own = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, own), own);
    return _mm256_and_si256(set, _mm256_set1_epi8(1));
  }
}

// Packs one section: bits [shift, shift + kBits) of n fields.
template <int kBits>
void PackSection(const uint8_t* fields, size_t n, int shift, uint8_t* out) {
  const __m256i mask = _mm256_set1_epi8(static_cast<char>((1 << kBits) - 1));
  const __m128i count = _mm_cvtsi32_si128(shift);
  const auto part = [&](const uint8_t* from) {
    const __m256i field = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_and_si256(_mm256_srl_epi16(field, count), mask);
  };
  size_t i = 0;
  for (; i + 32 <= n; i += 32) PackPart<kBits>(part(fields + i), out + i * kBits / 8);
  if (i == n) return;
  // The last fields go through buffers, because a vector would write beyond the section.
  uint8_t tail[32] = {}, packed[32];
  std::memcpy(tail, fields + i, n - i);
  PackPart<kBits>(part(tail), packed);
  std::memcpy(out + i * kBits / 8, packed, ((n - i) * kBits + 7) / 8);
}

// Or-s the section's bits into the fields.
template <int kBits>
void UnpackSection(const uint8_t* in, size_t n, int shift, uint8_t* fields) {
  const __m128i count = _mm_cvtsi32_si128(shift);
  const auto add = [&](const uint8_t* from, uint8_t* to) {
    __m256i* field = reinterpret_cast<__m256i*>(to);
    // A part shifted by `shift` stays within its byte: fields have at most 8 bits.
    const __m256i part = _mm256_sll_epi16(UnpackPart<kBits>(from), count);
    _mm256_storeu_si256(field, _mm256_or_si256(_mm256_loadu_si256(field), part));
  };
  size_t i = 0;
  for (; i + 32 <= n; i += 32) add(in + i * kBits / 8, fields + i);
  if (i == n) return;
  uint8_t packed[32] = {}, tail[32];
  std::memcpy(packed, in + i * kBits / 8, ((n - i) * kBits + 7) / 8);
  std::memset(tail, 0, sizeof(tail));
  std::memcpy(tail, fields + i, n - i);
  add(packed, tail);
  std::memcpy(fields + i, tail, n - i);
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
  std::memset(fields, 0, packing.dim);
  for (int s = 0; s < packing.num_sections; ++s) {
    const RecordPacking::Section& section = packing.sections[s];
    const uint8_t* in = packed + section.offset;
    switch (section.bits) {
      case 8: UnpackSection<8>(in, packing.dim, section.shift, fields); break;
      case 4: UnpackSection<4>(in, packing.dim, section.shift, fields); break;
      case 2: UnpackSection<2>(in, packing.dim, section.shift, fields); break;
      default: UnpackSection<1>(in, packing.dim, section.shift, fields); break;
    }
  }
}

}  // namespace tqdb::avx2

#include "core/kernels/avx2_end.h"

#endif
