#include "service/spaces.h"

#include "absl/strings/str_cat.h"
#include "base/quoted.h"

namespace tqdb::service {

namespace {

// Returns the names of all spaces, for a message.
template <typename Spaces>
std::string ListNames(const Spaces& spaces) {
  std::string names;
  for (const auto& space : spaces) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", SpaceName(space.name));
  }
  return names;
}

}  // namespace

std::string SpaceName(absl::string_view name) {
  return name.empty() ? std::string("'' (unnamed)") : storage::Quoted(name);
}

absl::StatusOr<const storage::VectorSpaceConfig*> FindSpace(const storage::CollectionConfig& config,
                                                            absl::string_view name,
                                                            FieldPath field) {
  for (const storage::VectorSpaceConfig& space : config.spaces) {
    if (space.name == name) return &space;
  }
  return absl::InvalidArgumentError(absl::StrCat(field(), " is ", SpaceName(name),
                                                 "; the collection has the vector spaces ",
                                                 ListNames(config.spaces)));
}

absl::Status CheckSparseSpace(const storage::CollectionConfig& config, absl::string_view name,
                              FieldPath field) {
  for (const storage::SparseSpaceConfig& space : config.sparse_spaces) {
    if (space.name == name) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field(), " is ", SpaceName(name), "; the collection has ",
                   config.sparse_spaces.empty()
                       ? "no sparse spaces"
                       : absl::StrCat("the sparse spaces ", ListNames(config.sparse_spaces))));
}

}  // namespace tqdb::service
