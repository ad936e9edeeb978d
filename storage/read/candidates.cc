#include "storage/read/candidates.h"

#include <algorithm>
#include <cmath>

namespace tqdb::storage {

size_t HitsToFind(const SearchSpec& spec) {
  const size_t wanted = spec.limit + spec.offset;
  if (!spec.mmr) return wanted;
  if (spec.mmr->candidates != 0) return spec.mmr->candidates;
  return std::min(kMmrOversampling * wanted, kMaxMmrCandidates);
}

size_t RerankCandidates(const SearchSpec& spec) {
  const double factor = spec.oversampling == 0 ? kDefaultOversampling : spec.oversampling;
  return static_cast<size_t>(std::ceil(static_cast<double>(HitsToFind(spec)) * factor));
}

}  // namespace tqdb::storage
