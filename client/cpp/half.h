// Conversion of IEEE 754 half precision to single precision. Exact for every input.
#ifndef TQDB_CLIENT_CPP_HALF_H_
#define TQDB_CLIENT_CPP_HALF_H_

#include <bit>
#include <cstdint>

namespace tqdb::client {

// Returns the number as a float. Infinities stay infinities, and NaN stays NaN.
inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24, which a float represents exactly.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_HALF_H_
