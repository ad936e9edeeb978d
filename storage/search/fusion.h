// Fusion of several ranked lists of points into one.
//
// The simple idea: every list gives each of its points a share between 0 and 1. The score of a
// point is the weighted sum of its shares. A point that is missing from a list gets nothing from
// it. So a point that two searches agree on comes before a point that only one of them found.
//
// Example with reciprocal ranks, constant 60 and weights 1. A text search ranks a, b, c; a vector
// search ranks b, d, a. Then b has 1/62 + 1/61, a has 1/61 + 1/63, d has 1/62 and c has 1/63. The
// fused order is b, a, d, c, although the text search puts a first.
//
// Fusion works on what the searches returned and never asks for more. A point just behind the end
// of a list gets no share of it. So lists should be a few times longer than the result.
//
// Thread-safe: one function without state.
#ifndef TQDB_STORAGE_SEARCH_FUSION_H_
#define TQDB_STORAGE_SEARCH_FUSION_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "values/types.h"

namespace tqdb::storage {

// The rule by which lists are fused.
struct Fusion {
  enum class Method : uint8_t {
    // Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009). The share of a point is
    // 1 / (constant + rank), and the best point of a list has rank 1. Only ranks count, so the
    // scores of the lists need not be comparable: BM25 and cosine go together.
    kReciprocalRank,
    // Scores scaled to [0, 1] within each list. The share of a point is (score - worst) / (best -
    // worst), where best and worst are the ends of the list. Every share is 1 if they are equal.
    // This keeps the distances between scores, which ranks throw away. But one outlier at the top
    // pushes all other points of its list together.
    kWeightedScore,
  };
  Method method = Method::kReciprocalRank;
  // Constant of kReciprocalRank, above 0. A larger one lets the first ranks differ less. With 60,
  // rank 1 gets 1.15 times the share of rank 10; with 1 it gets 5.5 times.
  double constant = 60;
};

// A point of a list.
struct RankedPoint {
  PointId id;
  double score = 0;  // higher is better
};

// The result of one search: points by descending score, each at most once.
struct RankedList {
  std::vector<RankedPoint> points;
  double weight = 1;  // factor of this list's shares
};

// Returns the best `limit` points of all lists, by descending fused score. Equal scores are ordered
// by id, so the result does not depend on the order of a hash map.
std::vector<RankedPoint> Fuse(absl::Span<const RankedList> lists, const Fusion& fusion,
                              size_t limit);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_FUSION_H_
