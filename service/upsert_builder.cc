#include "service/upsert_builder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/spaces.h"
#include "service/sparse_order.h"

namespace tqdb::service {

namespace {

absl::Status SecondTime(FieldPath field, absl::string_view name) {
  return absl::InvalidArgumentError(
      absl::StrCat(field(), " is ", SpaceName(name), " for the second time in one point"));
}

}  // namespace

absl::StatusOr<UpsertBuilder> UpsertBuilder::Create(
    std::shared_ptr<const storage::CollectionConfig> config, size_t num_points) {
  if (num_points == 0 || num_points > storage::kMaxBatchPoints) {
    return absl::InvalidArgumentError(absl::StrCat(
        "points has ", num_points, " entries; allowed: 1..", storage::kMaxBatchPoints));
  }
  return UpsertBuilder(std::move(config), num_points);
}

UpsertBuilder::UpsertBuilder(std::shared_ptr<const storage::CollectionConfig> config,
                             size_t num_points)
    : config_(std::move(config)), spaces_(config_->spaces.size()) {
  prepared_.ids.reserve(num_points);
  prepared_.payloads.reserve(num_points);
  rows_.reserve(num_points);
}

absl::Status UpsertBuilder::CheckLastPoint() const {
  if (vectors_ + sparse_vectors_ > 0 || prepared_.ids.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "points[", point(), "].vectors is empty; a point needs a vector in at least one space"));
}

absl::Status UpsertBuilder::AddPoint(const PointId& id, absl::string_view payload) {
  TQDB_RETURN_IF_ERROR(CheckLastPoint());
  prepared_.ids.push_back(id);
  prepared_.payloads.push_back(payload);
  has_payload_ |= !payload.empty();
  vectors_ = sparse_vectors_ = 0;
  return absl::OkStatus();
}

absl::Status UpsertBuilder::AddVector(absl::string_view name, const VectorView& vector) {
  const auto field = [this](absl::string_view member) {
    return absl::StrCat("points[", point(), "].vectors[", vectors_, "].", member);
  };
  TQDB_ASSIGN_OR_RETURN(const storage::VectorSpaceConfig* config,
                        FindSpace(*config_, name, [&] { return field("name"); }));
  const size_t index = static_cast<size_t>(config - config_->spaces.data());
  Space& space = spaces_[index];
  if (space.last_point == point()) return SecondTime([&] { return field("name"); }, name);
  TQDB_RETURN_IF_ERROR(vector.Check(*config, [&] { return field("vector"); }));
  if (space.rows == 0) space.name = name;
  space.last_point = point();
  ++space.rows;
  rows_.push_back({vector, point(), static_cast<uint32_t>(index)});
  ++vectors_;
  return absl::OkStatus();
}

absl::Status UpsertBuilder::AddSparseVector(absl::string_view name,
                                            const storage::SparseVectorView& vector) {
  const auto field = [this] {
    return absl::StrCat("points[", point(), "].sparse_vectors[", sparse_vectors_, "].name");
  };
  std::vector<storage::SparseSpaceVectors>& spaces = prepared_.batch.sparse;
  auto space =
      std::find_if(spaces.begin(), spaces.end(),
                   [name](const storage::SparseSpaceVectors& s) { return s.name == name; });
  if (space == spaces.end()) {
    TQDB_RETURN_IF_ERROR(CheckSparseSpace(*config_, name, field));
    space = spaces.insert(spaces.end(), {name, {}, {}});
  }
  if (!space->points.empty() && space->points.back() == point()) return SecondTime(field, name);
  // `sorted` may move its vectors when it grows. A moved std::vector keeps its elements where they
  // are, so the views stay valid.
  space->rows.push_back(NeedsSorting(vector) ? prepared_.sorted.emplace_back(Sorted(vector)).view()
                                             : vector);
  space->points.push_back(point());
  ++sparse_vectors_;
  return absl::OkStatus();
}

absl::StatusOr<PreparedUpsert> UpsertBuilder::Build(storage::Durability durability) && {
  TQDB_RETURN_IF_ERROR(CheckLastPoint());
  const size_t num_points = prepared_.ids.size();
  std::vector<size_t> matrices(spaces_.size());  // index of each space's matrix
  std::vector<size_t> next(spaces_.size());      // next row to be written in each space
  for (size_t s = 0; s < spaces_.size(); ++s) {
    const size_t rows = spaces_[s].rows;
    if (rows == 0) continue;
    matrices[s] = prepared_.matrices.size();
    storage::SpaceVectors vectors;
    vectors.name = spaces_[s].name;
    vectors.rows = prepared_.matrices.emplace_back(rows, config_->spaces[s].codec.dim).view();
    // No list of points means that every point has a row.
    if (rows < num_points) vectors.points.reserve(rows);
    prepared_.batch.vectors.push_back(std::move(vectors));
  }
  for (const Row& row : rows_) {
    const size_t matrix = matrices[row.space];
    row.vector.CopyTo(prepared_.matrices[matrix].row(next[row.space]++));
    if (spaces_[row.space].rows < num_points) {
      prepared_.batch.vectors[matrix].points.push_back(row.point);
    }
  }
  if (!has_payload_) prepared_.payloads.clear();
  prepared_.batch.ids = prepared_.ids;
  prepared_.batch.payloads = prepared_.payloads;
  prepared_.batch.durability = durability;
  return std::move(prepared_);
}

}  // namespace tqdb::service
