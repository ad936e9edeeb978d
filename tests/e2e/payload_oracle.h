// The payloads that a collection may have after a crash, and the answers of filters on them. They
// are computed without any code of the server: edits and conditions are implemented a second time
// here, on parsed JSON.
#ifndef TQDB_TESTS_E2E_PAYLOAD_ORACLE_H_
#define TQDB_TESTS_E2E_PAYLOAD_ORACLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/client.h"

namespace tqdb::e2e {

using Json = nlohmann::json;

inline constexpr uint32_t kPayloadDim = 8;

// The state of a point, without its id. A point without payload equals one with the payload {}.
struct PointState {
  uint64_t batch = 0;  // that wrote its vector
  Json payload = Json::object();
  friend bool operator==(const PointState&, const PointState&) = default;
};
using PointStates = std::map<uint64_t, PointState>;  // by id

client::Point MakePayloadPoint(uint64_t id, const PointState& state);
// Returns the state of a point. DataLoss if its vector was never written for the id, or if its
// payload is not an object.
absl::StatusOr<PointState> StateOfPoint(const client::Point& point);

// The keys of payloads, and the kinds of index that each may get. Some kinds do not fit all values
// of their key.
struct IndexedKey {
  std::string key;
  std::vector<client::PayloadIndexKind> kinds;
};
const std::vector<IndexedKey>& IndexedKeys();

// Returns a payload. Every key is missing sometimes, and some values are of a type that the index
// of their key does not hold.
Json RandomPayload(const std::string& owner, std::mt19937_64& random);

// Returns everything that is found at a path, with arrays replaced by their elements. The pointers
// point into `payload`.
std::vector<const Json*> ValuesAt(const Json& payload, const std::vector<std::string>& path);

// A condition twice: as the client sends it, and as a function on a payload.
struct Probe {
  client::Condition condition;
  std::function<bool(const Json& payload)> holds;

  client::Filter filter() const {
    client::Filter filter;
    filter.must = {condition};
    return filter;
  }
};
Probe OwnerProbe(const std::string& owner);
Probe RandomProbe(std::mt19937_64& random);
Probe Both(const Probe& a, const Probe& b);
// Returns one or two of the words that texts have.
std::string RandomWords(std::mt19937_64& random);
// Returns whether at least one word of `query` is in the strings at `key`.
std::function<bool(const Json& payload)> HasAnyWord(const std::string& key,
                                                    const std::string& query);

// An edit twice: as the client sends it, and as a function on a payload.
struct Edit {
  client::PayloadEdit edit;
  std::function<void(Json& payload)> apply;
};
Edit RandomEdit(const std::string& owner, std::mt19937_64& random);

// The state of the points of one owner, who makes one request after the other. At most one request
// is in flight at a crash, and it happens as a whole or not at all.
template <typename State>
class OneAtATime {
 public:
  // Notes a request and the state after it. Call it before the request is sent.
  void Begin(State after) { after_ = std::move(after); }
  void Acknowledge() { state_ = after_; }
  void Refuse() { after_ = state_; }
  // Takes `found` as the new state. Returns false if it is neither the state before nor the state
  // after the request in flight.
  bool Settle(const State& found) {
    if (found != state_ && found != after_) return false;
    state_ = after_ = found;
    return true;
  }
  const State& state() const { return state_; }
  const State& in_flight() const { return after_; }

 private:
  State state_;
  State after_;  // the same when nothing is in flight
};

// Returns a text with the number of points that differ, and the first of them.
std::string DescribeDifference(const PointStates& expected, const PointStates& found);

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_PAYLOAD_ORACLE_H_
