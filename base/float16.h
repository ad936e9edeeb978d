// IEEE 754 half precision, in portable integer arithmetic.
//
// CPUs have an instruction for this, but bytes on disk must be the same on every CPU, with or
// without it. Integers round alike everywhere.
//
// clang-format off
//             sign   exponent   fraction   bias
//   float32   1      8 bits     23 bits    127
//   half      1      5 bits     10 bits    15
// clang-format on
//
// Example: 1.0f is 0x3f800000 and becomes 0x3c00.
#ifndef TQDB_BASE_FLOAT16_H_
#define TQDB_BASE_FLOAT16_H_

#include <bit>
#include <cstdint>

namespace tqdb {

// Largest finite half float.
inline constexpr float kMaxHalf = 65504.0f;

// Returns the nearest half float, the even one of two that are equally near. Values that round
// beyond kMaxHalf become infinity. A NaN stays one.
inline uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65520 and above
  if (magnitude >= 0x38800000) {                                             // 2^-14: normal
    // 13 bits of the fraction are dropped. Adding 0xfff rounds up above the middle. Adding the
    // lowest kept bit, too, makes a middle round to the even neighbour. A carry out of the fraction
    // raises the exponent, as it must. 0x38000000 changes the bias from 127 to 15.
    const uint32_t odd = magnitude >> 13 & 1;
    return static_cast<uint16_t>(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13));
  }
  if (magnitude < 0x33000000) return sign;  // below 2^-25: rounds to zero
  // Below 2^-14 a half is a multiple of 2^-24: the 24-bit significand is shifted into that unit.
  const uint32_t shift = 126 - (magnitude >> 23);
  const uint32_t significand = (magnitude & 0x7fffff) | 0x800000;
  const uint32_t whole = significand >> shift;
  const uint32_t rest = significand & ((uint32_t{1} << shift) - 1);
  const uint32_t half = uint32_t{1} << (shift - 1);
  const uint32_t up = rest > half || (rest == half && (whole & 1)) ? 1 : 0;
  return static_cast<uint16_t>(sign | (whole + up));
}

// Returns the value of a half float, exactly: every half float is a float.
inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  // A subnormal or zero is fraction * 2^-24, which float32 holds exactly.
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

}  // namespace tqdb

#endif  // TQDB_BASE_FLOAT16_H_
