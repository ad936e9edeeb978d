// What payloads a collection may hold after a crash, and what filters say about them, worked out
// without any code of the server: edits and conditions are done again here, on parsed JSON.
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

// A point but for its id. No payload and {} are the same.
struct PointState {
  uint64_t batch = 0;  // that wrote its vector
  Json payload = Json::object();
  friend bool operator==(const PointState&, const PointState&) = default;
};
using PointStates = std::map<uint64_t, PointState>;  // by id

client::Point MakePayloadPoint(uint64_t id, const PointState& state);
// DataLoss when the vector is none that was written for the id, or the payload is no object.
absl::StatusOr<PointState> StateOfPoint(const client::Point& point);

// Keys that payloads have, and the kinds of index that each may get; not all of them fit all
// values.
struct IndexedKey {
  std::string key;
  std::vector<client::PayloadIndexKind> kinds;
};
const std::vector<IndexedKey>& IndexedKeys();

// Every key is there sometimes, and some values are of a type that its index does not know.
Json RandomPayload(const std::string& owner, std::mt19937_64& random);

// What is found at a path, arrays being taken apart; parts of `payload`.
std::vector<const Json*> ValuesAt(const Json& payload, const std::vector<std::string>& path);

// A condition, and the same again.
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
// One or two words as texts have them.
std::string RandomWords(std::mt19937_64& random);
// At least one of the words of `query` is in the strings at `key`; without a condition of a filter.
std::function<bool(const Json& payload)> HasAnyWord(const std::string& key,
                                                    const std::string& query);

// An edit, and the same again.
struct Edit {
  client::PayloadEdit edit;
  std::function<void(Json& payload)> apply;
};
Edit RandomEdit(const std::string& owner, std::mt19937_64& random);

// A state of one owner who does one thing after the other: at most one of them is in flight at a
// crash, and happens as a whole or not at all.
template <typename State>
class OneAtATime {
 public:
  // Before the request is sent: what it makes of the state.
  void Begin(State after) { after_ = std::move(after); }
  void Acknowledge() { state_ = after_; }
  void Refuse() { after_ = state_; }
  // False when `found` is neither the state nor that after what is in flight; otherwise it is the
  // state now.
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

// How many points differ, and the first of them, for a message.
std::string DescribeDifference(const PointStates& expected, const PointStates& found);

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_PAYLOAD_ORACLE_H_
