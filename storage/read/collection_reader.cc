#include "storage/read/collection_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/read/validate_search.h"
#include "values/key_path.h"

namespace tqdb::storage {

CollectionReader::CollectionReader(std::string name, const Store& store,
                                   const CollectionState& state)
    : name_(std::move(name)),
      state_(state),
      points_(store, state),
      filters_(store, state, points_),
      searcher_(store, points_, filters_),
      term_searcher_(state, points_, filters_) {}

absl::StatusOr<ScrollPage> CollectionReader::ScrollMatching(const PointId* after, size_t limit,
                                                            Select select,
                                                            const SharedFilter& filter,
                                                            ReadMoment& moment,
                                                            const StopFn& stop) const {
  TQDB_RETURN_IF_ERROR(ValidatePageSize(limit));
  TQDB_ASSIGN_OR_RETURN(const PreparedFilter prepared, filter.Prepared());
  return filters_.Scroll(after, limit, select, prepared, moment, stop);
}

absl::StatusOr<uint64_t> CollectionReader::CountMatching(const SharedFilter& filter,
                                                         ReadMoment& moment,
                                                         const StopFn& stop) const {
  TQDB_ASSIGN_OR_RETURN(const PreparedFilter prepared, filter.Prepared());
  TQDB_ASSIGN_OR_RETURN(const RowSet rows, filters_.Find(prepared, moment, /*stay=*/false, stop));
  return rows.size();
}

absl::StatusOr<OrderedPage> CollectionReader::ScrollOrdered(
    const OrderSpec& order, const OrderedPosition* after, size_t limit, Select select,
    const SharedFilter& filter, ReadMoment& moment, const StopFn& stop) const {
  TQDB_RETURN_IF_ERROR(ValidatePageSize(limit));
  TQDB_ASSIGN_OR_RETURN(const KeyPath key, KeyPath::Parse(order.key, "order_by.key"));
  std::optional<PreparedFilter> prepared;
  if (filter) {
    TQDB_ASSIGN_OR_RETURN(prepared, filter.Prepared());
  }
  return filters_.ScrollOrdered(key, order, after, limit, select, prepared ? &*prepared : nullptr,
                                moment, stop);
}

absl::StatusOr<std::vector<FacetCount>> CollectionReader::Facet(const FacetSpec& spec,
                                                                ReadMoment& moment,
                                                                const StopFn& stop) const {
  TQDB_ASSIGN_OR_RETURN(const KeyPath key, KeyPath::Parse(spec.key, "key"));
  if (spec.limit < 1 || spec.limit > kMaxFacetLimit) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit is ", spec.limit, "; allowed: 1..", kMaxFacetLimit));
  }
  std::optional<PreparedFilter> filter;
  if (spec.filter) {
    TQDB_ASSIGN_OR_RETURN(filter, spec.filter.Prepared());
  }
  TQDB_ASSIGN_OR_RETURN(const PayloadIndex::FacetCounts counts,
                        filters_.Facet(key, filter ? &*filter : nullptr, moment, stop));
  std::vector<FacetCount> facets;
  for (const auto& [value, count] : counts) facets.push_back({{value}, count});
  // A key may have a million values, so only the returned part is sorted. Equal counts are ordered
  // by value, so that two calls give the same list.
  const size_t size = std::min(spec.limit, facets.size());
  std::partial_sort(facets.begin(), facets.begin() + static_cast<ptrdiff_t>(size), facets.end(),
                    [](const FacetCount& a, const FacetCount& b) {
                      return a.count != b.count ? a.count > b.count : a.value.value < b.value.value;
                    });
  facets.resize(size);
  return facets;
}

absl::StatusOr<std::vector<std::vector<PointRecord>>> CollectionReader::Search(
    MatrixView queries, const SearchSpec& spec, ReadMoment& moment, const StopFn& stop) const {
  std::optional<PreparedFilter> filter;
  SearchSpec stoppable = spec;
  if (spec.filter) {
    TQDB_ASSIGN_OR_RETURN(filter, spec.filter.Prepared());
  }
  // A filter and an exact search can take seconds, because they may read every point from disk. So
  // they also end when the collection is closed. Other searches keep the caller's own `cancelled`.
  if (spec.filter || spec.exact) stoppable.cancelled = stop;
  const PreparedFilter* own_filter = filter ? &*filter : nullptr;
  if (spec.text || spec.sparse) {
    TQDB_RETURN_IF_ERROR(ValidateTermSearch(queries, spec));
    std::vector<std::vector<PointRecord>> lists(1);
    TQDB_ASSIGN_OR_RETURN(lists[0], SearchTerms(stoppable, own_filter, moment));
    return lists;
  }
  const Space* space = FindSpace(state_.spaces, spec.space);
  if (space == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("vector_name '", spec.space,
                                                   "' is not in collection '", name_, "'; it has ",
                                                   ListSpaceNames(state_.spaces)));
  }
  // The space must be known first, since the checks depend on its dim and on whether it keeps
  // originals.
  TQDB_RETURN_IF_ERROR(ValidateSearch(queries, spec, *space));
  return searcher_.Search(*space, queries, stoppable, own_filter, moment);
}

absl::StatusOr<std::vector<PointRecord>> CollectionReader::SearchTerms(const SearchSpec& spec,
                                                                       const PreparedFilter* filter,
                                                                       ReadMoment& moment) const {
  if (spec.text) {
    TQDB_ASSIGN_OR_RETURN(const KeyPath key, KeyPath::Parse(spec.text->key, "text.key"));
    return term_searcher_.SearchText(spec, key, filter, moment);
  }
  const SparseSpace* space = FindSparseSpace(state_.sparse_spaces, spec.space);
  if (space == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "vector_name '", spec.space, "' is no sparse space of collection '", name_, "'; it has ",
        state_.sparse_spaces.empty() ? "none" : ListSparseSpaceNames(state_.sparse_spaces)));
  }
  return term_searcher_.SearchSparse(spec, *space, filter, moment);
}

}  // namespace tqdb::storage
