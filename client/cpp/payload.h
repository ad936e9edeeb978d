// Payloads of the client library: their values, edits of them, and how many points share a value.
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
using PayloadValue = std::variant<std::string, int64_t, bool>;

// Members replace those of the same name; the others stay.
struct SetPayload {
  std::string payload = {};  // a JSON object
  std::string key =
      {};  // path of the object whose members are set, made where it is missing; empty: the payload
};
struct OverwritePayload {
  std::string payload = {};  // a JSON object
};
struct DeletePayloadKeys {
  std::vector<std::string> keys = {};  // paths, 1..1024
};
struct ClearPayload {};
using PayloadEdit = std::variant<SetPayload, OverwritePayload, DeletePayloadKeys, ClearPayload>;

// Points whose payloads to edit: those of `ids`, all or none; those that match `filter`, in batches
// that are atomic each; or, with both, those of the ids that match when the edit is made, all or
// none. At least one of the two.
struct PayloadTarget {
  std::vector<PointId> ids = {};                // distinct; those that do not exist are ignored
  std::optional<Filter> filter = std::nullopt;  // an empty one matches every point
};

struct FacetOptions {
  uint32_t limit = 0;  // values; 0: the server's default, 10; at most 10000
  std::optional<Filter> filter = std::nullopt;  // of the points counted; unset: all
};

struct FacetCount {
  PayloadValue value;
  uint64_t points = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_PAYLOAD_H_
