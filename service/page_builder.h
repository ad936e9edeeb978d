// A page of points as it fills up, to its number of points or its number of bytes.
//
// Belongs to one thread at a time.
#ifndef TQDB_SERVICE_PAGE_BUILDER_H_
#define TQDB_SERVICE_PAGE_BUILDER_H_

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "service/answer_size.h"
#include "storage/api/collection.h"

namespace tqdb::service {

class PageBuilder {
 public:
  // Takes up to `max_points`, and fewer when these pass `max_bytes`.
  PageBuilder(size_t max_points, size_t max_bytes)
      : max_points_(max_points), max_bytes_(max_bytes) {}

  // Appends the point and returns true, unless the page is full. The first point always fits,
  // because a page without any would never let its caller go on.
  bool Add(storage::PointRecord&& point) {
    const size_t bytes = PointBytes(point);
    if (left() == 0 || (!points_.empty() && bytes_ + bytes > max_bytes_)) return false;
    bytes_ += bytes;
    points_.push_back(std::move(point));
    return true;
  }

  // Returns the number of further points that the page may hold, whatever their bytes.
  size_t left() const { return max_points_ - points_.size(); }
  std::vector<storage::PointRecord> Take() { return std::move(points_); }

 private:
  const size_t max_points_;
  const size_t max_bytes_;
  std::vector<storage::PointRecord> points_;
  size_t bytes_ = 0;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_PAGE_BUILDER_H_
