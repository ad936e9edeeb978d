#include "storage/write/validate.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/float16.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/payload/json_depth.h"
#include "storage/sparse/bm25_index.h"

namespace tqdb::storage {

namespace {

constexpr double kDefaultOversampling = 3;
constexpr double kMaxOversampling = 100;
constexpr double kMaxErrorBound = 10;
// Of one query's rerank: each costs a read of its original.
constexpr size_t kMaxCandidates = 100'000;
constexpr size_t kMaxQuotedBytes = 80;  // of a value within a message

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-'; }

absl::Status Prefix(const absl::Status& status, absl::string_view prefix) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(prefix, status.message()));
}

absl::Status ValidateSpaceName(absl::string_view name, absl::string_view field) {
  if (name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".name is ", name.size(), " bytes long; need at most ", kMaxNameBytes));
  }
  for (const char c : name) {
    if (IsNameCharacter(c)) continue;
    return absl::InvalidArgumentError(absl::StrCat(field, ".name is ",
                                                   Quoted(name, kMaxQuotedBytes),
                                                   "; need letters, digits and '_', '.', '-'"));
  }
  return absl::OkStatus();
}

absl::Status ValidateSpaceConfig(const VectorSpaceConfig& space, absl::string_view field) {
  const auto bad = [&](absl::string_view what, auto got, absl::string_view need) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".", what, " is ", got, "; need ", need));
  };
  TQDB_RETURN_IF_ERROR(ValidateSpaceName(space.name, field));
  const CodecOptions& codec = space.codec;
  if (codec.dim < kMinDim || codec.dim > kMaxDim) {
    return bad("dim", codec.dim, absl::StrCat(kMinDim, " to ", kMaxDim));
  }
  if (codec.metric != Metric::kCosine && codec.metric != Metric::kDot &&
      codec.metric != Metric::kL2) {
    return bad("metric", static_cast<int>(codec.metric), "COSINE, DOT or L2");
  }
  const int bits = codec.code_bits;
  if (!(bits >= 1 && bits <= 4) && bits != 8) return bad("code_bits", bits, "1, 2, 3, 4 or 8");
  if (codec.residual != Residual::kNone && codec.residual != Residual::kQjl) {
    return bad("residual", static_cast<int>(codec.residual), "NONE or QJL");
  }
  if (codec.format_version != CodecOptions().format_version) {
    return bad("format_version", codec.format_version, absl::StrCat(CodecOptions().format_version));
  }
  if (space.centering != Centering::kOff && space.centering != Centering::kAuto) {
    return bad("centering", static_cast<int>(space.centering), "OFF or AUTO");
  }
  if (space.store_vectors != StoreVectors::kNone && space.store_vectors != StoreVectors::kF16 &&
      space.store_vectors != StoreVectors::kF32) {
    return bad("store_vectors", static_cast<int>(space.store_vectors), "NONE, F16 or F32");
  }
  return absl::OkStatus();
}

absl::Status ValidatePayload(absl::string_view payload, size_t i) {
  if (payload.empty()) return absl::OkStatus();
  if (payload.size() > kMaxPayloadBytes) {
    return absl::InvalidArgumentError(absl::StrCat("points[", i, "].payload has ", payload.size(),
                                                   " bytes; at most ", kMaxPayloadBytes,
                                                   " are allowed"));
  }
  if (const size_t depth = JsonDepth(payload); depth > kMaxPayloadDepth) {
    return absl::InvalidArgumentError(absl::StrCat("points[", i, "].payload is nested ", depth,
                                                   " deep; allowed: ", kMaxPayloadDepth));
  }
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(payload);
  if (text.empty() || text[0] != '{' || !nlohmann::json::accept(payload.begin(), payload.end())) {
    return absl::InvalidArgumentError(absl::StrCat("points[", i, "].payload is ",
                                                   Quoted(payload, kMaxQuotedBytes),
                                                   "; need a JSON object in UTF-8"));
  }
  return absl::OkStatus();
}

// That `rows` vectors of one space belong to different ones of the points, all of which are noted
// in `covered`. `points` as in SpaceVectors.
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

// Originals that float16 cannot hold.
absl::Status ValidateHalves(const Space& space, MatrixView rows) {
  for (size_t r = 0; r < rows.rows(); ++r) {
    bool all_zero = true;
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

}  // namespace

absl::Status ValidateCollectionName(absl::string_view name) {
  bool good = !name.empty() && name.size() <= kMaxNameBytes && name[0] != '.';
  for (const char c : name) good &= IsNameCharacter(c);
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("collection name is ", Quoted(name, kMaxQuotedBytes), "; need 1 to ",
                   kMaxNameBytes, " letters, digits, '_', '.' or '-', not starting with '.'"));
}

absl::Status ValidateMetadata(const std::map<std::string, std::string>& metadata) {
  size_t bytes = 0;
  for (const auto& [key, value] : metadata) bytes += key.size() + value.size();
  if (bytes <= kMaxMetadataBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("metadata has ", bytes, " bytes; at most ", kMaxMetadataBytes, " are allowed"));
}

absl::Status ValidateConfig(const CollectionConfig& config) {
  if (config.spaces.empty() || config.spaces.size() > kMaxSpaces) {
    return absl::InvalidArgumentError(absl::StrCat("config has ", config.spaces.size(),
                                                   " vector_spaces; need 1 to ", kMaxSpaces));
  }
  for (size_t i = 0; i < config.spaces.size(); ++i) {
    const std::string field = absl::StrCat("vector_spaces[", i, "]");
    TQDB_RETURN_IF_ERROR(ValidateSpaceConfig(config.spaces[i], field));
    for (size_t j = 0; j < i; ++j) {
      if (config.spaces[j].name == config.spaces[i].name) {
        return absl::InvalidArgumentError(absl::StrCat(field, ".name '", config.spaces[i].name,
                                                       "' is also the name of vector_spaces[", j,
                                                       "]; names must differ"));
      }
    }
  }
  if (config.sparse_spaces.size() > kMaxSpaces) {
    return absl::InvalidArgumentError(absl::StrCat("config has ", config.sparse_spaces.size(),
                                                   " sparse_spaces; at most ", kMaxSpaces,
                                                   " are allowed"));
  }
  absl::flat_hash_set<absl::string_view> names;
  for (const VectorSpaceConfig& space : config.spaces) names.insert(space.name);
  for (size_t i = 0; i < config.sparse_spaces.size(); ++i) {
    const SparseSpaceConfig& space = config.sparse_spaces[i];
    const std::string field = absl::StrCat("sparse_spaces[", i, "]");
    if (space.name.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".name is empty; need one"));
    }
    TQDB_RETURN_IF_ERROR(ValidateSpaceName(space.name, field));
    if (!names.insert(space.name).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".name '", space.name, "' is also the name of another space; names must differ"));
    }
    if (space.modifier != SparseModifier::kNone && space.modifier != SparseModifier::kIdf) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".modifier is ", static_cast<int>(space.modifier), "; need NONE or IDF"));
    }
  }
  return ValidateMetadata(config.metadata);
}

absl::StatusOr<KeyPath> ParseKey(absl::string_view field, absl::string_view key) {
  absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (path.ok()) return path;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", path.status().message()));
}

absl::Status ValidateIdCount(absl::string_view field, size_t count) {
  if (count <= kMaxBatchPoints) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", count, " entries; at most ", kMaxBatchPoints, " are allowed"));
}

absl::Status ValidateDistinctIds(absl::string_view field, absl::Span<const PointId> ids,
                                 absl::string_view member) {
  TQDB_RETURN_IF_ERROR(ValidateIdCount(field, ids.size()));
  absl::flat_hash_set<PointId> distinct;
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

absl::Status ValidateUpsert(const UpsertBatch& batch, const Spaces& spaces,
                            const SparseSpaces& sparse_spaces) {
  const size_t n = batch.ids.size();
  if (n == 0) {
    return absl::InvalidArgumentError(absl::StrCat("points is empty; need 1 to ", kMaxBatchPoints));
  }
  TQDB_RETURN_IF_ERROR(ValidateDistinctIds("points", batch.ids, ".id"));
  if (!batch.payloads.empty() && batch.payloads.size() != n) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch has ", batch.payloads.size(), " payloads for ", n, " points"));
  }
  for (size_t i = 0; i < batch.payloads.size(); ++i) {
    TQDB_RETURN_IF_ERROR(ValidatePayload(batch.payloads[i], i));
  }

  std::vector<bool> covered(n);
  absl::flat_hash_set<const Space*> seen_spaces;
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
    TQDB_RETURN_IF_ERROR(Prefix(space->codec().Validate(vectors.rows), field));
    if (space->config().store_vectors == StoreVectors::kF16) {
      TQDB_RETURN_IF_ERROR(Prefix(ValidateHalves(*space, vectors.rows), field));
    }
  }
  absl::flat_hash_set<absl::string_view> seen_sparse;
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

absl::Status ValidatePageSize(size_t limit) {
  if (limit >= 1 && limit <= kMaxBatchPoints) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("page_size is ", limit, "; need 1 to ", kMaxBatchPoints));
}

namespace {

// Limit, offset and threshold.
absl::Status ValidateRange(const SearchSpec& spec) {
  if (spec.limit < 1 || spec.limit > kMaxTopK) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit is ", spec.limit, "; need 1 to ", kMaxTopK));
  }
  if (spec.offset > kMaxTopK - spec.limit) {
    return absl::InvalidArgumentError(absl::StrCat("offset is ", spec.offset, " and limit ",
                                                   spec.limit, "; they add up to more than ",
                                                   kMaxTopK));
  }
  if (std::isnan(spec.score_threshold)) {
    return absl::InvalidArgumentError("score_threshold is NaN; need a number");
  }
  return absl::OkStatus();
}

}  // namespace

size_t HitsToFind(const SearchSpec& spec) {
  const size_t wanted = spec.limit + spec.offset;
  if (!spec.mmr) return wanted;
  if (spec.mmr->candidates != 0) return spec.mmr->candidates;
  return std::min(kMmrOversampling * wanted, kMaxMmrCandidates);
}

size_t RerankCandidates(const SearchSpec& spec) {
  const double factor = spec.oversampling == 0 ? kDefaultOversampling : spec.oversampling;
  return static_cast<size_t>(std::ceil(static_cast<double>(HitsToFind(spec)) * factor));
}

absl::Status ValidateTermSearch(MatrixView queries, const SearchSpec& spec) {
  if (queries.rows() > 0 || (spec.text && spec.sparse)) {
    return absl::InvalidArgumentError(
        "more than one of vector, sparse and text is set; need one of them");
  }
  TQDB_RETURN_IF_ERROR(ValidateRange(spec));
  if (spec.text) TQDB_RETURN_IF_ERROR(ValidateQueryText(spec.text->text, "text.text"));
  if (spec.sparse) {
    TQDB_RETURN_IF_ERROR(ValidateSparseVector(spec.sparse->view(), "sparse"));
    if (spec.sparse->indices.empty()) {
      return absl::InvalidArgumentError("sparse has no entry, which finds nothing; need one");
    }
  }
  if (spec.exact || spec.rerank || spec.mmr) {
    return absl::InvalidArgumentError(absl::StrCat(spec.mmr     ? "mmr"
                                                   : spec.exact ? "exact"
                                                                : "rerank",
                                                   " is for searches by vector; this is one by ",
                                                   spec.text ? "text" : "a sparse vector"));
  }
  return absl::OkStatus();
}

absl::Status ValidateSearch(MatrixView queries, const SearchSpec& spec, const Space& space) {
  if (queries.rows() == 0 || queries.rows() > kMaxQueries) {
    return absl::InvalidArgumentError(
        absl::StrCat("search has ", queries.rows(), " queries; need 1 to ", kMaxQueries));
  }
  TQDB_RETURN_IF_ERROR(Prefix(space.codec().Validate(queries), "query: "));
  TQDB_RETURN_IF_ERROR(ValidateRange(spec));
  if (spec.mmr) {
    const float diversity = spec.mmr->diversity;
    if (!(diversity >= 0 && diversity <= 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("mmr.diversity is ", diversity, "; need 0 to 1"));
    }
    const size_t wanted = spec.limit + spec.offset, candidates = spec.mmr->candidates;
    if (wanted > kMaxMmrCandidates || candidates > kMaxMmrCandidates ||
        (candidates != 0 && candidates < wanted)) {
      return absl::InvalidArgumentError(
          absl::StrCat("mmr.candidates is ", candidates, "; need limit + offset, ", wanted, ", to ",
                       kMaxMmrCandidates, ", or 0 for ", kMmrOversampling, " times as many"));
    }
  }
  if (!(spec.oversampling == 0 ||
        (spec.oversampling >= 1 && spec.oversampling <= kMaxOversampling))) {
    return absl::InvalidArgumentError(absl::StrCat("oversampling is ", spec.oversampling,
                                                   "; need 1 to ", kMaxOversampling, ", or 0 for ",
                                                   kDefaultOversampling));
  }
  if (!(spec.error_bound >= 0 && spec.error_bound <= kMaxErrorBound)) {
    return absl::InvalidArgumentError(absl::StrCat("error_bound is ", spec.error_bound,
                                                   "; need 0 to ", kMaxErrorBound,
                                                   ", where 0 is the default"));
  }
  if ((spec.exact || spec.rerank) && !space.keeps_originals()) {
    return absl::FailedPreconditionError(
        absl::StrCat(spec.exact ? "exact" : "rerank", " needs original vectors; vector space '",
                     space.config().name, "' has store_vectors NONE"));
  }
  if (spec.rerank && !spec.exact && RerankCandidates(spec) > kMaxCandidates) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rerank of ", HitsToFind(spec), " hits would read ", RerankCandidates(spec),
        " originals; at most ", kMaxCandidates, ": lower limit, offset or oversampling"));
  }
  return absl::OkStatus();
}

}  // namespace tqdb::storage
