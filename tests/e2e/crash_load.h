// Writers that go on until the server dies.
#ifndef TQDB_TESTS_E2E_CRASH_LOAD_H_
#define TQDB_TESTS_E2E_CRASH_LOAD_H_

#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/client.h"
#include "tests/e2e/crash_oracle.h"

namespace tqdb::e2e {

inline constexpr uint64_t kIdsOfWriter = 1000;

// One writer, and the ids [first_id, first_id + kIdsOfWriter) that no other one writes. Requires:
// one thread calls Run, and no other member is called during Run.
class Writer {
 public:
  Writer(uint64_t first_id, uint64_t seed) : first_id_(first_id), random_(seed) {}
  virtual ~Writer() = default;

  // Writes until a call fails. OK if it failed in a way that a dead server explains; otherwise the
  // error of the call.
  virtual absl::Status Run(client::Client& client, const std::string& collection,
                           std::atomic<uint64_t>& next_batch) = 0;
  // Settles the oracle with the points of `found` that are this writer's.
  absl::Status Settle(const State& found);

  const State& state() const { return oracle_.state(); }
  uint64_t acknowledged_writes() const { return acknowledged_; }

 protected:
  bool Chance(int percent) { return random_() % 100 < static_cast<uint64_t>(percent); }
  client::Durability RandomDurability() {
    return Chance(50) ? client::Durability::kSync : client::Durability::kAsync;
  }

  const uint64_t first_id_;
  std::mt19937_64 random_;
  Oracle oracle_;
  uint64_t acknowledged_ = 0;
};

// Upserts, replacements and deletions of random ids, one call at a time.
class UnaryWriter : public Writer {
 public:
  using Writer::Writer;
  absl::Status Run(client::Client& client, const std::string& collection,
                   std::atomic<uint64_t>& next_batch) override;

 private:
  std::vector<uint64_t> RandomIds();
};

// Batches in a stream, with several in flight. Their ids go around the writer's range, so that
// batches in flight share no id.
class StreamWriter : public Writer {
 public:
  using Writer::Writer;
  absl::Status Run(client::Client& client, const std::string& collection,
                   std::atomic<uint64_t>& next_batch) override;

 private:
  uint64_t next_offset_ = 0;
  // Acknowledgements come on a thread of the client.
  absl::Mutex mutex_;
};

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_CRASH_LOAD_H_
