// How a record packs what stands beside the sign: dense fields of 0..8 bits a dimension.
#ifndef TQDB_CORE_CODEC_RECORD_PACKING_H_
#define TQDB_CORE_CODEC_RECORD_PACKING_H_

#include <cstddef>
#include <cstdint>

#include "values/types.h"

namespace tqdb {

// A field holds code_bits - 1 magnitude bits above, with QJL, one residual bit (bit 0). Fields of a
// width that is no power of two are cut into sections of 4, 2 and 1 bits, low bits of the field
// first; a section holds its part of every dimension, dense and little-endian, and starts on a
// byte.
struct RecordPacking {
  RecordPacking(size_t dim, int code_bits, Residual residual);

  struct Section {
    int bits;       // 8, 4, 2 or 1
    int shift;      // of these bits within the field
    size_t offset;  // in bytes
  };
  size_t dim;
  int field_bits;
  int num_sections = 0;
  Section sections[3];
  size_t bytes = 0;  // of all sections

  // fields: dim bytes, one field each.
  void Pack(const uint8_t* fields, uint8_t* packed) const;
  void Unpack(const uint8_t* packed, uint8_t* fields) const;
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_RECORD_PACKING_H_
