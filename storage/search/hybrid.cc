#include "storage/search/hybrid.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tqdb::storage {

absl::StatusOr<std::vector<PointRecord>> SearchHybrid(const Collection& collection,
                                                      absl::Span<const HybridPart> parts,
                                                      const HybridSpec& spec) {
  if (parts.empty() || parts.size() > kMaxHybridParts) {
    return absl::InvalidArgumentError(
        absl::StrCat("parts has ", parts.size(), " entries; allowed: 1..", kMaxHybridParts));
  }
  if (spec.limit < 1 || spec.limit > kMaxTopK || spec.offset > kMaxTopK - spec.limit) {
    return absl::InvalidArgumentError(absl::StrCat("limit is ", spec.limit, " and offset ",
                                                   spec.offset, "; need 1 to ", kMaxTopK,
                                                   " together"));
  }
  if (!(spec.fusion.constant > 0 && std::isfinite(spec.fusion.constant))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "reciprocal_rank.constant is ", spec.fusion.constant, "; need a number above 0"));
  }
  std::shared_ptr<const Moment> moment = parts[0].spec.moment;
  if (moment == nullptr) {
    TQDB_ASSIGN_OR_RETURN(moment, collection.Now());
  }
  std::vector<RankedList> lists;
  for (size_t i = 0; i < parts.size(); ++i) {
    // Written so that NaN fails: every comparison with it is false.
    if (!(parts[i].weight > 0 && std::isfinite(parts[i].weight))) {
      return absl::InvalidArgumentError(
          absl::StrCat("parts[", i, "].weight is ", parts[i].weight, "; need a number above 0"));
    }
    SearchSpec own = parts[i].spec;
    own.select = {};
    own.moment = moment;
    const auto found = collection.Search(parts[i].query, own);
    if (!found.ok()) {
      return absl::Status(found.status().code(),
                          absl::StrCat("parts[", i, "]: ", found.status().message()));
    }
    RankedList& list = lists.emplace_back();
    list.weight = parts[i].weight;
    for (const PointRecord& hit : (*found)[0]) list.points.push_back({hit.id, hit.score});
  }
  std::vector<RankedPoint> fused = Fuse(lists, spec.fusion, spec.limit + spec.offset);
  fused.erase(fused.begin(),
              fused.begin() + static_cast<ptrdiff_t>(std::min(spec.offset, fused.size())));

  std::vector<PointId> ids;
  for (const RankedPoint& point : fused) ids.push_back(point.id);
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records,
                        collection.Get(ids, spec.select, std::move(moment)));
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].score = static_cast<float>(fused[i].score);
  }
  return records;
}

}  // namespace tqdb::storage
