// Writers of payloads, and a writer that makes and deletes payload indexes. They go on until the
// server dies or they are told to stop.
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

// At most 256 points, which the server edits by a filter in one batch. So such an edit is made as a
// whole or not at all.
inline constexpr uint64_t kIdsOfPayloadWriter = 250;

// One writer, and the ids that no other one writes. Its filters name `owner`, which only its points
// have. Requires: one thread calls Run, and no other member is called during Run.
class PayloadWriter {
 public:
  PayloadWriter(uint64_t number, uint64_t seed);

  // Writes until it is stopped or a call fails. OK if it was stopped, or if the call failed in a
  // way that a dead server explains; otherwise the error of the call.
  absl::Status Run(client::Client& client, const std::string& collection,
                   const std::atomic<bool>& stop);
  // Settles the oracle with the points of `found` that are this writer's.
  absl::Status Settle(const PointStates& found);

  const PointStates& state() const { return oracle_.state(); }
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  // Makes one request. DataLoss if it counts other points than expected.
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

  // Makes and deletes indexes; the result is that of PayloadWriter::Run.
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
