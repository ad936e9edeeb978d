// Records as bytes, for a log, a file or another machine.
//
// A record can come from a file that was damaged or from a sender with a bug. The planner trusts
// its records, so decoding checks everything that validation checks for a caller of this process.
//
//   version   1 byte   1, or 2 for an upsert with a mode or a condition
//   kind      1 byte   RecordKind
//   body               by kind, below
//   checksum  fixed32  CRC32C of all bytes before it
//
// Integers are little-endian. `varint` is LEB128. `bytes` is a length as varint and then that many
// bytes. An id has the form that it has in keys (disk/keys.h). docs/format.md explains all of
// these.
//
// clang-format off
//   upsert    in version 2: mode: 1 byte (UpsertMode); with a condition: 1 byte, 0 or 1;
//             the condition as JSON (values/filter_json.h): bytes
//             number of points: varint; for each its id and its payload: bytes
//             number of vector columns: varint; for each
//               space: 1 byte; which parts follow a code: 1 byte, bit 0 original, bit 1 raw
//               for each point 1 byte: 1 if it has a vector here, 0 if not
//               for each that has one: code, original, raw; their sizes follow from the space
//             number of sparse columns: varint; for each
//               space: 1 byte; for each point 1 byte as above; for each that has one: bytes
//   delete    number of ids: varint; each id; with rows: 1 byte, 0 or 1; each row: varint
//   edit      number of ids: varint; each id; kind of edit: 1 byte; JSON: bytes; key: bytes;
//             number of keys: varint; each key: bytes; with a condition: 1 byte, 0 or 1;
//             the condition as JSON (values/filter_json.h): bytes
//   mean      space: 1 byte; base version: fixed32; version: fixed32;
//             mean: dim float32, or nothing for none
//   index     path: bytes; kind: 1 byte as on disk, 0: the index is deleted
//   metadata  as on disk
// clang-format on
#ifndef TQDB_STORAGE_WRITE_RECORD_FORMAT_H_
#define TQDB_STORAGE_WRITE_RECORD_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/options.h"
#include "storage/write/record.h"

namespace tqdb::storage {

// Version 1 is written wherever it says everything, so that older builds read it.
inline constexpr uint8_t kRecordVersion = 1;
inline constexpr uint8_t kConditionalVersion = 2;

// Returns the bytes of a valid record. They depend on the content of the record alone: rows are
// written in the order of the points, not in that of memory.
std::string EncodeRecord(const WriteRecord& record);

// Returns the record, together with the memory behind its views. Checks sizes, distinct ids,
// payloads, codes and limits against the configuration of the collection, so that a decoded record
// can be planned like any other. FailedPrecondition when the version is one that this build does
// not know; DataLoss on any other bytes that are not a valid record.
absl::StatusOr<OwnedRecord> DecodeRecord(absl::string_view bytes, const CollectionConfig& config);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_RECORD_FORMAT_H_
