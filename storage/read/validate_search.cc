#include "storage/read/validate_search.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/read/candidates.h"
#include "storage/sparse/bm25_index.h"

namespace tqdb::storage {

namespace {

// Widest error bound of a scan, in standard deviations. The default is 3 (core/scan/scan.h). Beyond
// this bound practically no row is ruled out, so a scan would only become slower.
constexpr double kMaxErrorBound = 10;

absl::Status Prefix(const absl::Status& status, absl::string_view prefix) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(prefix, status.message()));
}

// Checks limit, offset and threshold.
absl::Status ValidateRange(const SearchSpec& spec) {
  if (spec.limit < 1 || spec.limit > kMaxTopK) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit is ", spec.limit, "; need 1 to ", kMaxTopK));
  }
  // A difference and not a sum: limit + offset of a caller could overflow and look small.
  if (spec.offset > kMaxTopK - spec.limit) {
    return absl::InvalidArgumentError(absl::StrCat("offset is ", spec.offset, " and limit ",
                                                   spec.limit, "; they add up to more than ",
                                                   kMaxTopK));
  }
  // Infinite thresholds are allowed, as minus infinity is the default. NaN would compare as false
  // with every score, so each stage would treat it in its own way.
  if (std::isnan(spec.score_threshold)) {
    return absl::InvalidArgumentError("score_threshold is NaN; need a number");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidatePageSize(size_t limit) {
  if (limit >= 1 && limit <= kMaxBatchPoints) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("page_size is ", limit, "; need 1 to ", kMaxBatchPoints));
}

absl::Status ValidateTermSearch(MatrixView queries, const SearchSpec& spec) {
  if (queries.rows() > 0 || (spec.text && spec.sparse)) {
    return absl::InvalidArgumentError(
        "more than one of vector, sparse and text is set; need one of them");
  }
  TQDB_RETURN_IF_ERROR(ValidateRange(spec));
  if (spec.text) TQDB_RETURN_IF_ERROR(ValidateQueryText(spec.text->text, "text.text"));
  // A text without words and a vector without entries are no faults of the caller, who passes on
  // what users type. They find nothing.
  if (spec.sparse) TQDB_RETURN_IF_ERROR(ValidateSparseVector(spec.sparse->view(), "sparse"));
  // A search by terms is exact already. The settings are refused rather than ignored, because a
  // caller who sets one expects it to do something.
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
    // Written as a negation, here and below, so that NaN is refused like a number out of range.
    if (!(diversity >= 0 && diversity <= 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("mmr.diversity is ", diversity, "; need 0 to 1"));
    }
    // The choice compares pairs of candidates, so its cost grows with limit * candidates. Its bound
    // is lower than that of an ordinary search for this reason.
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
  // This is about the collection and not about the request alone, hence another status code.
  if ((spec.exact || spec.rerank) && !space.keeps_originals()) {
    return absl::FailedPreconditionError(
        absl::StrCat(spec.exact ? "exact" : "rerank", " needs original vectors; vector space '",
                     space.config().name, "' has store_vectors NONE"));
  }
  // An exact search scores all originals, so a rerank of its hits would change nothing and is not
  // done.
  if (spec.rerank && !spec.exact && RerankCandidates(spec, HitsToFind(spec)) > kMaxCandidates) {
    return absl::InvalidArgumentError(
        absl::StrCat("rerank of ", HitsToFind(spec), " hits would read ",
                     RerankCandidates(spec, HitsToFind(spec)), " originals; at most ",
                     kMaxCandidates, ": lower limit, offset or oversampling"));
  }
  return absl::OkStatus();
}

}  // namespace tqdb::storage
