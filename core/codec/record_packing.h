// How a record stores the magnitude bits and the residual bit of every dimension.
//
// Each dimension has a *field*: code_bits - 1 magnitude bits and, with QJL, one residual bit below
// them (bit 0). A field has 0 to 8 bits. Sign bits are not part of it; they lie before the fields.
//
// The simple idea would be to write fields one after the other. A field of 3 bits would then often
// straddle two bytes, which vector instructions cannot take apart cheaply. So a field is cut into
// *sections* of 8, 4, 2 or 1 bits, one for each power of two in its width. A section holds its part
// of every dimension, dense and little-endian, and starts on a byte. The low bits of a field come
// from the widest section. Example with 4 code bits without residual, fields of 3 bits:
//
// clang-format off
//   field of dimension i     b2 b1 b0
//   section 0, 2 bits wide   b1 b0 of dimensions 0..3 in its first byte, 4..7 in the next ...
//   section 1, 1 bit wide    b2 of dimensions 0..7 in its first byte, 8..15 in the next ...
// clang-format on
//
// With QJL the same code has fields of 4 bits, and a single section: two dimensions a byte.
//
// This file is the specification and is not fast. Kernels::pack_fields and unpack_fields give the
// same bytes.
#ifndef TQDB_CORE_CODEC_RECORD_PACKING_H_
#define TQDB_CORE_CODEC_RECORD_PACKING_H_

#include <cstddef>
#include <cstdint>

#include "values/types.h"

namespace tqdb {

// Layout of the fields of one record, computed from dim and field width. Immutable once made.
struct RecordPacking {
  RecordPacking(size_t dim, int code_bits, Residual residual);

  // One section. Sections follow each other without gaps, in descending width.
  struct Section {
    int bits;       // width: 8, 4, 2 or 1 bits
    int shift;      // place of these bits in the field, counted from bit 0
    size_t offset;  // start in the packed bytes
  };
  size_t dim;
  int field_bits;        // width of a field, 0 to 8; 0 means that records hold only signs
  int num_sections = 0;  // sections in use; one section suffices where field_bits is 1, 2, 4 or 8
  Section sections[3];
  size_t bytes = 0;  // size of all sections together

  // Packs `fields` (dim bytes, one field each) into `packed` (`bytes` bytes).
  void Pack(const uint8_t* fields, uint8_t* packed) const;
  // Restores the fields that Pack was given. Bits above field_bits come out as zero.
  void Unpack(const uint8_t* packed, uint8_t* fields) const;
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_RECORD_PACKING_H_
