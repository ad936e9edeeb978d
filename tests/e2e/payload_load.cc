#include "tests/e2e/payload_load.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/e2e/crash_options.h"

namespace tqdb::e2e {
namespace {

constexpr uint64_t kMostIds = 40;  // of one request by ids

std::vector<client::PointId> ToPointIds(const std::vector<uint64_t>& ids) {
  std::vector<client::PointId> out;
  for (uint64_t id : ids) out.push_back(client::PointId::Number(id));
  return out;
}

absl::Status CheckCount(const char* what, const absl::StatusOr<uint64_t>& got, uint64_t need) {
  if (!got.ok() || *got == need) return got.status();
  return absl::DataLossError(absl::StrCat(what, " ", *got, " points where ", need, " are meant"));
}

std::string Describe(const IndexStates& indexes) {
  std::string out;
  for (const auto& [key, kind] : indexes) {
    absl::StrAppend(&out, " ", key, ":", client::PayloadIndexKindName(kind));
  }
  return out;
}

}  // namespace

PayloadWriter::PayloadWriter(uint64_t number, uint64_t seed)
    : first_id_(1 + number * kIdsOfPayloadWriter),
      owner_(absl::StrCat("writer-", number)),
      random_(seed) {}

client::Durability PayloadWriter::RandomDurability() {
  return Chance(50) ? client::Durability::kSync : client::Durability::kAsync;
}

std::vector<uint64_t> PayloadWriter::RandomIds() {
  std::set<uint64_t> ids;
  const uint64_t count = 1 + random_() % kMostIds;
  while (ids.size() < count) ids.insert(first_id_ + random_() % kIdsOfPayloadWriter);
  return {ids.begin(), ids.end()};
}

absl::Status PayloadWriter::Upsert(client::Client& client, const std::string& collection) {
  PointStates after = oracle_.state();
  const uint64_t batch = next_batch_++;
  std::vector<client::Point> points;
  for (uint64_t id : RandomIds()) {
    after[id] = {batch, RandomPayload(owner_, random_)};
    points.push_back(MakePayloadPoint(id, after[id]));
  }
  oracle_.Begin(std::move(after));
  return client.Upsert(collection, points, RandomDurability()).status();
}

absl::Status PayloadWriter::Delete(client::Client& client, const std::string& collection) {
  PointStates after = oracle_.state();
  const uint64_t before = after.size();
  const client::Durability durability = RandomDurability();
  if (Chance(60)) {
    const std::vector<uint64_t> ids = RandomIds();
    for (uint64_t id : ids) after.erase(id);
    const uint64_t need = before - after.size();
    oracle_.Begin(std::move(after));
    return CheckCount("deleted", client.Delete(collection, ToPointIds(ids), durability), need);
  }
  // Two conditions besides the owner's, so that the filter does not match all points.
  const Probe probe = Both(Both(OwnerProbe(owner_), RandomProbe(random_)), RandomProbe(random_));
  std::erase_if(after, [&](const auto& point) { return probe.holds(point.second.payload); });
  const uint64_t need = before - after.size();
  oracle_.Begin(std::move(after));
  return CheckCount("deleted by filter",
                    client.DeleteMatching(collection, probe.filter(), durability), need);
}

absl::Status PayloadWriter::Update(client::Client& client, const std::string& collection) {
  const Edit edit = RandomEdit(owner_, random_);
  client::PayloadTarget target;
  std::function<bool(const Json&)> holds = [](const Json&) { return true; };
  const bool by_ids = Chance(70);
  if (!by_ids || Chance(40)) {
    const Probe probe =
        by_ids ? RandomProbe(random_) : Both(OwnerProbe(owner_), RandomProbe(random_));
    target.filter = probe.filter();
    holds = probe.holds;
  }
  PointStates after = oracle_.state();
  uint64_t need = 0;
  const auto apply = [&](PointState& point) {
    if (!holds(point.payload)) return;
    edit.apply(point.payload);
    ++need;
  };
  if (by_ids) {
    for (uint64_t id : RandomIds()) {
      target.ids.push_back(client::PointId::Number(id));
      if (const auto at = after.find(id); at != after.end()) apply(at->second);
    }
  } else {
    for (auto& [id, point] : after) apply(point);
  }
  oracle_.Begin(std::move(after));
  return CheckCount(by_ids ? "edited" : "edited by filter",
                    client.UpdatePayload(collection, target, edit.edit, RandomDurability()), need);
}

absl::Status PayloadWriter::Run(client::Client& client, const std::string& collection,
                                const std::atomic<bool>& stop) {
  while (!stop) {
    const uint64_t kind = random_() % 100;
    const absl::Status status = kind < 35   ? Upsert(client, collection)
                                : kind < 45 ? Delete(client, collection)
                                            : Update(client, collection);
    if (!status.ok()) return AsServerDied(status);
    oracle_.Acknowledge();
    ++acknowledged_;
  }
  return absl::OkStatus();
}

absl::Status PayloadWriter::Settle(const PointStates& found) {
  const PointStates mine(found.lower_bound(first_id_),
                         found.lower_bound(first_id_ + kIdsOfPayloadWriter));
  if (oracle_.Settle(mine)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      owner_, ": from what was acknowledged, ", DescribeDifference(oracle_.state(), mine),
      ". With the request in flight, ", DescribeDifference(oracle_.in_flight(), mine)));
}

absl::Status IndexChanger::Change(client::Client& client, const std::string& collection) {
  const IndexedKey& chosen = IndexedKeys()[random_() % IndexedKeys().size()];
  const client::PayloadIndexKind kind = chosen.kinds[random_() % chosen.kinds.size()];
  const auto existing = oracle_.state().find(chosen.key);
  IndexStates after = oracle_.state();
  if (existing != oracle_.state().end() && random_() % 100 < 60) {
    after.erase(chosen.key);
    oracle_.Begin(std::move(after));
    return client.DeletePayloadIndex(collection, chosen.key);
  }
  const bool wait = random_() % 2 == 0;
  const bool other = existing != oracle_.state().end() && existing->second != kind;
  if (!other) after[chosen.key] = kind;
  oracle_.Begin(std::move(after));
  const auto created = client.CreatePayloadIndex(collection, chosen.key, kind, wait);
  if (other && absl::IsAlreadyExists(created.status())) return absl::OkStatus();
  if (!created.ok()) return created.status();
  if (other) return absl::DataLossError(chosen.key + " got a second index of another kind");
  if (created->key != chosen.key || created->kind != kind || (wait && !created->ready)) {
    return absl::DataLossError(absl::StrCat("the index made of ", chosen.key, " is one of ",
                                            created->key, ", ready: ", created->ready));
  }
  return absl::OkStatus();
}

absl::Status IndexChanger::Run(client::Client& client, const std::string& collection,
                               const std::atomic<bool>& stop) {
  while (!stop) {
    const absl::Status status = Change(client, collection);
    if (!status.ok()) return AsServerDied(status);
    oracle_.Acknowledge();
    ++acknowledged_;
    absl::SleepFor(absl::Milliseconds(random_() % 20));
  }
  return absl::OkStatus();
}

absl::Status IndexChanger::Settle(const IndexStates& found) {
  if (oracle_.Settle(found)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("acknowledged indexes:", Describe(oracle_.state()),
                                          "; in flight:", Describe(oracle_.in_flight()),
                                          "; found:", Describe(found)));
}

}  // namespace tqdb::e2e
