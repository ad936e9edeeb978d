#include "client/cli/load/row_check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "values/types.h"

namespace tqdb::client {
namespace {

// The largest payload that servers take, and the largest float16.
constexpr size_t kMaxPayloadBytes = size_t{1} << 20;
constexpr float kMaxHalf = 65504;
// A vector shorter than this may become zero in float16.
constexpr double kMinHalfNorm = 1e-6;

bool VectorLooksBad(const NamedVector& vector, const CollectionConfig& config) {
  const auto space =
      std::find_if(config.vector_spaces.begin(), config.vector_spaces.end(),
                   [&vector](const VectorSpaceConfig& space) { return space.name == vector.name; });
  if (space == config.vector_spaces.end() || vector.values.size() != space->dim) return true;
  const bool halves = space->store_vectors == StoreVectors::kF16;
  const float largest = halves ? kMaxHalf : kMaxCoordinate;
  double sum = 0;
  for (float value : vector.values) {
    // Written so that NaN is bad.
    if (!(std::fabs(value) <= largest)) return true;
    sum += double{value} * double{value};
  }
  return space->metric == Metric::kCosine && std::sqrt(sum) < (halves ? kMinHalfNorm : kMinNorm);
}

bool SparseVectorLooksBad(const NamedSparseVector& sparse, const CollectionConfig& config) {
  const bool known =
      std::any_of(config.sparse_spaces.begin(), config.sparse_spaces.end(),
                  [&sparse](const SparseSpaceConfig& space) { return space.name == sparse.name; });
  if (!known || sparse.vector.values.empty()) return true;
  return !std::all_of(sparse.vector.values.begin(), sparse.vector.values.end(),
                      [](float value) { return std::fabs(value) <= kMaxCoordinate; });
}

}  // namespace

bool LooksBad(const Point& point, const CollectionConfig& config) {
  if (point.payload.size() > kMaxPayloadBytes) return true;
  if (point.vectors.empty() && point.sparse_vectors.empty()) return true;
  for (const NamedVector& vector : point.vectors) {
    if (VectorLooksBad(vector, config)) return true;
  }
  for (const NamedSparseVector& sparse : point.sparse_vectors) {
    if (SparseVectorLooksBad(sparse, config)) return true;
  }
  return false;
}

}  // namespace tqdb::client
