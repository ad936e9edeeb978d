#include "storage/write/validate_upsert.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/ending_allocator.h"
#include "base/float16.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/payload/json_depth.h"
#include "values/json_parser.h"

namespace tqdb::storage {

namespace {

constexpr size_t kMaxQuotedBytes = 80;  // longest part of a value that a message quotes

absl::Status Prefix(const absl::Status& status, absl::string_view prefix) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(prefix, status.message()));
}

// Checks that the `rows` vectors of one space belong to different points, and notes these points in
// `covered`. `points` has the meaning that it has in SpaceVectors.
absl::Status CoverPoints(absl::string_view field, size_t rows, absl::Span<const uint32_t> points,
                         std::vector<bool>& covered) {
  const size_t n = covered.size();
  if (rows != (points.empty() ? n : points.size()) && !(rows == 0 && points.empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, rows, " vectors for ", points.empty() ? n : points.size(), " points"));
  }
  std::vector<bool> has(n);
  for (size_t r = 0; r < rows; ++r) {
    const size_t point = points.empty() ? r : points[r];
    if (point >= n || has[point]) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, "row ", r, " is for point ", point,
          point >= n ? absl::StrCat("; the batch has ", n) : ", which has one already"));
    }
    has[point] = true;
    covered[point] = true;
  }
  return absl::OkStatus();
}

absl::Status ValidateSparse(const SparseSpaceVectors& vectors, const SparseSpaces& spaces,
                            std::vector<bool>& covered) {
  if (FindSparseSpace(spaces, vectors.name) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sparse vector name is ", Quoted(vectors.name, kMaxQuotedBytes), "; this collection has ",
        spaces.empty() ? "none" : ListSparseSpaceNames(spaces)));
  }
  TQDB_RETURN_IF_ERROR(CoverPoints(absl::StrCat("sparse vectors '", vectors.name, "': "),
                                   vectors.rows.size(), vectors.points, covered));
  for (size_t r = 0; r < vectors.rows.size(); ++r) {
    const size_t point = vectors.points.empty() ? r : vectors.points[r];
    TQDB_RETURN_IF_ERROR(ValidateSparseVector(
        vectors.rows[r], absl::StrCat("points[", point, "].sparse_vectors '", vectors.name, "'")));
  }
  return absl::OkStatus();
}

// Checks that float16 can hold the originals. The codec's own check has passed them as float32, but
// a large coordinate would become infinite, and a tiny vector zero.
absl::Status ValidateHalves(const Space& space, MatrixView rows) {
  for (size_t r = 0; r < rows.rows(); ++r) {
    bool all_zero = true;
    // The value is converted as it will be stored. A number a little above kMaxHalf is rounded down
    // to it and is good, so a comparison of the float32 would refuse too much.
    for (size_t i = 0; i < rows.dim(); ++i) {
      const float value = rows.row(r)[i];
      if (std::fabs(HalfToFloat(FloatToHalf(value))) > kMaxHalf) {
        return absl::InvalidArgumentError(
            absl::StrCat("vector ", r, " has ", value, " at coordinate ", i,
                         "; store_vectors F16 holds at most ", kMaxHalf, " in magnitude"));
      }
      all_zero &= HalfToFloat(FloatToHalf(value)) == 0;
    }
    if (all_zero && space.config().codec.metric == Metric::kCosine) {
      return absl::InvalidArgumentError(
          absl::StrCat("vector ", r,
                       " becomes zero in float16; metric COSINE with store_vectors F16 "
                       "needs a coordinate of at least 6e-8 in magnitude"));
    }
  }
  return absl::OkStatus();
}

// Applies a check to the vectors of one space. Its message counts them within the space; the caller
// of an upsert knows them by their points, so the first bad one is named by its point.
absl::Status CheckRows(const SpaceVectors& vectors,
                       absl::FunctionRef<absl::Status(MatrixView)> check) {
  const absl::Status all = check(vectors.rows);
  if (all.ok()) return all;
  for (size_t r = 0; r < vectors.rows.rows(); ++r) {
    const absl::Status one = check(vectors.rows.Slice(r, 1));
    absl::string_view fault = one.message();
    if (one.ok() || !absl::ConsumePrefix(&fault, "vector 0 ")) continue;
    const size_t point = vectors.points.empty() ? r : vectors.points[r];
    return absl::Status(one.code(),
                        absl::StrCat("points[", point, "].vectors '", vectors.name, "' ", fault));
  }
  return Prefix(all, absl::StrCat("vectors '", vectors.name, "': "));  // not of one vector
}

}  // namespace

absl::Status ValidatePayload(absl::string_view payload, size_t i, nlohmann::json* parsed) {
  // No payload is an empty object, for indexes and filters alike.
  if (payload.empty()) {
    if (parsed != nullptr) *parsed = nlohmann::json::object();
    return absl::OkStatus();
  }
  if (payload.size() > kMaxPayloadBytes) {
    return absl::InvalidArgumentError(absl::StrCat("points[", i, "].payload has ", payload.size(),
                                                   " bytes; at most ", kMaxPayloadBytes,
                                                   " are allowed"));
  }
  // The depth comes before the parser, which would recurse as deep as the text is nested.
  if (const size_t depth = JsonDepth(payload); depth > kMaxPayloadDepth) {
    return absl::InvalidArgumentError(absl::StrCat("points[", i, "].payload is nested ", depth,
                                                   " deep; allowed: ", kMaxPayloadDepth));
  }
  // The first character is looked at before the parser runs. An array or a number is valid JSON,
  // but has no keys that a filter could ask for.
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(payload);
  bool valid = !text.empty() && text[0] == '{';
  if (valid && parsed != nullptr) {
    *parsed = ParseJson<nlohmann::json>(payload);
    valid = !parsed->is_discarded();
  } else if (valid) {
    // Without an index nobody needs the tree. To accept a text takes less time than to build one.
    valid = nlohmann::json::accept(payload.begin(), payload.end());
  }
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("points[", i, "].payload is ",
                                                 Quoted(payload, kMaxQuotedBytes),
                                                 "; need a JSON object in UTF-8"));
}

absl::Status ValidateIdCount(absl::string_view field, size_t count) {
  if (count <= kMaxBatchPoints) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", count, " entries; at most ", kMaxBatchPoints, " are allowed"));
}

absl::Status ValidateDistinctIds(absl::string_view field, absl::Span<const PointId> ids,
                                 absl::string_view member) {
  TQDB_RETURN_IF_ERROR(ValidateIdCount(field, ids.size()));
  EndingHashSet<PointId> distinct;
  distinct.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!distinct.insert(ids[i]).second) {
      return absl::InvalidArgumentError(absl::StrCat(field, "[", i, "]", member, " ",
                                                     ids[i].ToString(),
                                                     " is there twice; ids must be distinct"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateMode(UpsertMode mode, bool has_condition) {
  if (mode != UpsertMode::kInsert || !has_condition) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "condition is set with mode INSERT, which writes no point that exists");
}

absl::Status ValidateNoPayloads(UpsertMode mode, absl::Span<const absl::string_view> payloads) {
  if (mode != UpsertMode::kUpdateVectors) return absl::OkStatus();
  for (size_t i = 0; i < payloads.size(); ++i) {
    if (payloads[i].empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("points[", i,
                     "].payload is set with mode UPDATE_VECTORS, which keeps payloads as they are; "
                     "UpdatePayload changes them"));
  }
  return absl::OkStatus();
}

absl::Status ValidateUpsert(const UpsertBatch& batch, const Spaces& spaces,
                            const SparseSpaces& sparse_spaces,
                            std::vector<nlohmann::json>* parsed) {
  // Checks of counts come first, then payloads and vectors, which take time by their size.
  const size_t n = batch.ids.size();
  if (n == 0) {
    return absl::InvalidArgumentError(absl::StrCat("points is empty; need 1 to ", kMaxBatchPoints));
  }
  TQDB_RETURN_IF_ERROR(ValidateDistinctIds("points", batch.ids, ".id"));
  if (!batch.payloads.empty() && batch.payloads.size() != n) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch has ", batch.payloads.size(), " payloads for ", n, " points"));
  }
  TQDB_RETURN_IF_ERROR(ValidateMode(batch.mode, static_cast<bool>(batch.condition)));
  TQDB_RETURN_IF_ERROR(ValidateNoPayloads(batch.mode, batch.payloads));
  if (parsed != nullptr) parsed->assign(n, nlohmann::json::object());
  for (size_t i = 0; i < batch.payloads.size(); ++i) {
    TQDB_RETURN_IF_ERROR(
        ValidatePayload(batch.payloads[i], i, parsed != nullptr ? &(*parsed)[i] : nullptr));
  }

  // A point needs a vector in one space at least. Otherwise it could never be found by a search,
  // and on disk it could not be told from a point whose vectors were lost.
  std::vector<bool> covered(n);
  EndingHashSet<const Space*> seen_spaces;
  for (const SpaceVectors& vectors : batch.vectors) {
    const Space* space = FindSpace(spaces, vectors.name);
    if (space == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("vector name is ", Quoted(vectors.name, kMaxQuotedBytes),
                       "; this collection has ", ListSpaceNames(spaces)));
    }
    const std::string field = absl::StrCat("vectors '", space->config().name, "': ");
    if (!seen_spaces.insert(space).second) {
      return absl::InvalidArgumentError(absl::StrCat(field, "the name is in the batch twice"));
    }
    TQDB_RETURN_IF_ERROR(CoverPoints(field, vectors.rows.rows(), vectors.points, covered));
    TQDB_RETURN_IF_ERROR(
        CheckRows(vectors, [&](MatrixView rows) { return space->codec().Validate(rows); }));
    if (space->config().store_vectors == StoreVectors::kF16) {
      TQDB_RETURN_IF_ERROR(
          CheckRows(vectors, [&](MatrixView rows) { return ValidateHalves(*space, rows); }));
    }
  }
  EndingHashSet<absl::string_view> seen_sparse;
  for (const SparseSpaceVectors& vectors : batch.sparse) {
    if (!seen_sparse.insert(vectors.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("sparse vectors '", vectors.name, "': the name is in the batch twice"));
    }
    TQDB_RETURN_IF_ERROR(ValidateSparse(vectors, sparse_spaces, covered));
  }
  for (size_t i = 0; i < n; ++i) {
    if (!covered[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("points[", i, "] with id ", batch.ids[i].ToString(),
                       " has no vector; need one in at least one of ", ListSpaceNames(spaces),
                       sparse_spaces.empty() ? "" : ", ", ListSparseSpaceNames(sparse_spaces)));
    }
  }
  return absl::OkStatus();
}

}  // namespace tqdb::storage
