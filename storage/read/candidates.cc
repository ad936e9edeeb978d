#include "storage/read/candidates.h"

#include <algorithm>
#include <cmath>

namespace tqdb::storage {

size_t HitsToFind(const SearchSpec& spec) {
  const size_t wanted = spec.limit + spec.offset;
  if (!spec.mmr) return wanted;
  // The choice for diversity needs more hits than it returns. Otherwise there would be nothing to
  // choose from.
  if (spec.mmr->candidates != 0) return spec.mmr->candidates;
  return std::min(kMmrOversampling * wanted, kMaxMmrCandidates);
}

size_t RerankCandidates(const SearchSpec& spec, size_t ranks) {
  // Validation keeps the factor at 1 or above, and the product is rounded up. So a rerank never
  // scores fewer candidates than ranks are wanted.
  const double factor = spec.oversampling == 0 ? kDefaultOversampling : spec.oversampling;
  return static_cast<size_t>(std::ceil(static_cast<double>(ranks) * factor));
}

std::vector<size_t> RerankStages(const SearchSpec& spec) {
  const size_t wanted = HitsToFind(spec);
  if (spec.mmr) return {wanted};
  std::vector<size_t> stages = {spec.limit};
  while (stages.back() < wanted) stages.push_back(2 * stages.back());
  return stages;
}

}  // namespace tqdb::storage
