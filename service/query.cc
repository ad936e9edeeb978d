#include "service/query.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/spaces.h"
#include "service/sparse_order.h"

namespace tqdb::service {

namespace {

// Returns whether two queries ask for the same parts of payloads.
bool SameParts(const storage::Select& a, const storage::Select& b) {
  if (a.parts == nullptr || b.parts == nullptr) return a.parts == b.parts;
  return *a.parts == *b.parts;
}

}  // namespace

absl::StatusOr<ResolvedQuery> Resolve(const Query& query, const storage::CollectionConfig& config,
                                      const std::string& field) {
  const size_t limit = query.spec.limit;
  if (limit == 0 || limit > storage::kMaxTopK) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".limit is ", limit, "; allowed: 1..", storage::kMaxTopK));
  }
  const auto name_field = [&field] { return absl::StrCat(field, ".vector_name"); };
  ResolvedQuery resolved;
  resolved.spec = query.spec;
  if (const auto* text = std::get_if<storage::TextQuery>(&query.find)) {
    if (!query.vector_name.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(name_field(), " is set; text has no vector"));
    }
    resolved.spec.text = *text;
    return resolved;
  }
  resolved.spec.space = query.vector_name;
  if (const auto* sparse = std::get_if<storage::SparseVector>(&query.find)) {
    TQDB_RETURN_IF_ERROR(CheckSparseSpace(config, query.vector_name, name_field));
    resolved.spec.sparse = NeedsSorting(sparse->view()) ? Sorted(sparse->view()) : *sparse;
    return resolved;
  }
  if (const auto* examples = std::get_if<storage::Examples>(&query.find)) {
    resolved.spec.filter = storage::WithoutExamples(resolved.spec.filter, *examples);
    const bool sparse = std::any_of(
        config.sparse_spaces.begin(), config.sparse_spaces.end(),
        [&query](const storage::SparseSpaceConfig& s) { return s.name == query.vector_name; });
    if (sparse) return resolved;
  }
  TQDB_ASSIGN_OR_RETURN(resolved.space, FindSpace(config, query.vector_name, name_field));
  if (const auto* vector = std::get_if<VectorView>(&query.find)) {
    TQDB_RETURN_IF_ERROR(
        vector->Check(*resolved.space, [&field] { return absl::StrCat(field, ".vector"); }));
  }
  return resolved;
}

bool CanShareAPass(const Query& a, const Query& b) {
  if (a.find.index() != b.find.index() || a.vector_name != b.vector_name) return false;
  if (const auto* examples = std::get_if<storage::Examples>(&a.find)) {
    if (*examples != std::get<storage::Examples>(b.find)) return false;
  } else if (!std::holds_alternative<VectorView>(a.find)) {
    return false;
  }
  return a.spec.limit == b.spec.limit && a.spec.offset == b.spec.offset &&
         a.spec.mmr == b.spec.mmr && a.spec.score_threshold == b.spec.score_threshold &&
         a.spec.exact == b.spec.exact && a.spec.rerank == b.spec.rerank &&
         a.spec.oversampling == b.spec.oversampling && a.spec.error_bound == b.spec.error_bound &&
         a.spec.filter == b.spec.filter && a.spec.select.payload == b.spec.select.payload &&
         a.spec.select.vectors == b.spec.select.vectors && SameParts(a.spec.select, b.spec.select);
}

}  // namespace tqdb::service
