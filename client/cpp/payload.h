// Payloads of the client library: values, edits and facets, as plain types.
#ifndef TQDB_CLIENT_CPP_PAYLOAD_H_
#define TQDB_CLIENT_CPP_PAYLOAD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/cpp/filter.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// A value of a payload key that points can be counted and grouped by.
using PayloadValue = std::variant<std::string, Integer, bool>;

// Sets members of an object. Members of the same name are replaced, and all others stay.
struct SetPayload {
  std::string payload = {};  // a JSON object with the members to set
  // Path of the object whose members are set. Objects that are missing on the way are made. Empty
  // means the payload itself.
  std::string key = {};
};
// Replaces the payload as a whole.
struct OverwritePayload {
  std::string payload = {};  // a JSON object
};
// Deletes the values at some keys.
struct DeletePayloadKeys {
  std::vector<std::string> keys = {};  // 1 to 1,024 paths
};
// Deletes the payload.
struct ClearPayload {};
using PayloadEdit = std::variant<SetPayload, OverwritePayload, DeletePayloadKeys, ClearPayload>;

// The points whose payloads are edited. At least one of the two is required.
// - With ids alone, all of these points are edited, or none.
// - With a filter alone, the points that match are edited, in batches that are atomic each.
// - With both, the points of `ids` that match at the moment of the edit are edited, all or none.
struct PayloadTarget {
  std::vector<PointId> ids = {};                // distinct; ids that do not exist are ignored
  std::optional<Filter> filter = std::nullopt;  // an empty filter matches every point
};

// Settings of a facet.
struct FacetOptions {
  uint32_t limit = 0;  // number of values, at most 10,000; 0: the server's default, 10
  std::optional<Filter> filter = std::nullopt;  // points to count; unset: all
};

// A value of a key, and how many points have it.
struct FacetCount {
  PayloadValue value;
  uint64_t points = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_PAYLOAD_H_
