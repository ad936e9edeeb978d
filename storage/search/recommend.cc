#include "storage/search/recommend.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

using VectorsOfPoints = absl::flat_hash_map<PointId, std::vector<float>>;
using SparseOfPoints = absl::flat_hash_map<PointId, SparseVector>;

absl::Status CheckCount(const Examples& examples) {
  const size_t count = examples.positive.size() + examples.negative.size() +
                       examples.positive_vectors.size() + examples.negative_vectors.size() +
                       examples.positive_sparse.size() + examples.negative_sparse.size();
  if (count >= 1 && count <= kMaxExamples) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("recommend has ", count,
                                                 " examples; allowed: 1 to ", kMaxExamples,
                                                 ", positive and negative ones together"));
}

// Returns an error for examples of the other kind of space.
absl::Status WrongKind(absl::string_view field, absl::string_view space, absl::string_view kind) {
  return absl::InvalidArgumentError(
      absl::StrCat("recommend.", field, " is set, but '", space, "' is a ", kind));
}

absl::Status NotFound(absl::string_view side, size_t i, const PointId& id,
                      absl::string_view space) {
  return absl::NotFoundError(absl::StrCat("recommend.", side, "[", i, "]: point ", id.ToString(),
                                          " does not exist or has no vector in '", space, "'"));
}

absl::Status CancelOut() {
  return absl::InvalidArgumentError(
      "recommend: the examples cancel out, so there is no direction to search in; leave some out");
}

// Sums the vectors of one side. Sums in double, so that 1,000 examples do not lose bits.
class MeanVector {
 public:
  // With `unit`, each vector is scaled to length 1 first.
  MeanVector(size_t dim, bool unit) : sum_(dim), unit_(unit) {}

  absl::Status Add(absl::string_view side, const std::vector<std::vector<float>>& vectors) {
    for (size_t i = 0; i < vectors.size(); ++i) {
      const std::vector<float>& vector = vectors[i];
      if (vector.size() != sum_.size()) {
        return absl::InvalidArgumentError(absl::StrCat("recommend.", side, "_vectors[", i, "] has ",
                                                       vector.size(), " numbers; need ",
                                                       sum_.size()));
      }
      const bool finite = std::all_of(vector.begin(), vector.end(),
                                      [](float value) { return std::isfinite(value); });
      const bool zero =
          std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; });
      if (!finite || (unit_ && zero)) {
        return absl::InvalidArgumentError(
            absl::StrCat("recommend.", side, "_vectors[", i, "] ",
                         finite ? "is zero; metric COSINE needs a direction"
                                : "has a number that is not finite"));
      }
      Add(vector);
    }
    return absl::OkStatus();
  }
  absl::Status Add(absl::string_view side, const std::vector<PointId>& ids,
                   const VectorsOfPoints& found, absl::string_view space) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto it = found.find(ids[i]);
      if (it == found.end()) return NotFound(side, i, ids[i], space);
      Add(it->second);
    }
    return absl::OkStatus();
  }
  bool empty() const { return count_ == 0; }
  // Returns a coordinate of the mean; that of no vectors is zero.
  double at(size_t d) const { return empty() ? 0 : sum_[d] / static_cast<double>(count_); }

 private:
  // Requires for `unit`: a vector that is not zero. Upserts refuse zero vectors under COSINE.
  void Add(const std::vector<float>& vector) {
    double squares = 0;
    for (const float value : vector) squares += double{value} * value;
    const double length = unit_ ? std::sqrt(squares) : 1;
    for (size_t d = 0; d < sum_.size(); ++d) sum_[d] += vector[d] / length;
    ++count_;
  }

  std::vector<double> sum_;
  size_t count_ = 0;
  const bool unit_;
};

// Adds the mean of one side, times `weight`, to `query`.
absl::Status AddMean(absl::string_view side, const std::vector<PointId>& ids,
                     const std::vector<SparseVector>& vectors, const SparseOfPoints& found,
                     absl::string_view space, double weight, std::map<uint32_t, double>& query) {
  const double factor =
      weight / static_cast<double>(std::max<size_t>(1, ids.size() + vectors.size()));
  const auto add = [&query, factor](const SparseVector& vector) {
    for (size_t i = 0; i < vector.indices.size(); ++i) {
      query[vector.indices[i]] += factor * double{vector.values[i]};
    }
  };
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto it = found.find(ids[i]);
    if (it == found.end()) return NotFound(side, i, ids[i], space);
    add(it->second);
  }
  for (size_t i = 0; i < vectors.size(); ++i) {
    TQDB_RETURN_IF_ERROR(ValidateSparseVector(
        vectors[i].view(), absl::StrCat("recommend.", side, "_sparse[", i, "]")));
    add(vectors[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PointRecord>> ReadExamples(const Collection& collection,
                                                      const Examples& examples,
                                                      std::shared_ptr<const Moment> moment) {
  std::vector<PointId> ids = examples.positive;
  ids.insert(ids.end(), examples.negative.begin(), examples.negative.end());
  if (ids.empty()) return std::vector<PointRecord>();
  return collection.Get(ids, {.payload = false, .vectors = true}, std::move(moment));
}

}  // namespace

absl::StatusOr<std::vector<float>> RecommendVector(const Collection& collection,
                                                   absl::string_view space,
                                                   const Examples& examples,
                                                   std::shared_ptr<const Moment> moment) {
  TQDB_RETURN_IF_ERROR(CheckCount(examples));
  const std::shared_ptr<const CollectionConfig> config = collection.config();
  const auto own = std::find_if(config->spaces.begin(), config->spaces.end(),
                                [space](const VectorSpaceConfig& s) { return s.name == space; });
  if (own == config->spaces.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("vector_name '", space, "' is not in collection '", collection.name(), "'"));
  }
  if (!examples.positive_sparse.empty()) return WrongKind("positive_sparse", space, "vector space");
  if (!examples.negative_sparse.empty()) return WrongKind("negative_sparse", space, "vector space");
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records,
                        ReadExamples(collection, examples, std::move(moment)));
  VectorsOfPoints found;
  for (PointRecord& record : records) {
    for (PointVector& vector : record.vectors) {
      if (vector.name == space) found[record.id] = std::move(vector.values);
    }
  }
  const size_t dim = own->codec.dim;
  const bool unit = own->codec.metric == Metric::kCosine;
  MeanVector positive(dim, unit), negative(dim, unit);
  TQDB_RETURN_IF_ERROR(positive.Add("positive", examples.positive, found, space));
  TQDB_RETURN_IF_ERROR(positive.Add("positive", examples.positive_vectors));
  TQDB_RETURN_IF_ERROR(negative.Add("negative", examples.negative, found, space));
  TQDB_RETURN_IF_ERROR(negative.Add("negative", examples.negative_vectors));
  if (positive.empty() && own->codec.metric == Metric::kL2) {
    return absl::InvalidArgumentError(
        "recommend has negative examples alone; metric L2 needs a positive one, as no vector is "
        "nearest to what is far from others");
  }
  std::vector<float> query(dim);
  bool zero = true;
  for (size_t d = 0; d < dim; ++d) {
    const double away = negative.empty() ? 0 : positive.at(d) - negative.at(d);
    query[d] = static_cast<float>(positive.at(d) + away);
    zero &= query[d] == 0;
  }
  // A zero vector has no direction. Under DOT and L2 it is a valid query.
  if (unit && zero) return CancelOut();
  return query;
}

absl::StatusOr<SparseVector> RecommendSparse(const Collection& collection, absl::string_view space,
                                             const Examples& examples,
                                             std::shared_ptr<const Moment> moment) {
  TQDB_RETURN_IF_ERROR(CheckCount(examples));
  if (!examples.positive_vectors.empty()) {
    return WrongKind("positive_vectors", space, "sparse space");
  }
  if (!examples.negative_vectors.empty()) {
    return WrongKind("negative_vectors", space, "sparse space");
  }
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records,
                        ReadExamples(collection, examples, std::move(moment)));
  SparseOfPoints found;
  for (PointRecord& record : records) {
    for (PointSparseVector& own : record.sparse_vectors) {
      if (own.name == space) found[record.id] = std::move(own.vector);
    }
  }
  const bool has_negative = !examples.negative.empty() || !examples.negative_sparse.empty();
  std::map<uint32_t, double> sum;
  TQDB_RETURN_IF_ERROR(AddMean("positive", examples.positive, examples.positive_sparse, found,
                               space, has_negative ? 2 : 1, sum));
  TQDB_RETURN_IF_ERROR(
      AddMean("negative", examples.negative, examples.negative_sparse, found, space, -1, sum));
  SparseVector query;
  for (const auto& [index, value] : sum) {
    if (static_cast<float>(value) == 0) continue;
    query.indices.push_back(index);
    query.values.push_back(static_cast<float>(value));
  }
  if (query.indices.empty()) return CancelOut();
  TQDB_RETURN_IF_ERROR(ValidateSparseVector(query.view(), "recommend: the sum of the examples"));
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
