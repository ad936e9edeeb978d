// Options that say how a new collection is stored. `create` and `import --create` share them.
#ifndef TQDB_CLIENT_CLI_FLAGS_COLLECTION_FLAGS_H_
#define TQDB_CLIENT_CLI_FLAGS_COLLECTION_FLAGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/flags.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Values of the options, with their defaults.
struct CollectionFlags {
  std::string metric = "cosine";
  uint32_t code_bits = 4;
  std::string residual = "qjl";
  std::string centering = "auto";
  std::string store_vectors = "f32";
  uint64_t seed = 0;
  std::vector<std::string> sparse;    // NAME or NAME:idf
  std::vector<std::string> metadata;  // KEY=VALUE
};

// Adds the options to a command. Requires: `flags` outlives `app`.
void AddCollectionFlags(FlagSet app, CollectionFlags& flags);

// Returns the configuration of a space with these flags. Requires: the parser has checked them.
VectorSpaceConfig MakeSpace(const CollectionFlags& flags, const std::string& name, uint32_t dim);
// Returns the space of a text such as "name=title,dim=384,metric=dot". Settings that the text does
// not name come from the flags. InvalidArgument names the bad part.
absl::StatusOr<VectorSpaceConfig> ParseSpace(const CollectionFlags& flags, const std::string& text);
// Returns the sparse spaces of the values of --sparse, such as "terms" or "terms:idf".
// InvalidArgument for other texts behind the colon.
absl::StatusOr<std::vector<SparseSpaceConfig>> ParseSparseSpaces(
    const std::vector<std::string>& texts);
// Returns the entries of texts KEY=VALUE. InvalidArgument if one has no '='.
absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(
    const std::vector<std::string>& entries);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_COLLECTION_FLAGS_H_
