#include "service/collection_service.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "service/paging.h"
#include "spdlog/spdlog.h"

namespace tqdb::service {

namespace {

using storage::Collection;
using storage::CollectionInfo;

constexpr PageLimits kPageLimits{.default_size = 100, .max_size = 1000};

}  // namespace

absl::StatusOr<CollectionInfo> CollectionService::Create(
    absl::string_view name, const storage::CollectionConfig& config) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.CreateCollection(name, config));
  spdlog::info("collection '{}' created", collection->name());
  return collection->Info();
}

absl::StatusOr<CollectionInfo> CollectionService::Get(absl::string_view name) const {
  return database_.GetInfo(name);
}

absl::StatusOr<CollectionPage> CollectionService::List(uint32_t page_size,
                                                       absl::string_view page_token) const {
  TQDB_ASSIGN_OR_RETURN(const size_t size, PageSize(page_size, kPageLimits));
  std::string after;
  if (!page_token.empty()) {
    TQDB_ASSIGN_OR_RETURN(after, ParsePageToken(PageKind::kCollections, page_token));
  }
  std::vector<CollectionInfo> all = database_.ListCollections();
  // By name, so that a page begins at the right place even when the last one's end was deleted.
  const auto first = std::upper_bound(
      all.begin(), all.end(), after,
      [](const std::string& name, const CollectionInfo& info) { return name < info.name; });
  const size_t count = std::min(size, static_cast<size_t>(std::distance(first, all.end())));
  const auto end = std::next(first, static_cast<ptrdiff_t>(count));
  CollectionPage page;
  if (end != all.end()) {
    page.next_page_token = MakePageToken(PageKind::kCollections, std::prev(end)->name);
  }
  page.collections.assign(std::make_move_iterator(first), std::make_move_iterator(end));
  return page;
}

absl::StatusOr<CollectionInfo> CollectionService::SetMetadata(
    absl::string_view name, std::map<std::string, std::string> metadata) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(name));
  TQDB_RETURN_IF_ERROR(collection->SetMetadata(std::move(metadata)));
  return collection->Info();
}

absl::Status CollectionService::Delete(absl::string_view name) const {
  TQDB_RETURN_IF_ERROR(database_.DeleteCollection(name));
  spdlog::info("collection '{}' deleted", std::string(name));
  return absl::OkStatus();
}

absl::StatusOr<storage::PayloadIndexInfo> CollectionService::CreatePayloadIndex(
    const CallContext& context, absl::string_view collection, absl::string_view key,
    storage::FieldKind kind, bool wait) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> found,
                        database_.GetCollection(collection));
  TQDB_ASSIGN_OR_RETURN(storage::PayloadIndexInfo info,
                        found->CreatePayloadIndex(key, kind, wait, context.stop()));
  spdlog::info("collection '{}' has a payload index of key '{}'", found->name(), info.key);
  return info;
}

absl::Status CollectionService::DeletePayloadIndex(absl::string_view collection,
                                                   absl::string_view key) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> found,
                        database_.GetCollection(collection));
  return found->DeletePayloadIndex(key);
}

}  // namespace tqdb::service
