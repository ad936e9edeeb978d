// Expansion of codes for the AVX-512 levels: from sign bits and packed fields to bytes that a dot
// product can multiply. Include it after avx512_inline.h, inside a region that allows the
// instructions that kVbmi asks for.
//
// The simple idea would be a byte for every dimension of a row, row after row. A dot product then
// has to add 16 lanes of a vector at the end of every row. Here a *tile* has another order. It has
// four groups of 16 rows, and a group has n / 4 *steps* of 64 bytes. Dword v of a step holds four
// codes of row v. So a step is multiplied with one dword of a query, and all 16 rows are added at
// once. No sum is ever reduced across lanes.
//
// Which four dimensions share a dword is free, as long as the weights have the same order
// (StepsOf). It is chosen so that bits need no moving:
//   byte j of the dwords of step 8 s + t is dimension 32 s + 8 j + t.
// Example: step 1 (s = 0, t = 1) has dimensions 1, 9, 17 and 25. Their signs are bit 1 of the row's
// first four sign bytes, which lie in the plane as one dword. All dwords of 16 rows are tested with
// one mask. Packed fields behave in the same way once 16 rows of them are transposed: one fixed
// part of every byte belongs to one step.
#ifndef TQDB_CORE_KERNELS_AVX512_EXPAND_INLINE_H_
#define TQDB_CORE_KERNELS_AVX512_EXPAND_INLINE_H_

namespace tqdb::TQDB_AVX512 {
namespace {

// Returns four sign bytes of 16 rows, a dword a row: those of dimensions 32 s to 32 s + 31.
inline __m512i SignDwords(const CodeBlock& block, size_t group, size_t s, int plane_group) {
  // Beyond the padded dimension the weights are zero, so any signs will do.
  const size_t last = block.bytes_per_row / 4 - 1;
  const size_t step = s < last ? s : last;
  if (plane_group == 4) {
    return _mm512_loadu_si512(block.plane + group * kGroupRows * block.bytes_per_row + step * 64);
  }
  const uint8_t* at = block.plane + step * 4 * kBlockRows;
  const size_t first = kGroupRows * group;
  // The plane has byte j of 16 rows together. They are loaded to quarter j, dword l of every
  // quarter moves to quarter l, and there bytes are transposed.
  __m512i bytes =
      _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + first)));
  const auto insert = [&](size_t j) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + j * kBlockRows + first));
  };
  bytes = _mm512_inserti32x4(bytes, insert(1), 1);
  bytes = _mm512_inserti32x4(bytes, insert(2), 2);
  bytes = _mm512_inserti32x4(bytes, insert(3), 3);
  const __m512i quarters = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  const __m512i transposed =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(quarters, bytes), transposed);
}

// Loads 16 bytes each of rows i, 4 + i, 8 + i and 12 + i, so that TransposeDwords leaves rows in
// order.
inline __m512i FourRows(const uint8_t* at, size_t stride, size_t i) {
  const auto row = [&](size_t r) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + r * stride));
  };
  __m512i x = _mm512_castsi128_si512(row(i));
  x = _mm512_inserti32x4(x, row(4 + i), 1);
  x = _mm512_inserti32x4(x, row(8 + i), 2);
  return _mm512_inserti32x4(x, row(12 + i), 3);
}

// Transposes dwords: dword j of all 16 rows goes to out[j]. x[i] is loaded by FourRows.
inline void TransposeDwords(const __m512i x[4], __m512i out[4]) {
  const __m512i low01 = _mm512_unpacklo_epi32(x[0], x[1]),
                high01 = _mm512_unpackhi_epi32(x[0], x[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(x[2], x[3]),
                high23 = _mm512_unpackhi_epi32(x[2], x[3]);
  out[0] = _mm512_unpacklo_epi64(low01, low23);
  out[1] = _mm512_unpackhi_epi64(low01, low23);
  out[2] = _mm512_unpacklo_epi64(high01, high23);
  out[3] = _mm512_unpackhi_epi64(high01, high23);
}

// Transposes 16 bytes of 16 rows of a section that is kBits (1, 2 or 4) wide to four vectors with a
// dword a row. The four bytes of a dword belong to four octets of dimensions, in order.
template <int kBits>
inline void TransposeFields(const uint8_t* at, size_t stride, __m512i out[4]) {
  const __m512i order = _mm512_broadcast_i32x4(
      kBits == 4 ? _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
                 : _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
  __m512i x[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    x[i] = FourRows(at, stride, i);
    if (kBits != 1) x[i] = _mm512_shuffle_epi8(x[i], order);
  }
  TransposeDwords(x, out);
}

// Transposes 32 bytes of 16 rows, a field each, to eight vectors with a dword a row in the same
// order.
inline void TransposeBytes(const uint8_t* at, size_t stride, __m512i out[8]) {
  // Puts bytes t and 8 + t of either half next to each other.
  const __m512i order =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
  __m512i low[4], high[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    const __m512i first = _mm512_shuffle_epi8(FourRows(at, stride, i), order);
    const __m512i second = _mm512_shuffle_epi8(FourRows(at + 16, stride, i), order);
    low[i] = _mm512_unpacklo_epi16(first, second);
    high[i] = _mm512_unpackhi_epi16(first, second);
  }
  TransposeDwords(low, out);
  TransposeDwords(high, out + 4);
}

// Returns x with bit kFrom of every byte at kTo. The shift works on words of 16 bits, so bits cross
// into neighbouring bytes. The caller masks them away.
template <int kFrom, int kTo>
inline __m512i MoveBit(__m512i x) {
  if constexpr (kFrom > kTo) return _mm512_srli_epi16(x, kFrom - kTo);
  if constexpr (kFrom < kTo) return _mm512_slli_epi16(x, kTo - kFrom);
  return x;
}

// Returns bits of `where_set` where the mask has ones, else bits of `where_clear`.
inline __m512i Select(__m512i mask, __m512i where_set, __m512i where_clear) {
  return _mm512_ternarylogic_epi32(mask, where_set, where_clear, 0xca);
}

// The table that turns a field of kBits bits and a sign into the byte of a code.
template <int kBits, bool kVbmi>
class CodeTable {
 public:
  CodeTable(const Codebook& book, int level_shift) {
    // With byte permutation the sign is one more index bit, as long as the entries fit one vector.
    // A single look-up then makes a signed code. The entries repeat for every value of the bits
    // above, so those need no masking.
    alignas(64) uint8_t entries[128];
    constexpr size_t kOwn = size_t{1} << (kSignIsIndex ? kBits + 1 : kBits == 8 ? 7 : kBits);
    for (size_t e = 0; e < kOwn; ++e) {
      const size_t level = kBits == 8 ? e : (e & ((1u << kBits) - 1)) >> level_shift;
      const uint8_t magnitude = book.magnitudes[level];
      const bool negative = kSignIsIndex && (e >> kBits & 1) == 0;
      entries[e] = static_cast<uint8_t>(negative ? kCodeZero - magnitude : kCodeZero + magnitude);
    }
    for (size_t have = kOwn; have < sizeof(entries); have *= 2)
      std::memcpy(entries + have, entries, have);
    table_[0] = _mm512_load_si512(entries);
    table_[1] = _mm512_load_si512(entries + 64);
  }

  // Returns 64 codes. The field stands in the low bits of every byte, with any bits above; the sign
  // is bit kBit of `signs`.
  template <int kBit>
  __m512i Codes(__m512i field, __m512i signs) const {
    if constexpr (kSignIsIndex) {
      const __m512i mask = _mm512_set1_epi8(1 << kBits);
      return _mm512_permutexvar_epi8(Select(mask, MoveBit<kBit, kBits>(signs), field), table_[0]);
    } else {
      __m512i code;
      if constexpr (kBits == 8) {
        // The residual bit stands below the level and is shifted out.
        code = _mm512_permutex2var_epi8(table_[0], _mm512_srli_epi16(field, 1), table_[1]);
      } else if constexpr (kBits == 7) {
        code = _mm512_permutex2var_epi8(table_[0], field, table_[1]);
      } else {
        code = _mm512_shuffle_epi8(table_[0], _mm512_and_si512(field, _mm512_set1_epi8(15)));
      }
      const uint64_t negative =
          _mm512_testn_epi8_mask(signs, _mm512_set1_epi8(static_cast<char>(1 << kBit)));
      return _mm512_mask_sub_epi8(code, negative,
                                  _mm512_set1_epi8(static_cast<char>(2 * kCodeZero)), code);
    }
  }

 private:
  static constexpr bool kSignIsIndex = kVbmi && kBits <= 5;
  __m512i table_[2];
};

// The places of the sections of a field of kBits bits. There is one section of 8 bits, or there are
// parts of 4, 2 and 1 bits as kBits has them, low bits first.
template <int kBits>
struct Sections {
  explicit Sections(const RecordPacking& packing) {
    int next = 0;
    if (kBits & 8) eight = packing.sections[next++].offset;
    if (kBits & 4) four = packing.sections[next++].offset;
    if (kBits & 2) two = packing.sections[next++].offset;
    if (kBits & 1) one = packing.sections[next++].offset;
  }
  size_t eight = 0, four = 0, two = 0, one = 0;
};

// Returns the fields of step 8 s + kStep, in the low bits of each byte. The arguments are the
// transposed parts of 32 dimensions of 16 rows: eights[8], fours[4], twos[2] and `ones`.
template <int kBits, int kStep>
inline __m512i FieldOf(const __m512i* eights, const __m512i* fours, const __m512i* twos,
                       __m512i ones) {
  if constexpr (kBits & 8) return eights[kStep];
  constexpr int kTwoAt = kBits & 4, kOneAt = kBits & 6;
  __m512i field = _mm512_setzero_si512();
  if constexpr (kBits & 4) field = MoveBit<kStep % 2 * 4, 0>(fours[kStep / 2]);
  if constexpr (kBits & 2) {
    const __m512i two = MoveBit<kStep % 4 * 2, kTwoAt>(twos[kStep / 4]);
    field = kBits & 4 ? Select(_mm512_set1_epi8(3 << kTwoAt), two, field) : two;
  }
  if constexpr (kBits & 1) {
    const __m512i one = MoveBit<kStep, kOneAt>(ones);
    field = kBits & 6 ? Select(_mm512_set1_epi8(1 << kOneAt), one, field) : one;
  }
  return field;
}

// Sinks of an expansion: they take the steps of 16 rows. ToTile stores them.
class ToTile {
 public:
  explicit ToTile(uint8_t* tile) : tile_(tile) {}
  template <int kStep>
  void Take(size_t octets, __m512i codes) {
    _mm512_storeu_si512(tile_ + (8 * octets + kStep) * 64, codes);
  }

 private:
  uint8_t* tile_;
};

// ToSums multiplies each step at once with one or two queries, and no tile is stored. With so few
// queries, writing and reading the tile would cost more than the products.
template <size_t kQueries>
class ToSums {
 public:
  explicit ToSums(const int8_t* weights) : weights_(weights) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kQueries * kChains; ++i) sum_[i] = _mm512_setzero_si512();
  }
  template <int kStep>
  void Take(size_t octets, __m512i codes) {
#pragma GCC unroll 2
    for (size_t q = 0; q < kQueries; ++q) {
      AddDots(sum_[q * kChains + kStep % kChains], codes,
              BroadcastDword(weights_ + ((8 * octets + kStep) * kQueries + q) * 4));
    }
  }
  void Store(const int32_t* zeros, int32_t* sums) const {
#pragma GCC unroll 2
    for (size_t q = 0; q < kQueries; ++q) {
      const __m512i* chain = sum_ + q * kChains;
      const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(chain[0], chain[1]),
                                           _mm512_add_epi32(chain[2], chain[3]));
      _mm512_storeu_si512(sums + q * kBlockRows,
                          _mm512_sub_epi32(sum, _mm512_set1_epi32(zeros[q])));
    }
  }

 private:
  // Independent sums of one query. An addition waits some cycles for the one before in its chain.
  static constexpr size_t kChains = 4;
  const int8_t* weights_;
  __m512i sum_[kQueries * kChains];
};

// Expands kOctets times 32 dimensions (2 or 4) of 16 rows, from dimension `from`, a multiple of 64.
// kStep is a template argument, so the eight steps are written out: shifts must be constants.
template <int kBits, bool kVbmi, size_t kOctets, typename Sink>
inline void ExpandChunk(const Sections<kBits>& sections, const CodeBlock& block, size_t group,
                        size_t from, const CodeTable<kBits, kVbmi>& table, Sink& sink) {
  const uint8_t* fields = block.fields + group * kGroupRows * block.field_stride;
  __m512i eights[8], fours[4], twos[4], ones[4];
  if constexpr (kBits & 1)
    TransposeFields<1>(fields + sections.one + from / 8, block.field_stride, ones);
#pragma GCC unroll 4
  for (size_t o = 0; o < kOctets; ++o) {
    const size_t dim = from + 32 * o;
    if constexpr (kBits & 8)
      TransposeBytes(fields + sections.eight + dim, block.field_stride, eights);
    if constexpr (kBits & 4)
      TransposeFields<4>(fields + sections.four + dim / 2, block.field_stride, fours);
    if constexpr (kBits & 2) {
      if (o % 2 == 0) TransposeFields<2>(fields + sections.two + dim / 4, block.field_stride, twos);
    }
    const __m512i signs = SignDwords(block, group, dim / 32, kVbmi ? 4 : 1);
    const __m512i* two = twos + o % 2 * 2;
    sink.template Take<0>(
        dim / 32, table.template Codes<0>(FieldOf<kBits, 0>(eights, fours, two, ones[o]), signs));
    sink.template Take<1>(
        dim / 32, table.template Codes<1>(FieldOf<kBits, 1>(eights, fours, two, ones[o]), signs));
    sink.template Take<2>(
        dim / 32, table.template Codes<2>(FieldOf<kBits, 2>(eights, fours, two, ones[o]), signs));
    sink.template Take<3>(
        dim / 32, table.template Codes<3>(FieldOf<kBits, 3>(eights, fours, two, ones[o]), signs));
    sink.template Take<4>(
        dim / 32, table.template Codes<4>(FieldOf<kBits, 4>(eights, fours, two, ones[o]), signs));
    sink.template Take<5>(
        dim / 32, table.template Codes<5>(FieldOf<kBits, 5>(eights, fours, two, ones[o]), signs));
    sink.template Take<6>(
        dim / 32, table.template Codes<6>(FieldOf<kBits, 6>(eights, fours, two, ones[o]), signs));
    sink.template Take<7>(
        dim / 32, table.template Codes<7>(FieldOf<kBits, 7>(eights, fours, two, ones[o]), signs));
  }
}

// Expands a group of 16 rows, and asks for a share of the next block with every 128 dimensions.
template <int kBits, bool kVbmi, typename Sink>
inline void ExpandGroup(const Sections<kBits>& sections, const CodeBlock& block, size_t group,
                        size_t n, const CodeTable<kBits, kVbmi>& table, PrefetchBlock* next,
                        Sink& sink) {
  size_t from = 0;
  for (; from + 128 <= n; from += 128) {
    if (next != nullptr) next->Next();
    ExpandChunk<kBits, kVbmi, 4>(sections, block, group, from, table, sink);
  }
  if (from == n) return;
  if (next != nullptr) next->Next();
  ExpandChunk<kBits, kVbmi, 2>(sections, block, group, from, table, sink);
}

// Makes the sums of one or two queries without a tile.
template <int kBits, bool kVbmi, size_t kQueries>
void SumFewQueries(const Sections<kBits>& sections, const CodeBlock& block, size_t n,
                   const CodeTable<kBits, kVbmi>& table, const CodeQueries& queries,
                   int32_t* sums) {
  constexpr size_t kGroups = kBlockRows / kGroupRows;
  PrefetchBlock next(block, (n + 127) / 128 * kGroups);
  for (size_t group = 0; group < kGroups; ++group) {
    ToSums<kQueries> sink(queries.weights);
    ExpandGroup(sections, block, group, n, table, &next, sink);
    sink.Store(queries.zeros, sums + group * kGroupRows);
  }
}

// Makes the sums for fields of kBits bits: directly for one or two queries, else by a tile.
template <int kBits, bool kVbmi>
void SumFields(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
               int level_shift, const CodeQueries& queries, DotTileFunction* dot, uint8_t* tile,
               int32_t* sums) {
  const CodeTable<kBits, kVbmi> table(book, level_shift);
  const Sections<kBits> sections(packing);
  if (queries.count == 1)
    return SumFewQueries<kBits, kVbmi, 1>(sections, block, n, table, queries, sums);
  if (queries.count == 2)
    return SumFewQueries<kBits, kVbmi, 2>(sections, block, n, table, queries, sums);
  for (size_t group = 0; group < kBlockRows / kGroupRows; ++group) {
    ToTile sink(tile + group * kGroupRows * n);
    ExpandGroup(sections, block, group, n, table, nullptr, sink);
  }
  dot(tile, n, queries, block, sums);
}

// Expands codes of 8 bits one by one, on CPUs that have no look-up in 128 entries.
[[maybe_unused]] void ExpandSlowly(const RecordPacking& packing, const CodeBlock& block, size_t n,
                                   const Codebook& book, int level_shift, uint8_t* tile) {
  uint8_t fields[kMaxDim];
  for (size_t r = 0; r < kBlockRows; ++r) {
    UnpackFields(packing, block.fields + r * block.field_stride, fields);
    for (size_t i = packing.dim; i < n; ++i) fields[i] = 0;
    uint8_t* out = tile + r / kGroupRows * kGroupRows * n + r % kGroupRows * 4;
    for (size_t s = 0; s < n / 32; ++s) {
      alignas(64) uint8_t signs[64];
      _mm512_store_si512(signs, SignDwords(block, r / kGroupRows, s, /*plane_group=*/1));
      for (size_t i = 0; i < 32; ++i) {
        const uint8_t magnitude = book.magnitudes[fields[32 * s + i] >> level_shift];
        const bool positive = signs[r % kGroupRows * 4 + i / 8] >> (i % 8) & 1;
        out[(8 * s + i % 8) * 64 + i / 8] =
            static_cast<uint8_t>(positive ? kCodeZero + magnitude : kCodeZero - magnitude);
      }
    }
  }
}

// Does the work of sum_codes: picks the instance for the width of the fields.
template <bool kVbmi>
void SumCodesOf(const RecordPacking& packing, const CodeBlock& block, size_t n,
                const Codebook& book, int level_shift, const CodeQueries& queries,
                DotTileFunction* dot, uint8_t* tile, int32_t* sums) {
  switch (packing.field_bits) {
    case 1:
      return SumFields<1, kVbmi>(packing, block, n, book, level_shift, queries, dot, tile, sums);
    case 2:
      return SumFields<2, kVbmi>(packing, block, n, book, level_shift, queries, dot, tile, sums);
    case 3:
      return SumFields<3, kVbmi>(packing, block, n, book, level_shift, queries, dot, tile, sums);
    case 4:
      return SumFields<4, kVbmi>(packing, block, n, book, level_shift, queries, dot, tile, sums);
  }
  if constexpr (kVbmi) {
    if (packing.field_bits == 7) {
      return SumFields<7, kVbmi>(packing, block, n, book, level_shift, queries, dot, tile, sums);
    }
    return SumFields<8, kVbmi>(packing, block, n, book, level_shift, queries, dot, tile, sums);
  } else {
    ExpandSlowly(packing, block, n, book, level_shift, tile);
    dot(tile, n, queries, block, sums);
  }
}

}  // namespace
}  // namespace tqdb::TQDB_AVX512

#endif  // TQDB_CORE_KERNELS_AVX512_EXPAND_INLINE_H_
