#include "server/grpc/convert_sparse.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace tqdb::server {

storage::SparseVectorView SparseFromProto(const v1::SparseVector& proto) {
  return {absl::MakeConstSpan(proto.indices().data(), static_cast<size_t>(proto.indices_size())),
          absl::MakeConstSpan(proto.values().data(), static_cast<size_t>(proto.values_size()))};
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
