// Completes a payload index: adds the rows that existed before it.
//
// New rows reach an index from the moment of its creation, so only old rows have to be read. An
// incomplete index gives no wrong answers: filters read the payloads of rows that it has not seen.
#ifndef TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_
#define TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/disk/store.h"
#include "storage/memory/indexed_payloads.h"

namespace tqdb::storage {

// Reads all payloads, about 3 us each, and adds them to the index of one key while writes and
// searches go on. Returns OK also if the index is deleted during the build, even if the key has
// another index by then. Returns Cancelled once `stop()` is true. The index is then used as far as
// it got, and another call completes it.
absl::Status BuildPayloadIndex(const Store& store, absl::string_view key,
                               const std::function<bool()>& stop, IndexedPayloads& payloads);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_
