// The best k of a stream of hits, in an order that does not depend on how they arrive.
//
// The simple idea: a heap of k hits with the worst on top. A new hit that is better replaces it, in
// O(log k). Until there are k hits the threshold is the caller's floor; then it is the worst hit's
// score. It only rises, which is why a scan can rule out rows by comparing with it.
//
// Threads scan different rows and their hits are merged, so two runs see hits in different orders.
// The answer must be the same. So hits are compared by score *and* id, which is a total order:
// equal scores are common, as duplicates have them. Example: with k = 1, hits (0.9, id 7) and then
// (0.9, id 3) leave id 3. So they do in the other order.
//
// This file leaves out ordering while hits arrive. hits() is a heap; Take() and BestHits() sort.
#ifndef TQDB_CORE_SCAN_TOP_K_H_
#define TQDB_CORE_SCAN_TOP_K_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "values/types.h"

namespace tqdb {

// One search hit.
struct Hit {
  float score;   // higher is better under every metric
  uint64_t row;  // row number under which storage keeps the payload and the original
  PointId id;    // identifier that the caller gave the point
};

// Returns whether `a` ranks before `b`: by score descending, then by id ascending. It is a total
// order of the hits of one search.
inline bool RanksBefore(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// Returns the best k hits, best first. A point may be among the hits more than once: if its row was
// moved while the search ran, or if it was replaced during a search without a filter. Its newest
// row, which has the highest number, stays.
inline std::vector<Hit> BestHits(std::vector<Hit> hits, size_t k) {
  std::sort(hits.begin(), hits.end(),
            [](const Hit& a, const Hit& b) { return a.id != b.id ? a.id < b.id : a.row > b.row; });
  hits.erase(std::unique(hits.begin(), hits.end(),
                         [](const Hit& a, const Hit& b) { return a.id == b.id; }),
             hits.end());
  std::sort(hits.begin(), hits.end(), RanksBefore);
  if (hits.size() > k) hits.resize(k);
  return hits;
}

// The k-th best of many floats. A scan feeds it lower bounds of scores: at least k rows reach the
// k-th best of them, so no row below it can be an answer.
class KthBest {
 public:
  // Requires: k >= 1.
  explicit KthBest(size_t k) : k_(k) {}

  // Returns the k-th best, or -infinity while there are fewer than k.
  float value() const {
    return heap_.size() < k_ ? -std::numeric_limits<float>::infinity() : heap_.front();
  }

  // Adds one float.
  void Push(float x) {
    if (heap_.size() < k_) {
      heap_.push_back(x);
    } else if (x > heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.back() = x;
    } else {
      return;
    }
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

 private:
  size_t k_;
  std::vector<float> heap_;  // heap with the worst float on top
};

// The best k hits of one query. Not thread-safe: each scan has its own.
class TopK {
 public:
  // Requires: k >= 1. Hits below `floor` are refused.
  TopK(size_t k, float floor) : k_(k), floor_(floor) {}

  bool full() const { return heap_.size() == k_; }
  // Returns the score that a hit must reach to enter. A hit that equals it may still lose by its
  // id.
  float threshold() const {
    return heap_.size() < k_ ? floor_ : std::max(floor_, heap_.front().score);
  }

  // Adds one hit if it is among the best k so far. The comparison with the floor refuses NaN, too.
  void Push(const Hit& hit) {
    if (!(hit.score >= floor_)) return;
    if (heap_.size() == k_) {
      if (!RanksBefore(hit, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), RanksBefore);
      heap_.back() = hit;
    } else {
      heap_.push_back(hit);
    }
    std::push_heap(heap_.begin(), heap_.end(), RanksBefore);
  }

  // Returns the hits in no particular order.
  const std::vector<Hit>& hits() const { return heap_; }
  // Returns the hits, best first, and leaves this empty.
  std::vector<Hit> Take() { return BestHits(std::move(heap_), k_); }

 private:
  size_t k_;
  float floor_;
  std::vector<Hit> heap_;  // heap with the worst hit on top
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_TOP_K_H_
