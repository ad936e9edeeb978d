// Small functions of the NEON files. Include it inside the region of neon_begin.h.
#ifndef TQDB_CORE_KERNELS_NEON_INLINE_H_
#define TQDB_CORE_KERNELS_NEON_INLINE_H_

namespace tqdb::neon {
namespace {

// Byte i has the bit that it stands for among eight: bit i % 8.
inline constexpr uint8_t kOwnBit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};

// 64 bytes in four vectors: one for each row of a block, or for each of 64 dimensions.
struct Bytes64 {
  uint8x16_t part[4];
};

[[gnu::always_inline]] inline Bytes64 Load64(const uint8_t* from) {
  return {{vld1q_u8(from), vld1q_u8(from + 16), vld1q_u8(from + 32), vld1q_u8(from + 48)}};
}

[[gnu::always_inline]] inline void Store64(const Bytes64& bytes, uint8_t* to) {
  for (size_t p = 0; p < 4; ++p) vst1q_u8(to + 16 * p, bytes.part[p]);
}

// Returns bytes of which byte i is all ones where bit i of the 64 bits at `bits` is set, else zero.
// Each of the eight bytes is repeated eight times by zipping it with itself, and tested for its
// bit.
[[gnu::always_inline]] inline Bytes64 MaskOfBits(const uint8_t* bits) {
  const uint8x8_t eight = vld1_u8(bits);
  const uint8x16_t twice = vcombine_u8(eight, eight), own = vld1q_u8(kOwnBit);
  const uint8x16_t pairs = vzip1q_u8(twice, twice);  // 0 0 1 1 2 2 ...
  const uint16x8_t words = vreinterpretq_u16_u8(pairs);
  const uint32x4_t low = vreinterpretq_u32_u16(vzip1q_u16(words, words));   // 0 0 0 0 1 1 1 1 ...
  const uint32x4_t high = vreinterpretq_u32_u16(vzip2q_u16(words, words));  // 4 4 4 4 5 5 5 5 ...
  return {{vtstq_u8(vreinterpretq_u8_u32(vzip1q_u32(low, low)), own),
           vtstq_u8(vreinterpretq_u8_u32(vzip2q_u32(low, low)), own),
           vtstq_u8(vreinterpretq_u8_u32(vzip1q_u32(high, high)), own),
           vtstq_u8(vreinterpretq_u8_u32(vzip2q_u32(high, high)), own)}};
}

// Does the inverse: bit i of the result is set where byte i of `mask` is all ones. Other bytes must
// be zero.
inline uint8x8_t BitsOfMask(const Bytes64& mask) {
  const uint8x16_t own = vld1q_u8(kOwnBit);
  const uint8x16_t low = vpaddq_u8(vandq_u8(mask.part[0], own), vandq_u8(mask.part[1], own));
  const uint8x16_t high = vpaddq_u8(vandq_u8(mask.part[2], own), vandq_u8(mask.part[3], own));
  const uint8x16_t quarters = vpaddq_u8(low, high);
  return vget_low_u8(vpaddq_u8(quarters, quarters));
}

// Returns the low bytes of 16 words of 32 bits.
inline uint8x16_t NarrowToBytes(uint32x4_t a, uint32x4_t b, uint32x4_t c, uint32x4_t d) {
  const uint16x8_t low = vuzp1q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b));
  const uint16x8_t high = vuzp1q_u16(vreinterpretq_u16_u32(c), vreinterpretq_u16_u32(d));
  return vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
}

// The 16 lanes of a sum, in four vectors.
struct Lanes {
  float32x4_t v[4] = {};

  // Store and Load hand the lanes to the scalar functions for the last floats, and take them back.
  void Store(float out[16]) const {
    for (size_t j = 0; j < 4; ++j) vst1q_f32(out + 4 * j, v[j]);
  }
  void Load(const float from[16]) {
    for (size_t j = 0; j < 4; ++j) v[j] = vld1q_f32(from + 4 * j);
  }
  // Returns the sum in the order of scalar::SumLanes.
  float Sum() const {
    const float32x4_t quarter = vaddq_f32(vaddq_f32(v[0], v[2]), vaddq_f32(v[1], v[3]));
    const float32x2_t pair = vadd_f32(vget_low_f32(quarter), vget_high_f32(quarter));
    return vget_lane_f32(vpadd_f32(pair, pair), 0);
  }
};

}  // namespace
}  // namespace tqdb::neon

#endif  // TQDB_CORE_KERNELS_NEON_INLINE_H_
