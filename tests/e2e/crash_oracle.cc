#include "tests/e2e/crash_oracle.h"

#include <random>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tqdb::e2e {
namespace {

std::string MakePayload(uint64_t id, uint64_t batch, size_t batch_points) {
  return absl::StrCat("{\"batch\":", batch, ",\"points\":", batch_points, ",\"id\":", id, "}");
}

// Reads the number of the batch and its number of points from a payload. Returns false for other
// payloads. The server returns payloads as they were sent, so the text need not be parsed as JSON.
bool ParsePayload(const std::string& payload, uint64_t& batch, size_t& batch_points) {
  const std::vector<std::string> parts = absl::StrSplit(payload, absl::ByAnyChar(":,"));
  return parts.size() == 6 && absl::SimpleAtoi(parts[1], &batch) &&
         absl::SimpleAtoi(parts[3], &batch_points);
}

std::string Describe(uint64_t batch) {
  return batch == kAbsent ? "nothing" : absl::StrCat("batch ", batch);
}

uint64_t ValueOf(const State& state, uint64_t id) {
  const auto found = state.find(id);
  return found == state.end() ? kAbsent : found->second;
}

}  // namespace

client::Point MakePoint(uint64_t id, uint64_t batch, size_t batch_points) {
  std::mt19937_64 random(batch * 1000003 + id);
  client::NamedVector vector;
  vector.values.resize(kDim);
  for (float& x : vector.values) {
    x = static_cast<float>(static_cast<int64_t>(random() % 2000001) - 1000000) * 1e-6f;
  }
  return {client::PointId::Number(id),
          {std::move(vector)},
          MakePayload(id, batch, batch_points),
          MakeSparseVectors(id, batch)};
}

std::vector<client::NamedSparseVector> MakeSparseVectors(uint64_t id, uint64_t batch) {
  if ((id + batch) % 4 == 0) return {};
  const auto term = static_cast<uint32_t>((7 * id + batch) % kTerms);
  const float weight = 1 + static_cast<float>(batch % 64) / 64;
  return {{kSparseSpace, {{term, kTerms + static_cast<uint32_t>(id)}, {weight, 0.5f}}}};
}

absl::StatusOr<uint64_t> BatchOf(const client::Point& point) {
  uint64_t batch = kAbsent;
  size_t batch_points = 0;
  if (point.id.is_uuid() || !ParsePayload(point.payload, batch, batch_points) ||
      point != MakePoint(point.id.number(), batch, batch_points)) {
    return absl::DataLossError(absl::StrCat("point ", point.id.ToString(),
                                            " is not what any batch wrote; its payload is ",
                                            point.payload));
  }
  return batch;
}

void Oracle::Apply(const Write& write) {
  for (uint64_t id : write.ids) {
    if (write.batch == kAbsent) {
      state_.erase(id);
    } else {
      state_[id] = write.batch;
    }
  }
}

void Oracle::Acknowledge() {
  Apply(pending_.front());
  pending_.pop_front();
}

absl::Status Oracle::Settle(const State& found) {
  for (const Write& write : pending_) {
    size_t as_before = 0;
    size_t as_after = 0;
    for (uint64_t id : write.ids) {
      const uint64_t value = ValueOf(found, id);
      as_before += value == ValueOf(state_, id);
      as_after += value == write.batch;
    }
    // The deletion of ids that were absent has the same result whether it happened or not.
    if (as_after == write.ids.size()) {
      Apply(write);
    } else if (as_before != write.ids.size()) {
      return absl::DataLossError(absl::StrCat("half a write: ", Describe(write.batch), " of ",
                                              write.ids.size(), " ids; ", as_after,
                                              " ids show it, ", as_before, " do not"));
    }
  }
  pending_.clear();
  for (const auto& [id, batch] : state_) {
    const uint64_t value = ValueOf(found, id);
    if (value != batch) {
      return absl::DataLossError(absl::StrCat("point ", id, ": ", Describe(batch),
                                              " was acknowledged, ", Describe(value), " is found"));
    }
  }
  for (const auto& [id, batch] : found) {
    if (!state_.contains(id)) {
      return absl::DataLossError(absl::StrCat("point ", id, " was deleted or never written; ",
                                              Describe(batch), " is found"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tqdb::e2e
