// The body of a record as bytes, by its kind (record_format.h has the form). Reading a body back is
// left to record_format.cc, which checks it on the way.
//
// Thread-safe: a free function without state.
#ifndef TQDB_STORAGE_WRITE_RECORD_BODY_H_
#define TQDB_STORAGE_WRITE_RECORD_BODY_H_

#include <cstdint>
#include <string>

#include "storage/write/record.h"

namespace tqdb::storage {

// Bits that say which parts follow a code in a vector column.
inline constexpr uint8_t kWithOriginal = 1;
inline constexpr uint8_t kWithRaw = 2;

// Appends the body of a valid record to `out`.
void AppendRecordBody(const WriteRecord& record, std::string* out);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_RECORD_BODY_H_
