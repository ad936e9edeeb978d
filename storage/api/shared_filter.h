// A filter of a call: prepared once, and shared by all reads of the call.
//
// To prepare a filter is to check it, and to bring it into the form in which payloads are evaluated
// (payload/prepared_filter.h). A call may make many reads with one filter: the chunks of a page,
// the searches of a batch. Example: a page of 10,000 points is read in 157 chunks, and its filter
// is prepared once.
//
// A bad filter is kept with its error, which the first read returns.
//
// Thread-safe: it never changes. Copies share the filter.
#ifndef TQDB_STORAGE_API_SHARED_FILTER_H_
#define TQDB_STORAGE_API_SHARED_FILTER_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/payload/prepared_filter.h"
#include "values/filter.h"

namespace tqdb::storage {

class SharedFilter {
 public:
  // No filter.
  SharedFilter() = default;
  // Prepares a filter. Implicit, so that a plain filter can be given wherever a call takes one.
  SharedFilter(const Filter& filter) : state_(std::make_shared<const State>(filter)) {}

  explicit operator bool() const { return state_ != nullptr; }
  // Both require that there is a filter. The second returns it prepared, which copies a pointer, or
  // InvalidArgument.
  const Filter& operator*() const { return state_->filter; }
  absl::StatusOr<PreparedFilter> Prepared() const { return state_->prepared; }

  friend bool operator==(const SharedFilter& a, const SharedFilter& b) {
    if (a.state_ == b.state_) return true;
    return a.state_ != nullptr && b.state_ != nullptr && *a == *b;
  }

 private:
  struct State {
    explicit State(const Filter& own) : filter(own), prepared(PreparedFilter::Create(own)) {}
    const Filter filter;
    const absl::StatusOr<PreparedFilter> prepared;
  };
  std::shared_ptr<const State> state_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_SHARED_FILTER_H_
