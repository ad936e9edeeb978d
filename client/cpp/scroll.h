// A walk over the points of a collection, all or those that match a filter, in id order or by a
// payload key.
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

// By the numbers or times that a payload key holds; it needs a ready index of integers, floats or
// times. A point with several values is there for each of them, points without any are not there.
struct OrderBy {
  std::string key = {};
  bool descending = false;
};

struct ScrollOptions {
  uint32_t page_size = 0;  // 0: the server's default, 100; at most 10000
  Select select = {};
  std::optional<Filter> filter = std::nullopt;     // of the points to return; unset: all
  std::optional<OrderBy> order_by = std::nullopt;  // unset: by id
};

// Not thread-safe. Reads a page a call, so memory is bounded by one page; points written or deleted
// meanwhile may or may not be seen, others are seen exactly once (with an order, once for each of
// their values). May outlive its Client.
class Scroll {
 public:
  Scroll(std::shared_ptr<Transport> transport, std::string collection, ScrollOptions options);

  // The next page; empty once all points were returned. After an error the same page can be asked
  // for again.
  absl::StatusOr<std::vector<Point>> NextPage();
  // For the pages to come; after ResourceExhausted a smaller page may fit into one message.
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
