#include "service/point_service.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/types/span.h"
#include "base/status_macros.h"
#include "service/answer_size.h"
#include "service/page_builder.h"
#include "service/paging.h"
#include "service/request_limits.h"
#include "service/spaces.h"

namespace tqdb::service {

namespace {

using storage::Collection;

constexpr PageLimits kPageLimits{.default_size = 100, .max_size = 10'000};
constexpr size_t kMaxPageBytes = size_t{3} << 20;
// Points that are read from storage at a time. Between two reads the caller's deadline is looked
// at, and the points read beyond a bound of bytes stay few.
constexpr size_t kReadChunk = 64;

// Returns the points after `last` in the order of ids, a page of them.
absl::StatusOr<PointPage> ScrollById(const CallContext& context, const Collection& collection,
                                     const ScrollRequest& request, size_t page_size) {
  const std::string walk =
      WalkHash(request.collection, nullptr, request.filter ? &*request.filter : nullptr);
  std::optional<PointId> last;
  if (!request.page_token.empty()) {
    TQDB_ASSIGN_OR_RETURN(last, ParsePointPageToken(request.page_token, walk));
  }
  storage::PageSpec spec = {.select = request.select};
  TQDB_ASSIGN_OR_RETURN(spec.moment, collection.Now());
  std::optional<storage::FilterSpec> filter;
  if (request.filter) filter.emplace(storage::FilterSpec{*request.filter, context.stop()});
  const auto scroll = [&](const PointId* after, size_t limit) {
    spec.limit = limit;
    return filter ? collection.ScrollMatching(after, spec, *filter)
                  : collection.Scroll(after, spec);
  };
  PageBuilder page(page_size, kMaxPageBytes);
  bool more = true, full = false;
  while (more && !full && page.left() > 0) {
    TQDB_RETURN_IF_ERROR(context.Check());
    TQDB_ASSIGN_OR_RETURN(storage::ScrollPage chunk,
                          scroll(last ? &*last : nullptr, std::min(page.left(), kReadChunk)));
    more = chunk.more;
    for (storage::PointRecord& point : chunk.points) {
      const PointId id = point.id;
      full = !page.Add(std::move(point));
      if (full) break;
      last = id;
    }
    if (chunk.points.empty()) break;
  }
  PointPage answer{page.Take(), ""};
  if ((more || full) && last) answer.next_page_token = PointPageToken(*last, walk);
  return answer;
}

// Returns the points after `last` in the order of a key, a page of them.
absl::StatusOr<PointPage> ScrollByKey(const CallContext& context, const Collection& collection,
                                      const ScrollRequest& request, size_t page_size) {
  const std::string walk =
      WalkHash(request.collection, &*request.order_by, request.filter ? &*request.filter : nullptr);
  std::optional<storage::OrderedPosition> last;
  if (!request.page_token.empty()) {
    TQDB_ASSIGN_OR_RETURN(last, ParseOrderedPageToken(request.page_token, walk));
  }
  std::optional<storage::FilterSpec> filter;
  if (request.filter) filter.emplace(storage::FilterSpec{*request.filter, context.stop()});
  storage::PageSpec spec = {.select = request.select};
  TQDB_ASSIGN_OR_RETURN(spec.moment, collection.Now());
  PageBuilder page(page_size, kMaxPageBytes);
  bool more = true, full = false;
  while (more && !full && page.left() > 0) {
    TQDB_RETURN_IF_ERROR(context.Check());
    spec.limit = std::min(page.left(), kReadChunk);
    TQDB_ASSIGN_OR_RETURN(storage::OrderedPage chunk,
                          collection.ScrollOrdered(*request.order_by, last ? &*last : nullptr, spec,
                                                   filter ? &*filter : nullptr));
    more = chunk.more;
    for (size_t i = 0; i < chunk.points.size() && !full; ++i) {
      full = !page.Add(std::move(chunk.points[i]));
      if (!full) last = chunk.positions[i];
    }
  }
  PointPage answer{page.Take(), ""};
  if ((more || full) && last) answer.next_page_token = OrderedPageToken(*last, walk);
  return answer;
}

}  // namespace

absl::StatusOr<UpsertBuilder> PointService::BeginUpsert(absl::string_view collection,
                                                        size_t num_points) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> found,
                        database_.GetCollection(collection));
  return UpsertBuilder::Create(found->config(), num_points);
}

absl::StatusOr<storage::UpsertResult> PointService::Upsert(absl::string_view collection,
                                                           const PreparedUpsert& upsert) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> found,
                        database_.GetCollection(collection));
  TQDB_ASSIGN_OR_RETURN(const storage::UpsertResult result, found->Upsert(upsert.batch));
  metrics_.CountUpserted(result.inserted + result.replaced);
  return result;
}

absl::StatusOr<uint64_t> PointService::Delete(const CallContext& context,
                                              const DeleteRequest& request) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(request.collection));
  TQDB_RETURN_IF_ERROR(CheckDeleteTarget(request.ids.size(), request.filter.has_value()));
  uint64_t deleted = 0;
  if (request.filter) {
    TQDB_ASSIGN_OR_RETURN(
        deleted, collection->DeleteMatching({*request.filter, context.stop()}, request.durability));
  } else {
    TQDB_ASSIGN_OR_RETURN(deleted, collection->Delete(request.ids, request.durability));
  }
  metrics_.CountDeleted(deleted);
  return deleted;
}

absl::StatusOr<uint64_t> PointService::UpdatePayload(const CallContext& context,
                                                     const UpdatePayloadRequest& request) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(request.collection));
  TQDB_RETURN_IF_ERROR(CheckEditTarget(request.ids.size(), request.filter.has_value()));
  return collection->UpdatePayload({.ids = request.ids,
                                    .filter = request.filter,
                                    .edit = request.edit,
                                    .durability = request.durability,
                                    .cancelled = context.stop()});
}

absl::StatusOr<std::vector<storage::PointRecord>> PointService::Get(
    const CallContext& context, absl::string_view collection, absl::Span<const PointId> ids,
    const storage::Select& select) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> found,
                        database_.GetCollection(collection));
  TQDB_RETURN_IF_ERROR(CheckIdCount(ids.size()));
  std::vector<storage::PointRecord> points;
  size_t bytes = 0;
  for (size_t begin = 0; begin < ids.size(); begin += kReadChunk) {
    TQDB_RETURN_IF_ERROR(context.Check());
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointRecord> chunk,
                          found->Get(ids.subspan(begin, kReadChunk), select));
    for (const storage::PointRecord& point : chunk) bytes += PointBytes(point);
    TQDB_RETURN_IF_ERROR(context.CheckAnswerBytes(bytes));
    std::move(chunk.begin(), chunk.end(), std::back_inserter(points));
  }
  return points;
}

absl::StatusOr<PointPage> PointService::Scroll(const CallContext& context,
                                               const ScrollRequest& request) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(request.collection));
  TQDB_ASSIGN_OR_RETURN(const size_t page_size, PageSize(request.page_size, kPageLimits));
  return request.order_by ? ScrollByKey(context, *collection, request, page_size)
                          : ScrollById(context, *collection, request, page_size);
}

absl::StatusOr<uint64_t> PointService::Count(const CallContext& context,
                                             absl::string_view collection,
                                             const storage::Filter* filter) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> found,
                        database_.GetCollection(collection));
  if (filter == nullptr) return found->Count();
  return found->CountMatching({*filter, context.stop()});
}

absl::StatusOr<std::vector<storage::FacetCount>> PointService::Facet(
    const CallContext& context, const FacetRequest& request) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(request.collection));
  storage::FacetSpec spec{.key = std::string(request.key), .cancelled = context.stop()};
  if (request.filter) spec.filter = *request.filter;
  if (request.limit != 0) spec.limit = request.limit;
  TQDB_ASSIGN_OR_RETURN(std::vector<storage::FacetCount> counts, collection->Facet(spec));
  TQDB_RETURN_IF_ERROR(context.CheckAnswerBytes(AnswerBytes(counts)));
  return counts;
}

}  // namespace tqdb::service
