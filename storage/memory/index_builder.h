// Makes payload indexes complete: shows them the rows that were there before.
#ifndef TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_
#define TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/disk/store.h"
#include "storage/memory/indexed_payloads.h"

namespace tqdb::storage {

// At start-up: the indexes that the disk knows of. They see every payload, but for those of texts,
// which take some ten times as long as the others: a start does not wait for them,
// BuildPayloadIndex is to be called. `rows`: those of all points, ascending. DataLoss when a record
// is damaged.
absl::Status LoadPayloadIndexes(const Store& store, absl::Span<const uint64_t> rows,
                                IndexedPayloads& payloads);

// Reads all payloads, some 3 us each, and shows them to the index of one key while writes and
// searches go on. OK also when the index is deleted meanwhile, be there another one of the key by
// then or not. Cancelled once `stop()` says so: the index is then used as far as it got, and
// another build completes it.
absl::Status BuildPayloadIndex(const Store& store, absl::string_view key,
                               const std::function<bool()>& stop, IndexedPayloads& payloads);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_
