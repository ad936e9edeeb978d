#include "client/cpp/convert.h"

#include <bit>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/float16.h"

namespace tqdb::client {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors travel as little-endian bytes");

// Returns the coordinates of a vector in any of the three forms. The server sends float32, but
// other versions may send the others.
absl::StatusOr<std::vector<float>> VectorFromProto(const v1::Vector& vector) {
  switch (vector.form_case()) {
    case v1::Vector::kF32: {
      const std::string& bytes = vector.f32();
      if (bytes.size() % sizeof(float) != 0) {
        return absl::DataLossError(
            absl::StrCat("the server sent a float32 vector of ", bytes.size(), " bytes"));
      }
      std::vector<float> values(bytes.size() / sizeof(float));
      std::memcpy(values.data(), bytes.data(), bytes.size());
      return values;
    }
    case v1::Vector::kF16: {
      const std::string& bytes = vector.f16();
      if (bytes.size() % sizeof(uint16_t) != 0) {
        return absl::DataLossError(
            absl::StrCat("the server sent a float16 vector of ", bytes.size(), " bytes"));
      }
      std::vector<float> values(bytes.size() / sizeof(uint16_t));
      for (size_t i = 0; i < values.size(); ++i) {
        uint16_t half;
        std::memcpy(&half, bytes.data() + i * sizeof(half), sizeof(half));
        values[i] = HalfToFloat(half);
      }
      return values;
    }
    case v1::Vector::kValues:
      return std::vector<float>(vector.values().values().begin(), vector.values().values().end());
    case v1::Vector::FORM_NOT_SET: break;
  }
  return absl::DataLossError("the server sent a vector without values");
}

absl::StatusOr<std::vector<NamedVector>> VectorsFromProto(
    const google::protobuf::RepeatedPtrField<v1::NamedVector>& vectors) {
  std::vector<NamedVector> out;
  out.reserve(static_cast<size_t>(vectors.size()));
  for (const v1::NamedVector& vector : vectors) {
    absl::StatusOr<std::vector<float>> values = VectorFromProto(vector.vector());
    if (!values.ok()) return values.status();
    out.push_back({vector.name(), *std::move(values)});
  }
  return out;
}

absl::StatusOr<std::vector<NamedSparseVector>> VectorsFromProto(
    const google::protobuf::RepeatedPtrField<v1::NamedSparseVector>& vectors) {
  std::vector<NamedSparseVector> out;
  out.reserve(static_cast<size_t>(vectors.size()));
  for (const v1::NamedSparseVector& named : vectors) {
    const v1::SparseVector& vector = named.vector();
    if (vector.indices_size() != vector.values_size()) {
      return absl::DataLossError(absl::StrCat("the server sent a sparse vector of ",
                                              vector.indices_size(), " indices and ",
                                              vector.values_size(), " values"));
    }
    out.push_back({named.name(),
                   {{vector.indices().begin(), vector.indices().end()},
                    {vector.values().begin(), vector.values().end()}}});
  }
  return out;
}

// The enums of types.h have the numbers of the protocol, so they are converted by casts. The
// asserts look at the last enumerator of each. A number that this version does not know stays as it
// is, and its name is "unknown".
static_assert(static_cast<int>(Metric::kL2) == v1::METRIC_L2);
static_assert(static_cast<int>(Residual::kQjl) == v1::RESIDUAL_QJL);
static_assert(static_cast<int>(Centering::kAuto) == v1::CENTERING_AUTO);
static_assert(static_cast<int>(StoreVectors::kF32) == v1::STORE_VECTORS_F32);
static_assert(static_cast<int>(Durability::kAsync) == v1::DURABILITY_ASYNC);
static_assert(static_cast<int>(CollectionStatus::kUnavailable) ==
              v1::COLLECTION_STATUS_UNAVAILABLE);
static_assert(static_cast<int>(PayloadIndexKind::kText) == v1::PAYLOAD_INDEX_KIND_TEXT);
static_assert(static_cast<int>(SparseModifier::kIdf) == v1::SPARSE_MODIFIER_IDF);

CollectionConfig ConfigFromProto(const v1::CollectionConfig& config) {
  CollectionConfig out;
  out.metadata = {config.metadata().begin(), config.metadata().end()};
  for (const v1::VectorSpaceConfig& space : config.vector_spaces()) {
    out.vector_spaces.push_back({
        .name = space.name(),
        .dim = space.dim(),
        .metric = static_cast<Metric>(space.metric()),
        .code_bits = space.code_bits(),
        .residual = static_cast<Residual>(space.residual()),
        .centering = static_cast<Centering>(space.centering()),
        .store_vectors = static_cast<StoreVectors>(space.store_vectors()),
        .seed = space.seed(),
    });
  }
  for (const v1::SparseSpaceConfig& space : config.sparse_spaces()) {
    out.sparse_spaces.push_back({space.name(), static_cast<SparseModifier>(space.modifier())});
  }
  return out;
}

}  // namespace

void ToProto(const PointId& id, v1::PointId* out) {
  if (id.is_uuid()) {
    out->set_uuid(id.uuid());
  } else {
    out->set_number(id.number());
  }
}

void VectorToProto(const std::vector<float>& values, v1::Vector* out) {
  out->mutable_f32()->assign(reinterpret_cast<const char*>(values.data()),
                             values.size() * sizeof(float));
}

void ToProto(const SparseVector& vector, v1::SparseVector* out) {
  out->mutable_indices()->Assign(vector.indices.begin(), vector.indices.end());
  out->mutable_values()->Assign(vector.values.begin(), vector.values.end());
}

void ToProto(const Point& point, v1::Point* out) {
  ToProto(point.id, out->mutable_id());
  for (const NamedVector& vector : point.vectors) {
    v1::NamedVector* named = out->add_vectors();
    named->set_name(vector.name);
    VectorToProto(vector.values, named->mutable_vector());
  }
  for (const NamedSparseVector& vector : point.sparse_vectors) {
    v1::NamedSparseVector* named = out->add_sparse_vectors();
    named->set_name(vector.name);
    ToProto(vector.vector, named->mutable_vector());
  }
  out->set_payload(point.payload);
}

void ToProto(const CollectionConfig& config, v1::CollectionConfig* out) {
  out->mutable_metadata()->insert(config.metadata.begin(), config.metadata.end());
  for (const VectorSpaceConfig& space : config.vector_spaces) {
    v1::VectorSpaceConfig* proto = out->add_vector_spaces();
    proto->set_name(space.name);
    proto->set_dim(space.dim);
    proto->set_metric(static_cast<v1::Metric>(space.metric));
    proto->set_code_bits(space.code_bits);
    proto->set_residual(static_cast<v1::Residual>(space.residual));
    proto->set_centering(static_cast<v1::Centering>(space.centering));
    proto->set_store_vectors(static_cast<v1::StoreVectors>(space.store_vectors));
    proto->set_seed(space.seed);
  }
  for (const SparseSpaceConfig& space : config.sparse_spaces) {
    v1::SparseSpaceConfig* proto = out->add_sparse_spaces();
    proto->set_name(space.name);
    proto->set_modifier(static_cast<v1::SparseModifier>(space.modifier));
  }
}

void ToProto(const Select& select, v1::PointSelector* out) {
  out->set_with_payload(select.payload);
  out->set_with_vectors(select.vectors);
  out->mutable_payload_include()->Assign(select.payload_include.begin(),
                                         select.payload_include.end());
  out->mutable_payload_exclude()->Assign(select.payload_exclude.begin(),
                                         select.payload_exclude.end());
}

v1::UpsertMode ToProto(UpsertMode mode) { return static_cast<v1::UpsertMode>(mode); }

v1::Durability ToProto(Durability durability) { return static_cast<v1::Durability>(durability); }

UpsertResult FromProto(const v1::UpsertResponse& response) {
  return {response.inserted(), response.replaced(), response.skipped()};
}

absl::StatusOr<PointId> FromProto(const v1::PointId& id) {
  switch (id.kind_case()) {
    case v1::PointId::kNumber: return PointId::Number(id.number());
    case v1::PointId::kUuid: {
      absl::StatusOr<PointId> uuid = PointId::Uuid(id.uuid());
      if (!uuid.ok())
        return absl::DataLossError(absl::StrCat("from the server: ", uuid.status().message()));
      return uuid;
    }
    case v1::PointId::KIND_NOT_SET: break;
  }
  return absl::DataLossError("the server sent a point without an id");
}

absl::StatusOr<Point> FromProto(v1::Point&& point) {
  absl::StatusOr<PointId> id = FromProto(point.id());
  if (!id.ok()) return id.status();
  absl::StatusOr<std::vector<NamedVector>> vectors = VectorsFromProto(point.vectors());
  if (!vectors.ok()) return vectors.status();
  absl::StatusOr<std::vector<NamedSparseVector>> sparse = VectorsFromProto(point.sparse_vectors());
  if (!sparse.ok()) return sparse.status();
  return Point{*std::move(id), *std::move(vectors), std::move(*point.mutable_payload()),
               *std::move(sparse)};
}

absl::StatusOr<ScoredPoint> FromProto(v1::ScoredPoint&& point) {
  absl::StatusOr<PointId> id = FromProto(point.id());
  if (!id.ok()) return id.status();
  absl::StatusOr<std::vector<NamedVector>> vectors = VectorsFromProto(point.vectors());
  if (!vectors.ok()) return vectors.status();
  absl::StatusOr<std::vector<NamedSparseVector>> sparse = VectorsFromProto(point.sparse_vectors());
  if (!sparse.ok()) return sparse.status();
  return ScoredPoint{*std::move(id), point.score(), std::move(*point.mutable_payload()),
                     *std::move(vectors), *std::move(sparse)};
}

absl::StatusOr<std::vector<ScoredPoint>> FromProto(v1::SearchResponse&& response) {
  std::vector<ScoredPoint> out;
  out.reserve(static_cast<size_t>(response.points_size()));
  for (v1::ScoredPoint& point : *response.mutable_points()) {
    absl::StatusOr<ScoredPoint> converted = FromProto(std::move(point));
    if (!converted.ok()) return converted.status();
    out.push_back(*std::move(converted));
  }
  return out;
}

PayloadIndexInfo FromProto(const v1::PayloadIndexInfo& info) {
  return {
      .key = info.key(),
      .kind = static_cast<PayloadIndexKind>(info.kind()),
      .points = info.points(),
      .memory_bytes = info.memory_bytes(),
      .ready = info.ready(),
      .unheld_points = info.unheld_points(),
  };
}

CollectionInfo FromProto(const v1::CollectionInfo& info) {
  CollectionInfo out;
  out.name = info.name();
  out.config = ConfigFromProto(info.config());
  out.status = static_cast<CollectionStatus>(info.status());
  out.error = info.error();
  out.points = info.points();
  out.disk_bytes = info.disk_bytes();
  out.write_buffer_bytes = info.write_buffer_bytes();
  out.sequence = info.sequence();
  out.digest = info.digest();
  out.kept_rows = info.kept_rows();
  out.memory_bytes = info.memory_bytes();
  out.disk_bytes_per_point = info.disk_bytes_per_point();
  out.memory_bytes_per_point = info.memory_bytes_per_point();
  for (const v1::VectorSpaceInfo& space : info.vector_spaces()) {
    out.vector_spaces.push_back({
        .name = space.name(),
        .rows = space.rows(),
        .memory_bytes = space.memory_bytes(),
        .code_bytes = space.code_bytes(),
        .bits_per_dim = space.bits_per_dim(),
        .ratio_to_f32 = space.ratio_to_f32(),
        .mean_versions = space.mean_versions(),
        .current_mean_version = space.current_mean_version(),
        .rows_under_current_mean = space.rows_under_current_mean(),
    });
  }
  for (const v1::SparseSpaceInfo& space : info.sparse_spaces()) {
    out.sparse_spaces.push_back({space.name(), space.rows(), space.memory_bytes()});
  }
  for (const v1::PayloadIndexInfo& index : info.payload_indexes()) {
    out.payload_indexes.push_back(FromProto(index));
  }
  return out;
}

ServerInfo FromProto(const v1::GetServerInfoResponse& info) {
  return {
      .version = info.version(),
      .commit = info.commit(),
      .kernels = info.kernels(),
      .data_directory = info.data_directory(),
      .uptime_s = info.uptime_s(),
      .memory_bytes = info.memory_bytes(),
      .max_batch_points = info.max_batch_points(),
      .max_limit = info.max_limit(),
      .max_message_bytes = info.max_message_bytes(),
  };
}

}  // namespace tqdb::client
