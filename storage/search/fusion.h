// Fusion of several ranked lists of points into one.
#ifndef TQDB_STORAGE_SEARCH_FUSION_H_
#define TQDB_STORAGE_SEARCH_FUSION_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "values/types.h"

namespace tqdb::storage {

struct Fusion {
  enum class Method : uint8_t {
    // A point's score is the sum over lists of weight / (constant + rank), ranks from 1: reciprocal
    // rank fusion
    // (Cormack, Clarke and Buettcher, SIGIR 2009). Scores of lists need not be comparable.
    kReciprocalRank,
    // The sum over lists of weight * (score - worst) / (best - worst), where best and worst are
    // those of the list; 1
    // where both are the same.
    kWeightedScore,
  };
  Method method = Method::kReciprocalRank;
  double constant = 60;  // of kReciprocalRank
};

struct RankedPoint {
  PointId id;
  double score = 0;
};

// One list's points, best first, none twice.
struct RankedList {
  std::vector<RankedPoint> points;
  double weight = 1;
};

// The best `limit` points of all lists by their fused score, ties by id.
std::vector<RankedPoint> Fuse(absl::Span<const RankedList> lists, const Fusion& fusion,
                              size_t limit);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_FUSION_H_
