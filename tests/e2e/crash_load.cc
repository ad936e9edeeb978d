#include "tests/e2e/crash_load.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/crash_options.h"

namespace tqdb::e2e {
namespace {

constexpr size_t kMostPoints = 64;  // of one batch
constexpr uint32_t kWindow = 4;
static_assert(kMostPoints * (kWindow + 2) < kIdsOfWriter, "batches in flight must share no id");

std::vector<client::Point> MakeBatch(const std::vector<uint64_t>& ids, uint64_t batch) {
  std::vector<client::Point> points;
  for (uint64_t id : ids) points.push_back(MakePoint(id, batch, ids.size()));
  return points;
}

}  // namespace

absl::Status Writer::Settle(const State& found) {
  const State mine(found.lower_bound(first_id_), found.lower_bound(first_id_ + kIdsOfWriter));
  return oracle_.Settle(mine);
}

std::vector<uint64_t> UnaryWriter::RandomIds() {
  std::set<uint64_t> ids;
  const size_t count = 1 + random_() % kMostPoints;
  // A fifth of the range takes most writes, so these ids are replaced and deleted again and again.
  const uint64_t range = Chance(70) ? kIdsOfWriter / 5 : kIdsOfWriter;
  while (ids.size() < count) ids.insert(first_id_ + random_() % range);
  return {ids.begin(), ids.end()};
}

absl::Status UnaryWriter::Run(client::Client& client, const std::string& collection,
                              std::atomic<uint64_t>& next_batch) {
  while (true) {
    Write write;
    write.ids = RandomIds();
    const client::Durability durability = RandomDurability();
    absl::Status status;
    if (Chance(35)) {
      std::vector<client::PointId> ids;
      uint64_t existing = 0;
      for (uint64_t id : write.ids) {
        ids.push_back(client::PointId::Number(id));
        existing += oracle_.state().contains(id);
      }
      oracle_.Begin(write);
      const absl::StatusOr<uint64_t> deleted = client.Delete(collection, ids, durability);
      status = deleted.status();
      if (status.ok() && *deleted != existing) {
        return absl::DataLossError(
            absl::StrCat("deleted ", *deleted, " points where ", existing, " existed"));
      }
    } else {
      write.batch = next_batch++;
      oracle_.Begin(write);
      status = client.Upsert(collection, MakeBatch(write.ids, write.batch), durability).status();
    }
    if (!status.ok()) return AsServerDied(status);
    oracle_.Acknowledge();
    ++acknowledged_;
  }
}

absl::Status StreamWriter::Run(client::Client& client, const std::string& collection,
                               std::atomic<uint64_t>& next_batch) {
  absl::Status refused;
  client::UpsertStreamOptions options;
  options.durability = RandomDurability();
  options.window = kWindow;
  options.on_ack = [&](const client::BatchAck& ack) {
    absl::MutexLock lock(&mutex_);
    if (ack.status.ok()) {
      oracle_.Acknowledge();
      ++acknowledged_;
    } else {
      oracle_.Refuse();
      if (refused.ok()) refused = ack.status;
    }
  };
  absl::Status status;
  {
    auto stream = client.OpenUpsertStream(collection, std::move(options));
    while (status.ok()) {
      Write write;
      write.batch = next_batch++;
      const size_t count = 1 + random_() % kMostPoints;
      for (size_t i = 0; i < count; ++i) {
        write.ids.push_back(first_id_ + next_offset_++ % kIdsOfWriter);
      }
      const std::vector<client::Point> points = MakeBatch(write.ids, write.batch);
      {
        absl::MutexLock lock(&mutex_);
        oracle_.Begin(std::move(write));
      }
      // If Send fails, the batch stays pending: it may have been written or not.
      status = stream->Send(points);
    }
  }  // no acknowledgement comes after this
  absl::MutexLock lock(&mutex_);
  if (!refused.ok()) return refused;
  return AsServerDied(status);
}

}  // namespace tqdb::e2e
