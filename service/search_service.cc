#include "service/search_service.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/answer_size.h"
#include "service/float_matrix.h"
#include "service/query_groups.h"
#include "service/request_limits.h"
#include "service/spaces.h"
#include "storage/api/options.h"

namespace tqdb::service {

namespace {

using storage::Collection;
using storage::CollectionConfig;

// Returns whether any of the queries has examples. Their vectors are read before the search, so
// both must see one moment.
bool HaveExamples(absl::Span<const Query> queries) {
  return std::any_of(queries.begin(), queries.end(), [](const Query& query) {
    return std::holds_alternative<storage::Examples>(query.find);
  });
}

// Returns the vectors of queries that share `resolved`, one row each: their own, or the one that
// their examples stand for. No rows when there is no vector space, as for a text. Sets the sparse
// vector of examples of a sparse space.
absl::StatusOr<FloatMatrix> VectorsOf(const Collection& collection, ResolvedQuery& resolved,
                                      absl::Span<const Query* const> queries) {
  const storage::VectorSpaceConfig* space = resolved.space;
  if (space == nullptr) {
    if (const auto* examples = std::get_if<storage::Examples>(&queries[0]->find)) {
      TQDB_ASSIGN_OR_RETURN(resolved.spec.sparse,
                            storage::RecommendSparse(collection, queries[0]->vector_name, *examples,
                                                     resolved.spec.moment));
    }
    return FloatMatrix(0, 1);
  }
  FloatMatrix rows(queries.size(), space->codec.dim);
  for (size_t i = 0; i < queries.size(); ++i) {
    if (const auto* vector = std::get_if<VectorView>(&queries[i]->find)) {
      vector->CopyTo(rows.row(i));
      continue;
    }
    const auto& examples = std::get<storage::Examples>(queries[i]->find);
    TQDB_ASSIGN_OR_RETURN(
        const std::vector<float> values,
        storage::RecommendVector(collection, space->name, examples, resolved.spec.moment));
    std::copy(values.begin(), values.end(), rows.row(i).begin());
  }
  return rows;
}

// Returns the answers of queries that share `resolved`, in one pass.
absl::StatusOr<std::vector<SearchService::Hits>> SearchPass(
    const Collection& collection, ResolvedQuery& resolved, absl::Span<const Query* const> queries) {
  TQDB_ASSIGN_OR_RETURN(const FloatMatrix vectors, VectorsOf(collection, resolved, queries));
  TQDB_ASSIGN_OR_RETURN(std::vector<SearchService::Hits> lists,
                        collection.Search(vectors.view(), resolved.spec));
  // Queries with the same examples of a sparse space share one sparse vector, and its one list.
  while (lists.size() < queries.size()) lists.push_back(lists[0]);
  return lists;
}

// Returns OK when that many hits with their vectors, if these are selected, fit an answer.
absl::Status CheckHits(const CallContext& context, const Collection& collection,
                       const CollectionConfig& config, const storage::Select& select,
                       uint64_t hits) {
  if (!select.vectors) return absl::OkStatus();
  return context.CheckVectorBytes(std::min(hits, collection.Count()), config);
}

}  // namespace

absl::StatusOr<SearchService::Hits> SearchService::Search(const CallContext& context,
                                                          absl::string_view name,
                                                          const Query& query) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(name));
  const std::shared_ptr<const CollectionConfig> config = collection->config();
  TQDB_ASSIGN_OR_RETURN(ResolvedQuery resolved, Resolve(query, *config, "query"));
  TQDB_RETURN_IF_ERROR(
      CheckHits(context, *collection, *config, resolved.spec.select, resolved.spec.limit));
  resolved.spec.select.max_bytes = context.max_answer_bytes();
  resolved.spec.cancelled = context.stop();
  if (HaveExamples({&query, 1})) {
    TQDB_ASSIGN_OR_RETURN(resolved.spec.moment, collection->Now());
  }
  TQDB_ASSIGN_OR_RETURN(std::vector<Hits> lists, SearchPass(*collection, resolved, {&query}));
  metrics_.CountQueries(1);
  TQDB_RETURN_IF_ERROR(context.CheckAnswerBytes(AnswerBytes(lists[0])));
  return std::move(lists[0]);
}

absl::StatusOr<std::vector<SearchService::Hits>> SearchService::SearchBatch(
    const CallContext& context, absl::string_view name, absl::Span<const Query> queries) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(name));
  TQDB_RETURN_IF_ERROR(CheckQueryCount(queries.size()));
  const std::shared_ptr<const CollectionConfig> config = collection->config();
  const uint64_t points = collection->Count();
  uint64_t hits = 0, hits_with_vectors = 0;
  std::vector<ResolvedQuery> resolved;
  for (size_t i = 0; i < queries.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(resolved.emplace_back(),
                          Resolve(queries[i], *config, absl::StrCat("queries[", i, "]")));
    const uint64_t limit = resolved.back().spec.limit;
    hits += limit;
    if (resolved.back().spec.select.vectors) hits_with_vectors += std::min(limit, points);
  }
  if (hits > kMaxBatchHits) {
    return absl::InvalidArgumentError(absl::StrCat("the limits of all queries add up to ", hits,
                                                   "; at most ", kMaxBatchHits, " in one batch"));
  }
  TQDB_RETURN_IF_ERROR(context.CheckVectorBytes(hits_with_vectors, *config));

  std::vector<Hits> answers(queries.size());
  size_t bytes = 0;
  const std::vector<QueryGroup> groups = GroupQueries(queries);
  // One group without examples is one search, which finds a moment by itself.
  std::shared_ptr<const storage::Moment> moment;
  if (groups.size() > 1 || HaveExamples(queries)) {
    TQDB_ASSIGN_OR_RETURN(moment, collection->Now());
  }
  for (const QueryGroup& group : groups) {
    TQDB_RETURN_IF_ERROR(context.Check());
    ResolvedQuery& shared = resolved[group.front()];
    shared.spec.moment = moment;
    shared.spec.select.max_bytes = context.max_answer_bytes() - bytes;
    shared.spec.cancelled = context.stop();
    std::vector<const Query*> members;
    for (const size_t i : group) members.push_back(&queries[i]);
    absl::StatusOr<std::vector<Hits>> lists = SearchPass(*collection, shared, members);
    if (!lists.ok()) {
      return absl::Status(lists.status().code(), absl::StrCat(GroupPath(group, queries.size()),
                                                              ": ", lists.status().message()));
    }
    for (size_t i = 0; i < group.size(); ++i) {
      Hits& answer = answers[group[i]];
      answer = std::move((*lists)[i]);
      bytes += NestedBytes(AnswerBytes(answer));
    }
    TQDB_RETURN_IF_ERROR(context.CheckAnswerBytes(bytes));
  }
  metrics_.CountQueries(queries.size());
  return answers;
}

absl::StatusOr<std::vector<storage::PointGroup>> SearchService::SearchGroups(
    const CallContext& context, absl::string_view name, const Query& query,
    storage::GroupSpec groups) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(name));
  const std::shared_ptr<const CollectionConfig> config = collection->config();
  TQDB_ASSIGN_OR_RETURN(ResolvedQuery resolved, Resolve(query, *config, "query"));
  if (groups.key.empty()) {
    return absl::InvalidArgumentError("group_by is empty; need a payload key");
  }
  groups.limit = resolved.spec.limit;
  groups.offset = resolved.spec.offset;
  TQDB_RETURN_IF_ERROR(CheckHits(context, *collection, *config, resolved.spec.select,
                                 groups.limit * groups.group_size));
  TQDB_ASSIGN_OR_RETURN(resolved.spec.moment, collection->Now());
  TQDB_ASSIGN_OR_RETURN(const FloatMatrix vector, VectorsOf(*collection, resolved, {&query}));
  resolved.spec.select.max_bytes = context.max_answer_bytes();
  resolved.spec.cancelled = context.stop();
  TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointGroup> found,
                        storage::SearchGroups(*collection, vector.view(), resolved.spec, groups));
  metrics_.CountQueries(1);
  TQDB_RETURN_IF_ERROR(context.CheckAnswerBytes(AnswerBytes(found)));
  return found;
}

absl::StatusOr<SearchService::Hits> SearchService::SearchHybrid(const CallContext& context,
                                                                absl::string_view name,
                                                                absl::Span<const HybridQuery> parts,
                                                                storage::HybridSpec spec) const {
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection,
                        database_.GetCollection(name));
  TQDB_RETURN_IF_ERROR(CheckPartCount(parts.size()));
  const std::shared_ptr<const CollectionConfig> config = collection->config();
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<const storage::Moment> moment, collection->Now());
  std::vector<FloatMatrix> vectors;  // a matrix that moves keeps its rows in place
  std::vector<storage::HybridPart> searches;
  for (size_t i = 0; i < parts.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(ResolvedQuery resolved,
                          Resolve(parts[i].query, *config, absl::StrCat("parts[", i, "].query")));
    resolved.spec.moment = moment;
    TQDB_ASSIGN_OR_RETURN(vectors.emplace_back(),
                          VectorsOf(*collection, resolved, {&parts[i].query}));
    resolved.spec.cancelled = context.stop();
    searches.push_back({vectors.back().view(), std::move(resolved.spec), parts[i].weight});
  }
  TQDB_RETURN_IF_ERROR(CheckHits(context, *collection, *config, spec.select, spec.limit));
  spec.select.max_bytes = context.max_answer_bytes();
  TQDB_ASSIGN_OR_RETURN(Hits hits, storage::SearchHybrid(*collection, searches, spec));
  metrics_.CountQueries(parts.size());
  TQDB_RETURN_IF_ERROR(context.CheckAnswerBytes(AnswerBytes(hits)));
  return hits;
}

}  // namespace tqdb::service
