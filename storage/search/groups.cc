#include "storage/search/groups.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/api/selected_bytes.h"
#include "storage/payload/payload_walk.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/value_index.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;

// Factor between the bytes that one inner search may read and the bytes that the call may return.
// An inner search reads more than is returned: points of full groups, and payloads that only serve
// to find the group.
constexpr size_t kReadFactor = 4;

// The groups found so far, in the order in which they were found.
class Groups {
 public:
  explicit Groups(const GroupSpec& spec, KeyPath path) : spec_(spec), path_(std::move(path)) {}

  // Sorts the hits of one search, best first, into the groups from number `first` on and into new
  // ones. Groups before `first` were excluded from the search. A hit may still have their value
  // besides another one. Such groups must not take it, because the search has not found their other
  // points.
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
  // Returns whether there are as many groups as wanted.
  bool full() const { return groups_.size() >= spec_.limit + spec_.offset; }
  std::vector<PointGroup>& groups() { return groups_; }

  // Returns a filter for points that belong, by at least one value, to a group not found so far.
  Filter Others() const {
    std::vector<std::string> keywords;
    std::vector<Integer> integers;
    for (const PointGroup& group : groups_) {
      if (const auto* keyword = std::get_if<std::string>(&group.value.value))
        keywords.push_back(*keyword);
      if (const auto* integer = std::get_if<Integer>(&group.value.value))
        integers.push_back(*integer);
    }
    Filter filter;
    // Each condition asks for a value that is not in its list. A value of another type is not in it
    // either. So keywords pass the list of integers, and the other way round. Such points are found
    // again and sorted out by Add, which costs time but loses nothing.
    if (!keywords.empty())
      filter.must.push_back({FieldCondition{spec_.key, MatchExcept{keywords}}});
    if (!integers.empty())
      filter.must.push_back({FieldCondition{spec_.key, MatchExcept{integers}}});
    if (filter.must.empty()) filter.must.push_back({FieldCondition{spec_.key, Presence::kExists}});
    return filter;
  }

 private:
  // Adds one hit to the group of one value. Hits come best first, so a full group ignores it.
  void Add(const MatchValue& value, const PointRecord& hit, size_t first) {
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&value](const PointGroup& g) { return g.value == value; });
    if (group == groups_.end()) {
      if (full()) return;
      group = groups_.insert(groups_.end(), PointGroup{value, {}});
    }
    if (static_cast<size_t>(group - groups_.begin()) < first) return;
    // The same value may occur twice in a payload, and later searches may find the point again.
    const bool there = std::any_of(group->points.begin(), group->points.end(),
                                   [&hit](const PointRecord& p) { return p.id == hit.id; });
    if (group->points.size() < spec_.group_size && !there) group->points.push_back(hit);
  }

  const GroupSpec& spec_;
  const KeyPath path_;
  std::vector<PointGroup> groups_;
};

// Returns InvalidArgument if `count` is not in 1..kMaxGroups.
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
  if (group_spec.offset > kMaxGroups - group_spec.limit) {
    return absl::InvalidArgumentError(absl::StrCat(
        "limit + offset is ", group_spec.limit + group_spec.offset, "; allowed: 1..", kMaxGroups));
  }
  TQDB_RETURN_IF_ERROR(CheckCount("group_size", group_spec.group_size));
  absl::StatusOr<KeyPath> path = KeyPath::Parse(group_spec.key);
  if (!path.ok())
    return absl::InvalidArgumentError(absl::StrCat("group_by: ", path.status().message()));
  Groups groups(group_spec, *std::move(path));
  std::shared_ptr<const Moment> moment = spec.moment;
  if (moment == nullptr) {
    TQDB_ASSIGN_OR_RETURN(moment, collection.Now());
  }

  // Searches for the best `limit` points that match the caller's filter and `also`.
  const auto search = [&](size_t limit,
                          std::optional<Filter> also) -> absl::StatusOr<std::vector<PointRecord>> {
    SearchSpec own = spec;
    own.offset = 0;
    own.moment = moment;
    own.limit = limit;
    own.select.payload = true;
    own.select.parts = nullptr;  // the key of the groups may not be among the caller's parts
    // Payloads are needed for the groups, whatever the caller selects. If max_bytes is the largest
    // number (no bound), the product overflows and max() restores it.
    own.select.max_bytes = std::max(spec.select.max_bytes, kReadFactor * spec.select.max_bytes);
    if (also) {
      if (spec.filter) also->must.push_back({*spec.filter});
      own.filter = *also;
    }
    TQDB_ASSIGN_OR_RETURN(auto lists, collection.Search(query, own));
    return std::move(lists[0]);
  };

  // Twice as many points as are wanted are usually enough, if good points are spread over groups.
  size_t limit =
      std::min(kMaxTopK, 2 * (group_spec.limit + group_spec.offset) * group_spec.group_size);
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> hits, search(limit, std::nullopt));
  TQDB_RETURN_IF_ERROR(groups.Add(hits, 0));
  const bool all_found = hits.size() < limit;
  for (bool more = !all_found; more && !groups.full();) {
    const size_t before = groups.groups().size();
    TQDB_ASSIGN_OR_RETURN(hits, search(limit, groups.Others()));
    TQDB_RETURN_IF_ERROR(groups.Add(hits, before));
    more = hits.size() == limit;
    if (groups.groups().size() > before) continue;
    // No new group came up: points that belong to no group fill the result. Ask for more of them.
    more &= limit < kMaxTopK;
    limit = std::min(kMaxTopK, 4 * limit);
  }
  // Groups that are left out were found all the same, since the order is that of their best points.
  std::vector<PointGroup>& found = groups.groups();
  found.erase(found.begin(),
              found.begin() + static_cast<ptrdiff_t>(std::min(group_spec.offset, found.size())));
  SelectedBytes bytes(spec.select);
  for (PointGroup& group : groups.groups()) {
    if (!all_found && group.points.size() < group_spec.group_size) {
      Filter filter;
      filter.must.push_back({FieldCondition{group_spec.key, group.value}});
      TQDB_ASSIGN_OR_RETURN(group.points, search(group_spec.group_size, std::move(filter)));
    }
    for (PointRecord& point : group.points) {
      if (!spec.select.payload) {
        point.payload.clear();
      } else if (spec.select.parts != nullptr) {
        point.payload = spec.select.parts->Of(point.payload);
      }
    }
    TQDB_RETURN_IF_ERROR(bytes.Add(group.points));
  }
  return std::move(groups.groups());
}

}  // namespace tqdb::storage
