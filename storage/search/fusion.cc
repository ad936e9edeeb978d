#include "storage/search/fusion.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace tqdb::storage {

std::vector<RankedPoint> Fuse(absl::Span<const RankedList> lists, const Fusion& fusion,
                              size_t limit) {
  // Sums are taken in double and in the order of `lists`, so equal inputs give equal scores.
  absl::flat_hash_map<PointId, double> scores;
  for (const RankedList& list : lists) {
    if (list.points.empty()) continue;
    const double best = list.points.front().score, worst = list.points.back().score;
    for (size_t i = 0; i < list.points.size(); ++i) {
      const RankedPoint& point = list.points[i];
      double share = 1;
      if (fusion.method == Fusion::Method::kReciprocalRank) {
        share = 1 / (fusion.constant + static_cast<double>(i + 1));
      } else if (best > worst) {
        share = (point.score - worst) / (best - worst);
      }
      scores[point.id] += list.weight * share;
    }
  }
  std::vector<RankedPoint> fused;
  fused.reserve(scores.size());
  for (const auto& [id, score] : scores) fused.push_back({id, score});
  const auto better = [](const RankedPoint& a, const RankedPoint& b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  };
  const size_t count = std::min(limit, fused.size());
  std::partial_sort(fused.begin(), fused.begin() + static_cast<ptrdiff_t>(count), fused.end(),
                    better);
  fused.resize(count);
  return fused;
}

}  // namespace tqdb::storage
