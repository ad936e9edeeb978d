#include "server/grpc/convert_sparse.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"

namespace tqdb::server {

namespace {

storage::SparseVectorView ViewOf(const v1::SparseVector& proto) {
  return {absl::MakeConstSpan(proto.indices().data(), static_cast<size_t>(proto.indices_size())),
          absl::MakeConstSpan(proto.values().data(), static_cast<size_t>(proto.values_size()))};
}

// Whether there is anything to sort, and a value for each index to go along with it.
bool NeedsSorting(const storage::SparseVectorView& vector) {
  return vector.indices.size() == vector.values.size() &&
         !std::is_sorted(vector.indices.begin(), vector.indices.end());
}

storage::SparseVector Sorted(const storage::SparseVectorView& vector) {
  std::vector<size_t> order(vector.indices.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return vector.indices[a] < vector.indices[b]; });
  storage::SparseVector sorted;
  for (const size_t i : order) {
    sorted.indices.push_back(vector.indices[i]);
    sorted.values.push_back(vector.values[i]);
  }
  return sorted;
}

}  // namespace

storage::SparseVector SparseFromProto(const v1::SparseVector& proto) {
  const storage::SparseVectorView view = ViewOf(proto);
  if (NeedsSorting(view)) return Sorted(view);
  return {{view.indices.begin(), view.indices.end()}, {view.values.begin(), view.values.end()}};
}

absl::Status CheckSparseSpace(const storage::CollectionConfig& config, absl::string_view name,
                              const std::string& field) {
  std::string known;
  for (const storage::SparseSpaceConfig& space : config.sparse_spaces) {
    if (space.name == name) return absl::OkStatus();
    absl::StrAppend(&known, known.empty() ? "" : ", ", SpaceName(space.name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", SpaceName(name), "; the collection has ",
                   known.empty() ? "no sparse spaces" : absl::StrCat("the sparse spaces ", known)));
}

absl::StatusOr<std::vector<storage::SparseSpaceVectors>> SparseVectorsFromProto(
    const google::protobuf::RepeatedPtrField<v1::Point>& points,
    const storage::CollectionConfig& config, std::vector<storage::SparseVector>& sorted) {
  std::vector<storage::SparseSpaceVectors> spaces;
  for (int i = 0; i < points.size(); ++i) {
    for (int v = 0; v < points[i].sparse_vectors_size(); ++v) {
      const v1::NamedSparseVector& named = points[i].sparse_vectors(v);
      const auto field = [i, v] {
        return absl::StrCat("points[", i, "].sparse_vectors[", v, "].name");
      };
      auto space = std::find_if(
          spaces.begin(), spaces.end(),
          [&named](const storage::SparseSpaceVectors& s) { return s.name == named.name(); });
      if (space == spaces.end()) {
        TQDB_RETURN_IF_ERROR(CheckSparseSpace(config, named.name(), field()));
        space = spaces.insert(spaces.end(), {named.name(), {}, {}});
      }
      if (!space->points.empty() && space->points.back() == static_cast<uint32_t>(i)) {
        return absl::InvalidArgumentError(absl::StrCat(field(), " is ", SpaceName(named.name()),
                                                       " for the second time in one point"));
      }
      storage::SparseVectorView view = ViewOf(named.vector());
      // A vector that moves keeps its elements in place.
      if (NeedsSorting(view)) view = sorted.emplace_back(Sorted(view)).view();
      space->rows.push_back(view);
      space->points.push_back(static_cast<uint32_t>(i));
    }
  }
  return spaces;
}

void SparseVectorsToProto(const std::vector<storage::PointSparseVector>& vectors,
                          google::protobuf::RepeatedPtrField<v1::NamedSparseVector>* proto) {
  for (const storage::PointSparseVector& own : vectors) {
    v1::NamedSparseVector* named = proto->Add();
    named->set_name(own.name);
    named->mutable_vector()->mutable_indices()->Add(own.vector.indices.begin(),
                                                    own.vector.indices.end());
    named->mutable_vector()->mutable_values()->Add(own.vector.values.begin(),
                                                   own.vector.values.end());
  }
}

absl::StatusOr<storage::SparseSpaceConfig> SparseSpaceFromProto(const v1::SparseSpaceConfig& proto,
                                                                const std::string& field) {
  switch (proto.modifier()) {
    case v1::SPARSE_MODIFIER_UNSPECIFIED:
    case v1::SPARSE_MODIFIER_NONE:
      return storage::SparseSpaceConfig{proto.name(), storage::SparseModifier::kNone};
    case v1::SPARSE_MODIFIER_IDF:
      return storage::SparseSpaceConfig{proto.name(), storage::SparseModifier::kIdf};
    default:
      return absl::InvalidArgumentError(absl::StrCat(field, ".modifier is ", proto.modifier(),
                                                     "; allowed: 0 or 1 (NONE), 2 (IDF)"));
  }
}

void SparseSpaceToProto(const storage::SparseSpaceConfig& space, v1::SparseSpaceConfig* proto) {
  proto->set_name(space.name);
  proto->set_modifier(space.modifier == storage::SparseModifier::kIdf ? v1::SPARSE_MODIFIER_IDF
                                                                      : v1::SPARSE_MODIFIER_NONE);
}

}  // namespace tqdb::server
