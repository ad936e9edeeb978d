#include "storage/read/mmr.h"

#include <algorithm>
#include <limits>

#include "core/space/vector_space.h"

namespace tqdb::storage {

std::vector<size_t> PickByMmr(Metric metric, absl::Span<const float> scores,
                              absl::Span<const std::vector<float>> vectors, float diversity,
                              size_t limit) {
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  std::vector<size_t> picked;
  std::vector<size_t> left(scores.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;
  // Highest similarity of each candidate to a picked one. It is kept up to date with each pick, so
  // that a pair is compared only once.
  std::vector<float> nearest(scores.size(), kNone);
  while (picked.size() < limit && !left.empty()) {
    const auto value = [&](size_t i) {
      const float relevance = (1 - diversity) * scores[i];
      // The first pick is the best score. The formula would multiply kNone by the diversity, and 0
      // times infinity is NaN.
      return picked.empty() ? scores[i] : relevance - diversity * nearest[i];
    };
    // Among equal values the earlier candidate wins. Candidates come best first, so the choice does
    // not depend on chance.
    const auto best = std::max_element(left.begin(), left.end(),
                                       [&](size_t a, size_t b) { return value(a) < value(b); });
    const size_t pick = *best;
    left.erase(best);
    picked.push_back(pick);
    for (const size_t i : left) {
      nearest[i] = std::max(nearest[i], ExactScore(metric, vectors[pick].data(), vectors[i].data(),
                                                   vectors[i].size()));
    }
  }
  return picked;
}

}  // namespace tqdb::storage
