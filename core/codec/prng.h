// The generator behind every random choice that reaches the disk. Frozen: rotations depend on its
// bits.
#ifndef TQDB_CORE_CODEC_PRNG_H_
#define TQDB_CORE_CODEC_PRNG_H_

#include <cstdint>

namespace tqdb {

// SplitMix64 finaliser (Steele, Lea, Flood 2014): a bijection of 64-bit words.
inline uint64_t MixBits(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9;
  x ^= x >> 27;
  x *= 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Counter-based: word `counter` of the stream named by `key`; no state, so any order gives the same
// bits.
inline uint64_t RandomWord(uint64_t key, uint64_t counter) {
  return MixBits(MixBits(key) + (counter + 1) * 0x9e3779b97f4a7c15);
}

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_PRNG_H_
