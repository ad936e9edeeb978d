// Completes a payload index: shows it the rows that were there before it.
#ifndef TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_
#define TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/disk/store.h"
#include "storage/memory/indexed_payloads.h"

namespace tqdb::storage {

// Reads all payloads, some 3 us each, and shows them to the index of one key while writes and
// searches go on. OK also when the index is deleted meanwhile, be there another one of the key by
// then or not. Cancelled once `stop()` says so: the index is then used as far as it got, and
// another build completes it.
absl::Status BuildPayloadIndex(const Store& store, absl::string_view key,
                               const std::function<bool()>& stop, IndexedPayloads& payloads);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_INDEX_BUILDER_H_
