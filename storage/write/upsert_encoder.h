// Turns the batch of a caller into a record.
#ifndef TQDB_STORAGE_WRITE_UPSERT_ENCODER_H_
#define TQDB_STORAGE_WRITE_UPSERT_ENCODER_H_

#include <cstddef>

#include "storage/api/collection.h"
#include "storage/memory/collection_state.h"
#include "storage/write/record.h"

namespace tqdb::storage {

struct EncodedUpsert {
  OwnedRecord owned;
  size_t bytes = 0;  // about how much log the record takes
};

// Encodes the vectors of a valid batch under the means in force. The record borrows ids, payloads
// and float32 originals from the batch, which must outlive it.
//
// Thread-safe: any number of batches are encoded at once, while others are committed.
EncodedUpsert EncodeUpsert(const UpsertBatch& batch, const CollectionState& state);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_UPSERT_ENCODER_H_
