#include "storage/search/recommend.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

// Returns the mean (dim) of the vectors of `ids`, each scaled to length 1 first if `unit`. `side`
// and `space` are for the message of NotFound: a point of `ids` that is not in `found`. Sums in
// double, so that 1,000 examples do not lose bits. The mean of no vectors is zero.
absl::StatusOr<std::vector<double>> MeanVector(
    const absl::flat_hash_map<PointId, std::vector<float>>& found, const std::vector<PointId>& ids,
    absl::string_view side, absl::string_view space, size_t dim, bool unit) {
  std::vector<double> mean(dim);
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto it = found.find(ids[i]);
    if (it == found.end()) {
      return absl::NotFoundError(absl::StrCat("recommend.", side, "[", i, "]: point ",
                                              ids[i].ToString(),
                                              " does not exist or has no vector in '", space, "'"));
    }
    // Requires for `unit`: a vector that is not zero. Upserts refuse zero vectors under COSINE.
    double squares = 0;
    for (const float value : it->second) squares += double{value} * value;
    const double length = unit ? std::sqrt(squares) : 1;
    for (size_t d = 0; d < dim; ++d)
      mean[d] += it->second[d] / length / static_cast<double>(ids.size());
  }
  return mean;
}

}  // namespace

absl::StatusOr<std::vector<float>> RecommendVector(const Collection& collection,
                                                   absl::string_view space,
                                                   const Examples& examples,
                                                   std::shared_ptr<const Moment> moment) {
  const size_t count = examples.positive.size() + examples.negative.size();
  if (examples.positive.empty() || count > kMaxExamples) {
    return absl::InvalidArgumentError(absl::StrCat(
        "recommend has ", examples.positive.size(), " positive and ", examples.negative.size(),
        " negative ids; need a positive one, and at most ", kMaxExamples, " altogether"));
  }
  const std::shared_ptr<const CollectionConfig> config = collection.config();
  const auto own = std::find_if(config->spaces.begin(), config->spaces.end(),
                                [space](const VectorSpaceConfig& s) { return s.name == space; });
  if (own == config->spaces.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("vector_name '", space, "' is not in collection '", collection.name(), "'"));
  }
  std::vector<PointId> ids = examples.positive;
  ids.insert(ids.end(), examples.negative.begin(), examples.negative.end());
  TQDB_ASSIGN_OR_RETURN(
      std::vector<PointRecord> records,
      collection.Get(ids, {.payload = false, .vectors = true}, std::move(moment)));
  absl::flat_hash_map<PointId, std::vector<float>> found;
  for (PointRecord& record : records) {
    for (PointVector& vector : record.vectors) {
      if (vector.name == space) found[record.id] = std::move(vector.values);
    }
  }
  const size_t dim = own->codec.dim;
  const bool unit = own->codec.metric == Metric::kCosine;
  TQDB_ASSIGN_OR_RETURN(std::vector<double> positive,
                        MeanVector(found, examples.positive, "positive", space, dim, unit));
  TQDB_ASSIGN_OR_RETURN(const std::vector<double> negative,
                        MeanVector(found, examples.negative, "negative", space, dim, unit));
  std::vector<float> query(dim);
  bool zero = true;
  for (size_t d = 0; d < dim; ++d) {
    const double away = examples.negative.empty() ? 0 : positive[d] - negative[d];
    query[d] = static_cast<float>(positive[d] + away);
    zero &= query[d] == 0;
  }
  // A zero vector has no direction. Under DOT and L2 it is a valid query.
  if (unit && zero) {
    return absl::InvalidArgumentError("recommend: positive and negative examples cancel out");
  }
  return query;
}

SharedFilter WithoutExamples(const SharedFilter& filter, const Examples& examples) {
  HasId ids{examples.positive};
  ids.ids.insert(ids.ids.end(), examples.negative.begin(), examples.negative.end());
  Filter without;
  without.must_not.push_back({std::move(ids)});
  if (filter) without.must.push_back({*filter});
  return without;
}

}  // namespace tqdb::storage
