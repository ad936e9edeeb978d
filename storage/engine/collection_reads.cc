// What a collection reads: points, counts, searches, and what it says of itself.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/disk/files.h"
#include "storage/engine/collection_impl.h"
#include "storage/write/validate.h"

namespace tqdb::storage {

absl::StatusOr<std::vector<PointRecord>> CollectionImpl::Get(absl::Span<const PointId> ids,
                                                             Select select) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidateIdCount("ids", ids.size()));
  return reader_.Get(ids, select);
}

absl::StatusOr<ScrollPage> CollectionImpl::Scroll(const PointId* after, size_t limit,
                                                  Select select) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidatePageSize(limit));
  return reader_.Scroll(after, limit, select);
}

absl::StatusOr<ScrollPage> CollectionImpl::ScrollMatching(const PointId* after, size_t limit,
                                                          Select select,
                                                          const FilterSpec& spec) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidatePageSize(limit));
  TQDB_ASSIGN_OR_RETURN(const PreparedFilter filter, PreparedFilter::Create(spec.filter));
  return filter_reader_.Scroll(after, limit, select, filter, Stop(spec.cancelled));
}

absl::StatusOr<uint64_t> CollectionImpl::CountMatching(const FilterSpec& spec) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const PreparedFilter filter, PreparedFilter::Create(spec.filter));
  TQDB_ASSIGN_OR_RETURN(const RowSet rows, filter_reader_.Find(filter, Stop(spec.cancelled)));
  return rows.size();
}

absl::StatusOr<OrderedPage> CollectionImpl::ScrollOrdered(const OrderSpec& order,
                                                          const OrderedPosition* after,
                                                          size_t limit, Select select,
                                                          const FilterSpec* filter) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidatePageSize(limit));
  TQDB_ASSIGN_OR_RETURN(const KeyPath key, ParseKey("order_by.key", order.key));
  std::optional<PreparedFilter> prepared;
  if (filter != nullptr) {
    TQDB_ASSIGN_OR_RETURN(prepared, PreparedFilter::Create(filter->filter));
  }
  const std::function<bool()> none;
  return filter_reader_.ScrollOrdered(key, order.descending, after, limit, select,
                                      prepared ? &*prepared : nullptr,
                                      Stop(filter != nullptr ? filter->cancelled : none));
}

absl::StatusOr<std::vector<FacetCount>> CollectionImpl::Facet(const FacetSpec& spec) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const KeyPath key, ParseKey("key", spec.key));
  if (spec.limit < 1 || spec.limit > kMaxFacetLimit) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit is ", spec.limit, "; allowed: 1..", kMaxFacetLimit));
  }
  std::optional<PreparedFilter> filter;
  if (spec.filter) {
    TQDB_ASSIGN_OR_RETURN(filter, PreparedFilter::Create(*spec.filter));
  }
  TQDB_ASSIGN_OR_RETURN(
      const PayloadIndex::FacetCounts counts,
      filter_reader_.Facet(key, filter ? &*filter : nullptr, Stop(spec.cancelled)));
  std::vector<FacetCount> facets;
  for (const auto& [value, count] : counts) facets.push_back({{value}, count});
  const size_t size = std::min(spec.limit, facets.size());
  std::partial_sort(facets.begin(), facets.begin() + static_cast<ptrdiff_t>(size), facets.end(),
                    [](const FacetCount& a, const FacetCount& b) {
                      return a.count != b.count ? a.count > b.count : a.value.value < b.value.value;
                    });
  facets.resize(size);
  return facets;
}

absl::StatusOr<std::vector<std::vector<PointRecord>>> CollectionImpl::Search(
    MatrixView queries, const SearchSpec& spec) const {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  std::optional<PreparedFilter> filter;
  SearchSpec stoppable = spec;
  if (spec.filter) {
    TQDB_ASSIGN_OR_RETURN(filter, PreparedFilter::Create(*spec.filter));
    stoppable.cancelled = Stop(spec.cancelled);
  }
  const PreparedFilter* own_filter = filter ? &*filter : nullptr;
  if (spec.text || spec.sparse) {
    TQDB_RETURN_IF_ERROR(ValidateTermSearch(queries, spec));
    std::vector<std::vector<PointRecord>> lists(1);
    TQDB_ASSIGN_OR_RETURN(lists[0], SearchTerms(stoppable, own_filter));
    return lists;
  }
  const Space* space = FindSpace(memory_->spaces, spec.space);
  if (space == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("vector_name '", spec.space,
                                                   "' is not in collection '", name_, "'; it has ",
                                                   ListSpaceNames(memory_->spaces)));
  }
  TQDB_RETURN_IF_ERROR(ValidateSearch(queries, spec, *space));
  return searcher_.Search(*space, queries, stoppable, own_filter);
}

absl::StatusOr<std::vector<PointRecord>> CollectionImpl::SearchTerms(
    const SearchSpec& spec, const PreparedFilter* filter) const {
  if (spec.text) {
    TQDB_ASSIGN_OR_RETURN(const KeyPath key, ParseKey("text.key", spec.text->key));
    return term_searcher_.Search(spec, filter, [&](const SparseSearchOptions& options) {
      return memory_->payloads.SearchText(key, spec.text->text, options);
    });
  }
  const SparseSpace* space = FindSparseSpace(memory_->sparse_spaces, spec.space);
  if (space == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "vector_name '", spec.space, "' is no sparse space of collection '", name_, "'; it has ",
        memory_->sparse_spaces.empty() ? "none" : ListSparseSpaceNames(memory_->sparse_spaces)));
  }
  return term_searcher_.Search(spec, filter, [&](const SparseSearchOptions& options) {
    return space->Search(spec.sparse->view(), options);
  });
}

CollectionInfo CollectionImpl::Info() const {
  CollectionInfo info;
  info.name = name_;
  info.config = config();
  const Call call(*this);
  if (!call.status().ok()) {
    info.status = CollectionStatus::kReadOnly;
    info.error = std::string(call.status().message());
    return info;
  }
  if (const absl::Status writable = CheckWritable(); !writable.ok()) {
    info.status = CollectionStatus::kReadOnly;
    info.error = std::string(writable.message());
  }
  info.points = memory_->index.size();
  info.disk_bytes = TreeBytes(directory_);
  info.memory_bytes = memory_->index.memory_bytes();
  info.memory_bytes += memory_->payloads.memory_bytes();
  info.write_buffer_bytes = store_->WriteBufferBytes();
  info.payload_indexes = PayloadIndexes();
  for (const std::unique_ptr<Space>& space : memory_->spaces) {
    SpaceInfo& own = info.spaces.emplace_back();
    own.name = space->config().name;
    own.rows = space->engine().live_rows();
    own.memory_bytes = space->engine().memory_bytes() + space->warm_up().memory_bytes();
    own.code_bytes = space->codec().code_bytes();
    own.mean_versions = space->mean_versions();
    own.current_mean_version = space->current_mean_version();
    own.rows_under_current_mean = space->engine().rows_under_mean(own.current_mean_version);
    info.memory_bytes += own.memory_bytes;
  }
  for (const std::unique_ptr<SparseSpace>& space : memory_->sparse_spaces) {
    info.sparse_spaces.push_back({space->config().name, space->rows(), space->memory_bytes()});
    info.memory_bytes += info.sparse_spaces.back().memory_bytes;
  }
  return info;
}

}  // namespace tqdb::storage
