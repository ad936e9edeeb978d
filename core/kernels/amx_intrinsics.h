// The AMX intrinsics that amx.cc uses, or plain functions of the same effect where
// TQDB_EMULATE_AVX512 asks for them. The emulation lets every x86 machine test the tile code.
#ifndef TQDB_CORE_KERNELS_AMX_INTRINSICS_H_
#define TQDB_CORE_KERNELS_AMX_INTRINSICS_H_

#if defined(TQDB_EMULATE_AVX512)

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tqdb::emulated_amx {

// The eight tile registers and their configured sizes.
struct Tiles {
  size_t rows[8];
  size_t row_bytes[8];
  alignas(64) uint8_t data[8][16][64];
};

// Returns the registers of this thread, as the CPU has them for each thread.
inline Tiles& State() {
  static thread_local Tiles tiles;
  return tiles;
}

// Reads the configuration at the offsets that the instruction defines, and clears all tiles.
inline void LoadConfig(const void* config) {
  const uint8_t* bytes = static_cast<const uint8_t*>(config);
  Tiles& tiles = State();
  std::memset(tiles.data, 0, sizeof(tiles.data));
  for (size_t t = 0; t < 8; ++t) {
    uint16_t row_bytes;
    std::memcpy(&row_bytes, bytes + 16 + 2 * t, 2);
    tiles.row_bytes[t] = row_bytes;
    tiles.rows[t] = bytes[48 + t];
  }
}

inline void Release() { State() = {}; }

// Load and Store move the rows of one tile, `stride` bytes apart in memory.
inline void Load(int t, const void* from, size_t stride) {
  Tiles& tiles = State();
  for (size_t r = 0; r < tiles.rows[t]; ++r) {
    std::memcpy(tiles.data[t][r], static_cast<const uint8_t*>(from) + r * stride,
                tiles.row_bytes[t]);
  }
}

inline void Store(int t, void* to, size_t stride) {
  const Tiles& tiles = State();
  for (size_t r = 0; r < tiles.rows[t]; ++r) {
    std::memcpy(static_cast<uint8_t*>(to) + r * stride, tiles.data[t][r], tiles.row_bytes[t]);
  }
}

// Adds a product to `sums`: sums (rows, columns) += signed a (rows, 4 k) * unsigned b (k, 4
// columns), four products a lane.
inline void MultiplySignedUnsigned(int sums, int a, int b) {
  Tiles& tiles = State();
  for (size_t m = 0; m < tiles.rows[sums]; ++m) {
    for (size_t c = 0; c < tiles.row_bytes[sums] / 4; ++c) {
      int32_t sum;
      std::memcpy(&sum, &tiles.data[sums][m][4 * c], 4);
      for (size_t k = 0; k < tiles.rows[b]; ++k) {
        for (size_t j = 0; j < 4; ++j) {
          sum += static_cast<int8_t>(tiles.data[a][m][4 * k + j]) * tiles.data[b][k][4 * c + j];
        }
      }
      std::memcpy(&tiles.data[sums][m][4 * c], &sum, 4);
    }
  }
}

}  // namespace tqdb::emulated_amx

#define _tile_loadconfig(config) tqdb::emulated_amx::LoadConfig(config)
#define _tile_release() tqdb::emulated_amx::Release()
#define _tile_loadd(t, from, stride) tqdb::emulated_amx::Load(t, from, stride)
#define _tile_stored(t, to, stride) tqdb::emulated_amx::Store(t, to, stride)
#define _tile_dpbsud(sums, a, b) tqdb::emulated_amx::MultiplySignedUnsigned(sums, a, b)

#else
#include <immintrin.h>
#endif

#endif  // TQDB_CORE_KERNELS_AMX_INTRINSICS_H_
