// The generator behind every random choice that reaches the disk.
//
// A library's generator may change its bits with a release, and rotations on disk would no longer
// match. So the few lines are our own, and frozen.
#ifndef TQDB_CORE_CODEC_PRNG_H_
#define TQDB_CORE_CODEC_PRNG_H_

#include <cstdint>

namespace tqdb {

// Returns a bijection of the 64-bit words that scatters every input bit over the whole word: the
// SplitMix64 finaliser (Steele, Lea, Flood 2014).
inline uint64_t MixBits(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9;
  x ^= x >> 27;
  x *= 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Returns word `counter` of the stream named by `key`. There is no state: the word depends on its
// two arguments alone, so the order in which words are drawn does not matter.
inline uint64_t RandomWord(uint64_t key, uint64_t counter) {
  return MixBits(MixBits(key) + (counter + 1) * 0x9e3779b97f4a7c15);
}

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_PRNG_H_
