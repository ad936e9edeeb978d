// Options that say how a new collection is stored: shared by `create` and `import --create`.
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

// `flags` must outlive `app`.
void AddCollectionFlags(FlagSet app, CollectionFlags& flags);

// A space with these flags. Values were checked by the parser.
VectorSpaceConfig MakeSpace(const CollectionFlags& flags, const std::string& name, uint32_t dim);
// "name=title,dim=384,metric=dot": what is not named comes from the flags. InvalidArgument.
absl::StatusOr<VectorSpaceConfig> ParseSpace(const CollectionFlags& flags, const std::string& text);
// Of --sparse: "terms" or "terms:idf". InvalidArgument.
absl::StatusOr<std::vector<SparseSpaceConfig>> ParseSparseSpaces(
    const std::vector<std::string>& texts);
// InvalidArgument when an entry has no '='.
absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(
    const std::vector<std::string>& entries);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_COLLECTION_FLAGS_H_
