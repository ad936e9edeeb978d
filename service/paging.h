// Pages of a list: their length, and the tokens by which a page goes on where the last one ended.
//
// The simple idea: a token names the last item of its page, and not a position in the list. So the
// server keeps nothing between two pages. A point that is inserted or deleted before that item does
// not shift the next page.
//
// Example: a page of points ends with id 7. Its token is the text "p1:7" in base64, where p is the
// kind of the list and 1 the version of the form. The next page begins with the first id above 7,
// even if point 7 has been deleted.
//
// The token of a walk over points also has 16 digits of a hash of what its pages must have in
// common: the collection, the order and the filter. Such a token is of version 2, for example
// "p2:0123456789abcdef:7". A token of another walk would name a place that this one never had, and
// the caller would miss points without noticing. Tokens of version 1, which have no hash, are still
// taken.
//
// Left out of this file: what a page holds (page_builder.h), and the text of a position in an
// ordered list (order_token.h).
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVICE_PAGING_H_
#define TQDB_SERVICE_PAGING_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"
#include "values/filter.h"
#include "values/types.h"

namespace tqdb::service {

// The lists that come in pages. A token of one list is refused by the others.
enum class PageKind : char {
  kCollections = 'c',    // by name
  kPoints = 'p',         // by id
  kOrderedPoints = 'o',  // by the values of a payload key
};

// Returns a token that stands for the last item of a page. Tokens are opaque to clients.
std::string MakePageToken(PageKind kind, absl::string_view last);
// Returns the last item that MakePageToken was given. InvalidArgument when the token was made for
// another kind, or was not made here at all.
absl::StatusOr<std::string> ParsePageToken(PageKind kind, absl::string_view token);

// Returns the hash of a walk over points. `order` and `filter` may be null.
std::string WalkHash(absl::string_view collection, const storage::OrderSpec* order,
                     const storage::Filter* filter);
// Do the same as the functions above for a page of points by id and for one in the order of a key.
// InvalidArgument when the token is of a walk with another hash.
std::string PointPageToken(const PointId& last, absl::string_view walk);
absl::StatusOr<PointId> ParsePointPageToken(absl::string_view token, absl::string_view walk);
std::string OrderedPageToken(const storage::OrderedPosition& last, absl::string_view walk);
absl::StatusOr<storage::OrderedPosition> ParseOrderedPageToken(absl::string_view token,
                                                               absl::string_view walk);

struct PageLimits {
  size_t default_size;  // items of a page whose size is 0
  size_t max_size;      // largest number of items that may be asked for
};

// Returns `size`, or the default for 0. InvalidArgument above the maximum.
absl::StatusOr<size_t> PageSize(uint32_t size, const PageLimits& limits);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_PAGING_H_
