// A walk over the points of a collection, all of them or the ones that match a filter. The order is
// that of ids, or of the values of a payload key.
#ifndef TQDB_CLIENT_CPP_SCROLL_H_
#define TQDB_CLIENT_CPP_SCROLL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cpp/types.h"

namespace tqdb::client {

class Transport;

// The order of the numbers or times at a payload key. A point with several values comes once for
// each of them, unless `once` is set. A point without any does not come.
struct OrderBy {
  std::string key = {};  // needs a complete index of integers, floats or times
  bool descending = false;
  bool once = false;  // a point comes at the first of its values in this order alone
};

// Settings of a walk.
struct ScrollOptions {
  uint32_t page_size = 0;  // points of a page, at most 10,000; 0: the server's default, 100
  Select select = {};
  std::optional<Filter> filter = std::nullopt;     // points to return; unset: all
  std::optional<OrderBy> order_by = std::nullopt;  // unset: the order of ids
};

// A walk. Each call reads one page, so memory is bounded by one page. Points that are written or
// deleted during the walk may or may not be seen. All others are seen exactly once (with an order,
// once for each of their values). A walk may outlive its Client.
//
// Not thread-safe.
class Scroll {
 public:
  Scroll(std::shared_ptr<Transport> transport, std::string collection, ScrollOptions options);

  // Returns the next page, which is empty only after the last point. After an error the next call
  // asks for the same page again.
  absl::StatusOr<std::vector<Point>> NextPage();
  // Changes the size of the next pages. After ResourceExhausted a smaller page may fit into one
  // message.
  void set_page_size(uint32_t page_size) { options_.page_size = page_size; }
  bool done() const { return done_; }

 private:
  std::shared_ptr<Transport> transport_;
  std::string collection_;
  ScrollOptions options_;
  std::string page_token_;
  bool done_ = false;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_SCROLL_H_
