#include "storage/write/stored_points.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/sparse/sparse_encoding.h"

namespace tqdb::storage {

namespace {

absl::Status MissingOrDamaged(absl::string_view what, const PointId& id) {
  return absl::DataLossError(
      absl::StrCat("the ", what, " of point ", id.ToString(), " is missing or damaged"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoredPoints>> StoredPoints::Read(const Store& store,
                                                                 const CollectionState& state,
                                                                 absl::Span<const Wanted> wanted,
                                                                 bool vectors) {
  std::unique_ptr<StoredPoints> stored(new StoredPoints);
  stored->points_.resize(wanted.size());
  TQDB_RETURN_IF_ERROR(stored->ReadPayloads(store, wanted));
  if (!vectors) return stored;
  for (const std::unique_ptr<Space>& space : state.spaces) {
    TQDB_RETURN_IF_ERROR(stored->ReadVectors(store, *space, wanted));
  }
  for (uint32_t s = 0; s < state.sparse_spaces.size(); ++s) {
    TQDB_RETURN_IF_ERROR(stored->ReadSparse(store, *state.sparse_spaces[s], s, wanted));
  }
  return stored;
}

absl::StatusOr<const StoredPoints::Values*> StoredPoints::Keep(const Store& store, Family family,
                                                               const std::vector<Key>& keys) {
  TQDB_ASSIGN_OR_RETURN(values_.emplace_back(), store.MultiGet(family, keys));
  return &values_.back();
}

absl::Status StoredPoints::ReadPayloads(const Store& store, absl::Span<const Wanted> wanted) {
  std::vector<Key> keys;
  for (const Wanted& point : wanted) keys.push_back(Key::OfRow(point.keys.row));
  TQDB_ASSIGN_OR_RETURN(const Values* values, Keep(store, Family::kPayloads, keys));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const std::optional<std::string>& value = (*values)[i];
    absl::string_view payload = value ? absl::string_view(*value) : absl::string_view();
    PointId id;
    if (!ConsumeId(&payload, &id) || id != wanted[i].id) {
      return MissingOrDamaged("payload", wanted[i].id);
    }
    points_[i].payload = payload;
  }
  return absl::OkStatus();
}

absl::Status StoredPoints::ReadVectors(const Store& store, const Space& space,
                                       absl::Span<const Wanted> wanted) {
  const uint32_t bit = uint32_t{1} << space.index();
  std::vector<size_t> points, with_original;
  std::vector<Key> code_keys, original_keys;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if ((wanted[i].keys.spaces & ~wanted[i].without_spaces & bit) == 0) continue;
    const Key key = Key::OfSpaceRow(space.index(), wanted[i].keys.row);
    points.push_back(i);
    code_keys.push_back(key);
    if (!space.keeps_originals() && (wanted[i].keys.waiting & bit) == 0) continue;
    with_original.push_back(i);
    original_keys.push_back(key);
  }
  if (points.empty()) return absl::OkStatus();
  TQDB_ASSIGN_OR_RETURN(const Values* codes, Keep(store, Family::kCodes, code_keys));
  TQDB_ASSIGN_OR_RETURN(const Values* originals, Keep(store, Family::kVectors, original_keys));
  size_t next = 0;
  for (size_t k = 0; k < points.size(); ++k) {
    const Wanted& point = wanted[points[k]];
    const std::optional<std::string>& code = (*codes)[k];
    if (!code || code->size() != space.codec().code_bytes()) {
      return MissingOrDamaged("code", point.id);
    }
    RowVector vector = {.space = static_cast<uint32_t>(space.index()),
                        .waits = (point.keys.waiting & bit) != 0,
                        .code = *code,
                        .original = {}};
    if (next < with_original.size() && with_original[next] == points[k]) {
      const std::optional<std::string>& original = (*originals)[next++];
      const size_t bytes = vector.waits ? space.dim() * sizeof(float)
                                        : VectorBytes(space.dim(), space.config().store_vectors);
      if (!original || original->size() != bytes) return MissingOrDamaged("vector", point.id);
      vector.original = *original;
    }
    points_[points[k]].vectors.push_back(vector);
  }
  return absl::OkStatus();
}

absl::Status StoredPoints::ReadSparse(const Store& store, const SparseSpace& space, uint32_t index,
                                      absl::Span<const Wanted> wanted) {
  std::vector<size_t> points;
  std::vector<Key> keys;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if ((wanted[i].without_sparse >> index & 1) != 0) continue;
    points.push_back(i);
    keys.push_back(Key::OfSpaceRow(space.key_space(), wanted[i].keys.row));
  }
  TQDB_ASSIGN_OR_RETURN(const Values* values, Keep(store, Family::kCodes, keys));
  for (size_t k = 0; k < points.size(); ++k) {
    const std::optional<std::string>& value = (*values)[k];
    if (!value) continue;  // memory does not know which points have a vector here; the disk does
    SparseVector& vector = decoded_.emplace_back();
    if (!DecodeSparseVector(*value, &vector).ok() ||
        !ValidateSparseVector(vector.view(), "it").ok()) {
      return MissingOrDamaged("sparse vector", wanted[points[k]].id);
    }
    points_[points[k]].sparse.push_back({index, *value, vector.view()});
  }
  return absl::OkStatus();
}

}  // namespace tqdb::storage
