#include "server/grpc/convert_collection.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_sparse.h"

namespace tqdb::server {

namespace {

// Returns the number, or the largest int for one that does not fit. Storage refuses that one, and
// its message names the field.
int ToInt(uint32_t value) {
  return static_cast<int>(std::min<uint32_t>(value, std::numeric_limits<int>::max()));
}

absl::StatusOr<storage::VectorSpaceConfig> SpaceFromProto(const v1::VectorSpaceConfig& proto,
                                                          int index) {
  const auto field = [index](const char* name) {
    return [index, name] { return absl::StrCat("config.vector_spaces[", index, "].", name); };
  };
  storage::VectorSpaceConfig space;
  space.name = proto.name();
  space.codec.dim = proto.dim();
  TQDB_ASSIGN_OR_RETURN(space.codec.metric, MetricFromProto(proto.metric(), field("metric")));
  if (proto.code_bits() != 0) space.codec.code_bits = ToInt(proto.code_bits());
  TQDB_ASSIGN_OR_RETURN(space.codec.residual,
                        ResidualFromProto(proto.residual(), field("residual")));
  TQDB_ASSIGN_OR_RETURN(space.centering, CenteringFromProto(proto.centering(), field("centering")));
  TQDB_ASSIGN_OR_RETURN(space.store_vectors,
                        StoreVectorsFromProto(proto.store_vectors(), field("store_vectors")));
  if (proto.seed() != 0) space.codec.seed = proto.seed();
  return space;
}

v1::CollectionStatus StatusToProto(storage::CollectionStatus status) {
  switch (status) {
    case storage::CollectionStatus::kReady: return v1::COLLECTION_STATUS_READY;
    case storage::CollectionStatus::kReadOnly: return v1::COLLECTION_STATUS_READ_ONLY;
    case storage::CollectionStatus::kQuarantined: return v1::COLLECTION_STATUS_QUARANTINED;
    case storage::CollectionStatus::kUnavailable: return v1::COLLECTION_STATUS_UNAVAILABLE;
  }
  return v1::COLLECTION_STATUS_UNSPECIFIED;
}

double PerPoint(uint64_t bytes, uint64_t points) {
  return points == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(points);
}

}  // namespace

std::map<std::string, std::string> MetadataFromProto(
    const google::protobuf::Map<std::string, std::string>& proto) {
  return {proto.begin(), proto.end()};
}

absl::StatusOr<storage::CollectionConfig> ConfigFromProto(const v1::CollectionConfig& proto) {
  storage::CollectionConfig config;
  config.spaces.reserve(static_cast<size_t>(proto.vector_spaces_size()));
  for (int i = 0; i < proto.vector_spaces_size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(storage::VectorSpaceConfig space,
                          SpaceFromProto(proto.vector_spaces(i), i));
    config.spaces.push_back(std::move(space));
  }
  for (int i = 0; i < proto.sparse_spaces_size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(config.sparse_spaces.emplace_back(),
                          SparseSpaceFromProto(proto.sparse_spaces(i),
                                               absl::StrCat("config.sparse_spaces[", i, "]")));
  }
  config.metadata = MetadataFromProto(proto.metadata());
  return config;
}

void ConfigToProto(const storage::CollectionConfig& config, v1::CollectionConfig* proto) {
  for (const storage::VectorSpaceConfig& space : config.spaces) {
    v1::VectorSpaceConfig* out = proto->add_vector_spaces();
    out->set_name(space.name);
    out->set_dim(static_cast<uint32_t>(space.codec.dim));
    out->set_metric(MetricToProto(space.codec.metric));
    out->set_code_bits(static_cast<uint32_t>(space.codec.code_bits));
    out->set_residual(ResidualToProto(space.codec.residual));
    out->set_centering(CenteringToProto(space.centering));
    out->set_store_vectors(StoreVectorsToProto(space.store_vectors));
    out->set_seed(space.codec.seed);
  }
  for (const storage::SparseSpaceConfig& space : config.sparse_spaces) {
    SparseSpaceToProto(space, proto->add_sparse_spaces());
  }
  proto->mutable_metadata()->insert(config.metadata.begin(), config.metadata.end());
}

absl::StatusOr<storage::FieldKind> FieldKindFromProto(v1::PayloadIndexKind kind) {
  switch (kind) {
    case v1::PAYLOAD_INDEX_KIND_KEYWORD: return storage::FieldKind::kKeyword;
    case v1::PAYLOAD_INDEX_KIND_INTEGER: return storage::FieldKind::kInteger;
    case v1::PAYLOAD_INDEX_KIND_FLOAT: return storage::FieldKind::kFloat;
    case v1::PAYLOAD_INDEX_KIND_BOOL: return storage::FieldKind::kBool;
    case v1::PAYLOAD_INDEX_KIND_DATETIME: return storage::FieldKind::kDatetime;
    case v1::PAYLOAD_INDEX_KIND_TEXT: return storage::FieldKind::kText;
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "kind is ", kind,
          "; allowed: 1 (KEYWORD), 2 (INTEGER), 3 (FLOAT), 4 (BOOL), 5 (DATETIME), 6 (TEXT)"));
  }
}

void PayloadIndexToProto(const storage::PayloadIndexInfo& info, v1::PayloadIndexInfo* proto) {
  proto->set_key(info.key);
  // Both enumerations have the same numbers; FieldKindFromProto lists them in pairs.
  proto->set_kind(static_cast<v1::PayloadIndexKind>(info.kind));
  proto->set_points(info.points);
  proto->set_memory_bytes(info.memory_bytes);
  proto->set_ready(info.ready);
  proto->set_unheld_points(info.unheld_points);
}

void InfoToProto(const storage::CollectionInfo& info, v1::CollectionInfo* proto) {
  proto->set_name(info.name);
  ConfigToProto(info.config, proto->mutable_config());
  proto->set_status(StatusToProto(info.status));
  proto->set_error(info.error);
  proto->set_points(info.points);
  proto->set_sequence(info.sequence);
  proto->set_digest(info.digest);
  proto->set_kept_rows(info.kept_rows);
  proto->set_disk_bytes(info.disk_bytes);
  proto->set_memory_bytes(info.memory_bytes);
  proto->set_write_buffer_bytes(info.write_buffer_bytes);
  proto->set_disk_bytes_per_point(PerPoint(info.disk_bytes, info.points));
  proto->set_memory_bytes_per_point(PerPoint(info.memory_bytes, info.points));
  for (const storage::PayloadIndexInfo& index : info.payload_indexes) {
    PayloadIndexToProto(index, proto->add_payload_indexes());
  }
  for (const storage::SparseSpaceInfo& space : info.sparse_spaces) {
    v1::SparseSpaceInfo* out = proto->add_sparse_spaces();
    out->set_name(space.name);
    out->set_rows(space.rows);
    out->set_memory_bytes(space.memory_bytes);
  }
  for (const storage::SpaceInfo& space : info.spaces) {
    v1::VectorSpaceInfo* out = proto->add_vector_spaces();
    out->set_name(space.name);
    out->set_rows(space.rows);
    out->set_memory_bytes(space.memory_bytes);
    out->set_code_bytes(static_cast<uint32_t>(space.code_bytes));
    out->set_mean_versions(space.mean_versions);
    out->set_current_mean_version(space.current_mean_version);
    out->set_rows_under_current_mean(space.rows_under_current_mean);
    const auto config = std::find_if(
        info.config.spaces.begin(), info.config.spaces.end(),
        [&space](const storage::VectorSpaceConfig& c) { return c.name == space.name; });
    if (config == info.config.spaces.end() || space.code_bytes == 0) continue;
    const double dim = static_cast<double>(config->codec.dim);
    const double code_bytes = static_cast<double>(space.code_bytes);
    out->set_bits_per_dim(8 * code_bytes / dim);
    out->set_ratio_to_f32(sizeof(float) * dim / code_bytes);
  }
}

}  // namespace tqdb::server
