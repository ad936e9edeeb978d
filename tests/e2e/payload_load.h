// Writers of payloads, and a changer of payload indexes, that go on until the server dies under
// them or they are told to stop.
#ifndef TQDB_TESTS_E2E_PAYLOAD_LOAD_H_
#define TQDB_TESTS_E2E_PAYLOAD_LOAD_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cpp/client.h"
#include "tests/e2e/payload_oracle.h"

namespace tqdb::e2e {

// No more than the 256 points that the server edits together by a filter: then those edits are
// whole too.
inline constexpr uint64_t kIdsOfPayloadWriter = 250;

// One writer and the ids that only it writes. Its filters say `owner`, which only its points do.
// Run is called by one thread at a time, and nothing else meanwhile.
class PayloadWriter {
 public:
  PayloadWriter(uint64_t number, uint64_t seed);

  // OK when it was stopped, or a call failed as calls to a dead server do; the error otherwise.
  absl::Status Run(client::Client& client, const std::string& collection,
                   const std::atomic<bool>& stop);
  // Settles with the part of `found` that is this writer's.
  absl::Status Settle(const PointStates& found);

  const PointStates& state() const { return oracle_.state(); }
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  // One request. DataLoss when it counts other points than expected.
  absl::Status Upsert(client::Client& client, const std::string& collection);
  absl::Status Delete(client::Client& client, const std::string& collection);
  absl::Status Update(client::Client& client, const std::string& collection);

  bool Chance(uint64_t percent) { return random_() % 100 < percent; }
  client::Durability RandomDurability();
  std::vector<uint64_t> RandomIds();

  const uint64_t first_id_;
  const std::string owner_;
  std::mt19937_64 random_;
  OneAtATime<PointStates> oracle_;
  uint64_t next_batch_ = 1;
  uint64_t acknowledged_ = 0;
};

using IndexStates = std::map<std::string, client::PayloadIndexKind>;  // by key

class IndexChanger {
 public:
  explicit IndexChanger(uint64_t seed) : random_(seed) {}

  // As PayloadWriter::Run.
  absl::Status Run(client::Client& client, const std::string& collection,
                   const std::atomic<bool>& stop);
  absl::Status Settle(const IndexStates& found);

  const IndexStates& state() const { return oracle_.state(); }
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  absl::Status Change(client::Client& client, const std::string& collection);

  std::mt19937_64 random_;
  OneAtATime<IndexStates> oracle_;
  uint64_t acknowledged_ = 0;
};

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_PAYLOAD_LOAD_H_
