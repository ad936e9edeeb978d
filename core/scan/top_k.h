// The best k of a stream of hits, in an order that does not depend on how they arrive.
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
  float score;
  uint64_t row;  // the row number under which storage keeps payload and original
  PointId id;
};

// Score descending, then id ascending: a total order of the hits of one search.
inline bool RanksBefore(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// The best k, best first. A point that was replaced while the search ran may be among the hits more
// than once: its newest row stays.
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

// The k-th best of many floats.
class KthBest {
 public:
  // k >= 1.
  explicit KthBest(size_t k) : k_(k) {}

  // -infinity while there are fewer than k.
  float value() const {
    return heap_.size() < k_ ? -std::numeric_limits<float>::infinity() : heap_.front();
  }

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
  std::vector<float> heap_;  // worst on top
};

class TopK {
 public:
  // k >= 1. Hits below `floor` are refused.
  TopK(size_t k, float floor) : k_(k), floor_(floor) {}

  bool full() const { return heap_.size() == k_; }
  // A hit can enter only if its score reaches this.
  float threshold() const {
    return heap_.size() < k_ ? floor_ : std::max(floor_, heap_.front().score);
  }

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

  // In no order.
  const std::vector<Hit>& hits() const { return heap_; }
  // Best first; empties this.
  std::vector<Hit> Take() { return BestHits(std::move(heap_), k_); }

 private:
  size_t k_;
  float floor_;
  std::vector<Hit> heap_;  // worst on top
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_TOP_K_H_
