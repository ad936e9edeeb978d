#include "storage/disk/row_scanner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/sparse/sparse_encoding.h"

namespace tqdb::storage {

RowScanner::RowScanner(const CollectionConfig& config, Options options)
    : options_(std::move(options)), decoded_(config.sparse_spaces.size()) {
  for (const VectorSpaceConfig& space : config.spaces) {
    code_bytes_.push_back(CodeRecordBytes(space.codec));
  }
}

absl::StatusOr<std::unique_ptr<RowScanner>> RowScanner::Open(const Store& store,
                                                             const CollectionConfig& config,
                                                             Options options) {
  std::unique_ptr<RowScanner> scanner(new RowScanner(config, std::move(options)));
  TQDB_RETURN_IF_ERROR(scanner->ReadPoints(store));
  for (uint32_t s = 0; s < config.spaces.size(); ++s) {
    const std::string where = absl::StrCat("vector space '", config.spaces[s].name, "'");
    TQDB_ASSIGN_OR_RETURN(scanner->codes_.emplace_back(),
                          OpenRows(store, Family::kCodes, s, s, where));
    scanner->originals_.emplace_back();
    // Originals are not read at a start, except for the few rows that wait for a mean. Kept
    // originals would be most of the bytes on disk.
    if (!scanner->options_.waiting[s]) continue;
    TQDB_ASSIGN_OR_RETURN(scanner->originals_.back(),
                          OpenRows(store, Family::kVectors, s, s, where));
  }
  for (uint32_t s = 0; s < config.sparse_spaces.size(); ++s) {
    TQDB_ASSIGN_OR_RETURN(scanner->sparse_.emplace_back(),
                          OpenRows(store, Family::kCodes, kFirstSparseSpace + s, s,
                                   absl::StrCat("space '", config.sparse_spaces[s].name, "'")));
  }
  // Payloads are read only if some key has an index. Without one nothing in memory depends on them.
  if (scanner->options_.payloads) {
    scanner->payloads_ =
        store.Scan({.family = Family::kPayloads, .lower = {}, .upper = {}, .sequential = true});
    TQDB_RETURN_IF_ERROR(scanner->payloads_->status());
  }
  return scanner;
}

absl::Status RowScanner::ReadPoints(const Store& store) {
  const auto cursor =
      store.Scan({.family = Family::kPoints, .lower = {}, .upper = {}, .sequential = true});
  for (; cursor->Valid(); cursor->Next()) {
    PointRow point;
    absl::string_view value = cursor->value();
    if (!ParseIdKey(cursor->key(), &point.id) || !GetVarint64(&value, &point.row) ||
        !value.empty()) {
      return absl::DataLossError("a record of points is damaged");
    }
    // Such a row number would be given out a second time, and two points would share their codes.
    if (point.row >= options_.next_row) {
      return absl::DataLossError(absl::StrCat("point ", point.id.ToString(), " has row ", point.row,
                                              ", beyond the next free row ", options_.next_row));
    }
    points_.push_back(point);
    if (point.id.is_uuid()) ++uuids_;
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  // The cursor has the order of ids, and all other families have the order of rows.
  std::sort(points_.begin(), points_.end(),
            [](const PointRow& a, const PointRow& b) { return a.row < b.row; });
  for (size_t i = 1; i < points_.size(); ++i) {
    if (points_[i].row != points_[i - 1].row) continue;
    return absl::DataLossError(absl::StrCat("points ", points_[i - 1].id.ToString(), " and ",
                                            points_[i].id.ToString(), " have the same row ",
                                            points_[i].row));
  }
  return absl::OkStatus();
}

absl::StatusOr<RowScanner::Rows> RowScanner::OpenRows(const Store& store, Family family,
                                                      size_t key_space, uint32_t space,
                                                      std::string where) {
  const Key lower = Key::OfSpaceRow(key_space, 0), upper = Key::SpaceEnd(key_space);
  Rows rows;
  rows.cursor = store.Scan(
      {.family = family, .lower = lower.view(), .upper = upper.view(), .sequential = true});
  rows.what = family == Family::kVectors      ? "vector"
              : key_space < kFirstSparseSpace ? "code"
                                              : "sparse vector";
  rows.where = std::move(where);
  rows.space = space;
  TQDB_RETURN_IF_ERROR(ReadKey(rows));
  return rows;
}

absl::Status RowScanner::ReadKey(Rows& rows) {
  if (!rows.cursor->Valid()) return rows.cursor->status();
  size_t key_space;
  if (ParseSpaceRowKey(rows.cursor->key(), &key_space, &rows.row)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("a key of ", rows.where, " is damaged"));
}

absl::Status RowScanner::CheckPassed(const Rows& rows, uint64_t row) {
  // The cursors stop at every row that a point has. So a row below `row` is one that no point has.
  if (!rows.cursor->Valid() || rows.row >= row) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(rows.what, " of row ", rows.row, " in ", rows.where,
                                          ": it belongs to no point"));
}

absl::Status RowScanner::ReadVectors(uint64_t row) {
  vectors_.clear();
  for (Rows& codes : codes_) {
    TQDB_RETURN_IF_ERROR(CheckPassed(codes, row));
    Rows& originals = originals_[codes.space];
    if (originals.cursor != nullptr) TQDB_RETURN_IF_ERROR(CheckPassed(originals, row));
    if (!codes.cursor->Valid() || codes.row != row) continue;
    const absl::string_view code = codes.cursor->value();
    // Checked here once, because segments and kernels read this number of bytes without asking. The
    // contents are not checked: RocksDB has a checksum on every block.
    if (code.size() != code_bytes_[codes.space]) {
      return absl::DataLossError(absl::StrCat("code of row ", row, " in ", codes.where, " has ",
                                              code.size(), " bytes; need ",
                                              code_bytes_[codes.space]));
    }
    RowVector& vector = vectors_.emplace_back();
    vector = {.space = codes.space, .waits = false, .code = code, .original = {}};
    if (originals.cursor == nullptr || !originals.cursor->Valid() || originals.row != row) continue;
    vector.waits = true;
    vector.original = originals.cursor->value();
  }
  return absl::OkStatus();
}

absl::Status RowScanner::ReadSparse(uint64_t row) {
  row_sparse_.clear();
  for (Rows& rows : sparse_) {
    TQDB_RETURN_IF_ERROR(CheckPassed(rows, row));
    if (!rows.cursor->Valid() || rows.row != row) continue;
    SparseVector& vector = decoded_[rows.space];
    absl::Status status = DecodeSparseVector(rows.cursor->value(), &vector);
    // The index relies on everything that was validated for the caller of the write, for example on
    // finite values. The encoding alone does not guarantee it.
    if (status.ok()) status = ValidateSparseVector(vector.view(), "it");
    if (!status.ok()) {
      return absl::DataLossError(
          absl::StrCat("sparse vector of row ", row, " in ", rows.where, ": ", status.message()));
    }
    row_sparse_.push_back({rows.space, rows.cursor->value(), vector.view()});
  }
  return absl::OkStatus();
}

absl::Status RowScanner::ReadPayload(const PointRow& point) {
  uint64_t row = 0;
  PointId id;
  absl::string_view payload = payloads_->Valid() ? payloads_->value() : absl::string_view();
  if (!payloads_->Valid() || !ParseRowKey(payloads_->key(), &row) || row != point.row ||
      !ConsumeId(&payload, &id) || id != point.id) {
    TQDB_RETURN_IF_ERROR(payloads_->status());
    return absl::DataLossError(absl::StrCat("the payload of point ", point.id.ToString(), ", row ",
                                            point.row, ", is missing or damaged"));
  }
  put_.payload = payload;
  return absl::OkStatus();
}

absl::StatusOr<const PutRow*> RowScanner::Next() {
  // Steps past the row that the caller is done with. This is not done at the end of the call
  // before, because its result points into the blocks of the cursors.
  if (on_row_) {
    const uint64_t done = points_[next_ - 1].row;
    const auto pass = [done](Rows& rows) -> absl::Status {
      if (rows.cursor == nullptr || !rows.cursor->Valid() || rows.row != done) {
        return absl::OkStatus();
      }
      rows.cursor->Next();
      return ReadKey(rows);
    };
    for (Rows& rows : codes_) TQDB_RETURN_IF_ERROR(pass(rows));
    for (Rows& rows : originals_) TQDB_RETURN_IF_ERROR(pass(rows));
    for (Rows& rows : sparse_) TQDB_RETURN_IF_ERROR(pass(rows));
    if (payloads_ != nullptr) payloads_->Next();
    on_row_ = false;
  }
  // After the last point this is a row beyond all others, so the checks below find whatever is left
  // over in a family.
  const uint64_t row = next_ < points_.size() ? points_[next_].row : ~uint64_t{0};
  TQDB_RETURN_IF_ERROR(ReadVectors(row));
  TQDB_RETURN_IF_ERROR(ReadSparse(row));
  if (next_ == points_.size()) {
    if (payloads_ != nullptr) {
      TQDB_RETURN_IF_ERROR(payloads_->status());
      if (payloads_->Valid()) return absl::DataLossError("a payload belongs to no point");
    }
    return nullptr;
  }
  const PointRow& point = points_[next_];
  put_.id = point.id;
  put_.row = row;
  put_.payload = {};
  put_.vectors = vectors_;
  put_.sparse = row_sparse_;
  if (payloads_ != nullptr) TQDB_RETURN_IF_ERROR(ReadPayload(point));
  if (vectors_.empty() && row_sparse_.empty()) {
    return absl::DataLossError(
        absl::StrCat("point ", point.id.ToString(), " has no vector in any space"));
  }
  ++next_;
  on_row_ = true;
  return &put_;
}

}  // namespace tqdb::storage
