// Turns the batch of a caller into a record.
//
// Encoding is the most expensive part of an upsert and needs no order. So it runs on the thread of
// the caller, before the record is queued. The price is that the mean in force can change between
// encoding and commit. Such a row is still correct, because its code names its mean. If the space
// keeps originals, the row is encoded again later (upkeep/reencode.h).
#ifndef TQDB_STORAGE_WRITE_UPSERT_ENCODER_H_
#define TQDB_STORAGE_WRITE_UPSERT_ENCODER_H_

#include <cstddef>

#include "storage/api/collection.h"
#include "storage/memory/collection_state.h"
#include "storage/write/record.h"

namespace tqdb::storage {

struct EncodedUpsert {
  OwnedRecord owned;
  size_t bytes = 0;  // estimate of the log bytes that the record takes
};

// Encodes the vectors of a batch under the means in force. The record borrows ids, payloads and
// float32 originals from the batch. Requires: the batch passed ValidateUpsert and outlives the
// record.
//
// Thread-safe: any number of batches may be encoded at once, while others are committed.
EncodedUpsert EncodeUpsert(const UpsertBatch& batch, const CollectionState& state);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_UPSERT_ENCODER_H_
