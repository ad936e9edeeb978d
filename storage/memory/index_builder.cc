#include "storage/memory/index_builder.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/status_macros.h"
#include "storage/disk/keys.h"
#include "storage/payload/prepared_filter.h"

namespace tqdb::storage {

namespace {

// Number of payloads that are parsed before the lock of the indexes is taken once for all of them.
constexpr size_t kBatchRows = 256;

// Calls visit(rows) for all payloads in row order, some hundred a call, until it returns an error.
absl::Status ForEachPayload(
    const Store& store,
    absl::FunctionRef<absl::Status(absl::Span<const IndexedPayloads::Row>)> visit) {
  const auto cursor =
      store.Scan({.family = Family::kPayloads, .lower = {}, .upper = {}, .sequential = true});
  std::vector<IndexedPayloads::Row> rows;
  std::vector<nlohmann::json> payloads;
  payloads.reserve(kBatchRows);  // rows point to them
  for (; cursor->Valid(); cursor->Next()) {
    absl::string_view text = cursor->value();
    IndexedPayloads::Row& row = rows.emplace_back();
    if (!ParseRowKey(cursor->key(), &row.row) || !ConsumeId(&text, &row.id)) {
      return absl::DataLossError("a record of payloads is damaged");
    }
    TQDB_ASSIGN_OR_RETURN(payloads.emplace_back(), ParsePayload(text));
    row.payload = &payloads.back();
    if (rows.size() < kBatchRows) continue;
    TQDB_RETURN_IF_ERROR(visit(rows));
    rows.clear();
    payloads.clear();
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  return rows.empty() ? absl::OkStatus() : visit(rows);
}

}  // namespace

absl::Status BuildPayloadIndex(const Store& store, absl::string_view key,
                               const std::function<bool()>& stop, IndexedPayloads& payloads) {
  // Note which index it is before any payload is read. If the index is dropped and created again,
  // the new one has missed the edits of payloads that were read before, so they must not be added.
  const uint64_t number = payloads.FieldNumber(key);
  if (number == 0) return absl::OkStatus();
  bool exists = true;
  const absl::Status status = ForEachPayload(store, [&](auto rows) -> absl::Status {
    if (stop()) {
      return absl::CancelledError(
          absl::StrCat("building the payload index of ", key, " was stopped"));
    }
    exists = payloads.AddToField(key, number, rows);
    return exists ? absl::OkStatus() : absl::AbortedError("");
  });
  return exists ? status : absl::OkStatus();
}

}  // namespace tqdb::storage
