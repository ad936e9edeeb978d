#include "storage/search/groups.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/payload/payload_walk.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/value_index.h"
#include "storage/read/selected_bytes.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;

// What one search may read, over what all groups together may hold: more is read than is returned.
constexpr size_t kReadFactor = 4;

// Groups as they are found.
class Groups {
 public:
  explicit Groups(const GroupSpec& spec, KeyPath path) : spec_(spec), path_(std::move(path)) {}

  // Hits of one search, best first, for the groups from `first` on and for new ones: the search has
  // found the best of these, and of others perhaps not.
  absl::Status Add(const std::vector<PointRecord>& hits, size_t first) {
    for (const PointRecord& hit : hits) {
      TQDB_ASSIGN_OR_RETURN(const json payload, ParsePayload(hit.payload));
      AnyValue(payload, path_.segments(), [&](const json& value) {
        if (const auto group = ToFieldValue(value)) Add({*group}, hit, first);
        return false;
      });
    }
    return absl::OkStatus();
  }
  bool full() const { return groups_.size() >= spec_.limit; }
  std::vector<PointGroup>& groups() { return groups_; }

  // Points that are, by one value at least, in no group found yet.
  Filter Others() const {
    std::vector<std::string> keywords;
    std::vector<int64_t> integers;
    for (const PointGroup& group : groups_) {
      if (const auto* keyword = std::get_if<std::string>(&group.value.value))
        keywords.push_back(*keyword);
      if (const auto* integer = std::get_if<int64_t>(&group.value.value))
        integers.push_back(*integer);
    }
    Filter filter;
    // A value that is none of the list, of whatever type: values of the other type pass as well,
    // and are found again.
    if (!keywords.empty())
      filter.must.push_back({FieldCondition{spec_.key, MatchExcept{keywords}}});
    if (!integers.empty())
      filter.must.push_back({FieldCondition{spec_.key, MatchExcept{integers}}});
    if (filter.must.empty()) filter.must.push_back({FieldCondition{spec_.key, Presence::kExists}});
    return filter;
  }

 private:
  void Add(const MatchValue& value, const PointRecord& hit, size_t first) {
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&value](const PointGroup& g) { return g.value == value; });
    if (group == groups_.end()) {
      if (full()) return;
      group = groups_.insert(groups_.end(), PointGroup{value, {}});
    }
    if (static_cast<size_t>(group - groups_.begin()) < first) return;
    const bool there = std::any_of(group->points.begin(), group->points.end(),
                                   [&hit](const PointRecord& p) { return p.id == hit.id; });
    if (group->points.size() < spec_.group_size && !there) group->points.push_back(hit);
  }

  const GroupSpec& spec_;
  const KeyPath path_;
  std::vector<PointGroup> groups_;
};

absl::Status CheckCount(absl::string_view field, size_t count) {
  if (count >= 1 && count <= kMaxGroups) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", count, "; allowed: 1..", kMaxGroups));
}

}  // namespace

absl::StatusOr<std::vector<PointGroup>> SearchGroups(const Collection& collection, MatrixView query,
                                                     const SearchSpec& spec,
                                                     const GroupSpec& group_spec) {
  TQDB_RETURN_IF_ERROR(CheckCount("limit", group_spec.limit));
  TQDB_RETURN_IF_ERROR(CheckCount("group_size", group_spec.group_size));
  absl::StatusOr<KeyPath> path = KeyPath::Parse(group_spec.key);
  if (!path.ok())
    return absl::InvalidArgumentError(absl::StrCat("group_by: ", path.status().message()));
  Groups groups(group_spec, *std::move(path));

  // Points that match the caller's filter and `also`.
  const auto search = [&](size_t limit,
                          std::optional<Filter> also) -> absl::StatusOr<std::vector<PointRecord>> {
    SearchSpec own = spec;
    own.offset = 0;
    own.limit = limit;
    own.select.payload = true;
    // Without a bound there is none either: the product may overflow.
    own.select.max_bytes = std::max(spec.select.max_bytes, kReadFactor * spec.select.max_bytes);
    if (also && own.filter) {
      also->must.push_back({*std::move(own.filter)});
      own.filter = std::move(also);
    } else if (also) {
      own.filter = std::move(also);
    }
    TQDB_ASSIGN_OR_RETURN(auto lists, collection.Search(query, own));
    return std::move(lists[0]);
  };

  // Twice as many points as are wanted: enough where groups are about as good as each other.
  size_t limit = std::min(kMaxTopK, 2 * group_spec.limit * group_spec.group_size);
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> hits, search(limit, std::nullopt));
  TQDB_RETURN_IF_ERROR(groups.Add(hits, 0));
  const bool all_found = hits.size() < limit;
  for (bool more = !all_found; more && !groups.full();) {
    const size_t before = groups.groups().size();
    TQDB_ASSIGN_OR_RETURN(hits, search(limit, groups.Others()));
    TQDB_RETURN_IF_ERROR(groups.Add(hits, before));
    more = hits.size() == limit;
    if (groups.groups().size() > before) continue;
    // Points that are in no group at all stand in the way.
    more &= limit < kMaxTopK;
    limit = std::min(kMaxTopK, 4 * limit);
  }
  SelectedBytes bytes(spec.select);
  for (PointGroup& group : groups.groups()) {
    if (!all_found && group.points.size() < group_spec.group_size) {
      Filter filter;
      filter.must.push_back({FieldCondition{group_spec.key, group.value}});
      TQDB_ASSIGN_OR_RETURN(group.points, search(group_spec.group_size, std::move(filter)));
    }
    if (!spec.select.payload) {
      for (PointRecord& point : group.points) point.payload.clear();
    }
    TQDB_RETURN_IF_ERROR(bytes.Add(group.points));
  }
  return std::move(groups.groups());
}

}  // namespace tqdb::storage
