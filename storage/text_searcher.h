// Search of one collection by the words of a text: rows from an index in memory, then points from
// disk.
//
// Thread-safe. Errors: those of IndexedPayloads::SearchText, and DataLoss and Internal of reading.
#ifndef TQDB_STORAGE_TEXT_SEARCHER_H_
#define TQDB_STORAGE_TEXT_SEARCHER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "storage/collection.h"
#include "storage/filter_reader.h"
#include "storage/payload/key_path.h"
#include "storage/payload/prepared_filter.h"
#include "storage/point_reader.h"
#include "storage/writes.h"

namespace tqdb::storage {

class TextSearcher {
 public:
  // All must outlive the searcher.
  TextSearcher(const MemoryState& memory, const PointReader& points, const FilterReader& filters)
      : memory_(memory), points_(points), filters_(filters) {}

  // spec.text is set and has passed ValidateTextSearch, `key` is its key; `filter` is that of the
  // spec, null for none.
  absl::StatusOr<std::vector<PointRecord>> Search(const SearchSpec& spec, const KeyPath& key,
                                                  const PreparedFilter* filter) const;

 private:
  // The hits that are still there and match. False in `complete` when one had to be dropped that
  // has taken the place of another.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const SearchSpec& spec,
                                                     absl::Span<const RowHit> hits,
                                                     const PreparedFilter* filter,
                                                     bool& complete) const;

  const MemoryState& memory_;
  const PointReader& points_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_TEXT_SEARCHER_H_
