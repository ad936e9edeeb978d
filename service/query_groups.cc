#include "service/query_groups.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tqdb::service {

std::vector<QueryGroup> GroupQueries(absl::Span<const Query> queries) {
  std::vector<QueryGroup> groups;
  for (size_t i = 0; i < queries.size(); ++i) {
    // A query is compared with the first one of each group only: what can share a pass with one
    // member can share it with all.
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const QueryGroup& g) {
      return CanShareAPass(queries[g.front()], queries[i]);
    });
    if (group == groups.end()) {
      groups.push_back({i});
    } else {
      group->push_back(i);
    }
  }
  return groups;
}

std::string GroupPath(const QueryGroup& group, size_t num_queries) {
  if (group.size() == num_queries) return "queries";
  constexpr size_t kMaxListed = 16;
  return absl::StrCat("queries[", absl::StrJoin(absl::MakeSpan(group).subspan(0, kMaxListed), ","),
                      group.size() > kMaxListed ? ",..." : "", "]");
}

}  // namespace tqdb::service
