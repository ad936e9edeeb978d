// The reads of a collection: checks the parameters of a call, prepares its filter, and passes it to
// the reader in charge.
//
// Thread-safe. `stop` ends a long read with Cancelled.
#ifndef TQDB_STORAGE_READ_COLLECTION_READER_H_
#define TQDB_STORAGE_READ_COLLECTION_READER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/matrix_view.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "storage/read/filter_reader.h"
#include "storage/read/point_reader.h"
#include "storage/read/searcher.h"
#include "storage/read/term_searcher.h"

namespace tqdb::storage {

class CollectionReader {
 public:
  using StopFn = std::function<bool()>;

  // `name` is the collection's, for messages. Store and state must outlive the reader.
  CollectionReader(std::string name, const Store& store, const CollectionState& state);

  // Do the work of the calls of Collection that have the same names (api/collection.h), at a
  // moment.
  absl::StatusOr<ScrollPage> ScrollMatching(const PointId* after, size_t limit, Select select,
                                            const SharedFilter& filter, ReadMoment& moment,
                                            const StopFn& stop) const;
  absl::StatusOr<OrderedPage> ScrollOrdered(const OrderSpec& order, const OrderedPosition* after,
                                            size_t limit, Select select, const SharedFilter& filter,
                                            ReadMoment& moment, const StopFn& stop) const;
  absl::StatusOr<uint64_t> CountMatching(const SharedFilter& filter, ReadMoment& moment,
                                         const StopFn& stop) const;
  absl::StatusOr<std::vector<FacetCount>> Facet(const FacetSpec& spec, ReadMoment& moment,
                                                const StopFn& stop) const;
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(MatrixView queries,
                                                               const SearchSpec& spec,
                                                               ReadMoment& moment,
                                                               const StopFn& stop) const;

  const PointReader& points() const { return points_; }
  const FilterReader& filters() const { return filters_; }

 private:
  // Returns the hits of a spec with a text or a sparse vector.
  absl::StatusOr<std::vector<PointRecord>> SearchTerms(const SearchSpec& spec,
                                                       const PreparedFilter* filter,
                                                       ReadMoment& moment) const;

  // Requires: this order of members. The filters use the points, and both searchers use the two.
  const std::string name_;
  const CollectionState& state_;
  const PointReader points_;
  const FilterReader filters_;
  const Searcher searcher_;
  const TermSearcher term_searcher_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_COLLECTION_READER_H_
