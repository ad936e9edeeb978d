#include "client/cli/flags/collection_flags.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tqdb::client {
namespace {

const std::vector<std::string> kMetrics = {"cosine", "dot", "l2"};
const std::vector<std::string> kResiduals = {"none", "qjl"};
const std::vector<std::string> kCenterings = {"off", "auto"};
const std::vector<std::string> kStores = {"none", "f16", "f32"};
const std::vector<uint32_t> kCodeBits = {1, 2, 3, 4, 8};

// Returns the enumerator of a name. The lists above have the order of the enums, whose numbers
// start at 1.
template <typename Enum>
Enum FromList(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), absl::AsciiStrToLower(name));
  return static_cast<Enum>(found - names.begin() + 1);
}

// Returns InvalidArgument if `value` is not in `names`. The parser checks flags, but not the parts
// of --space.
absl::Status CheckMember(const std::vector<std::string>& names, const std::string& key,
                         const std::string& value) {
  if (std::find(names.begin(), names.end(), absl::AsciiStrToLower(value)) != names.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--space: ", key, "=", value, "; allowed are ", absl::StrJoin(names, ", ")));
}

}  // namespace

void AddCollectionFlags(FlagSet app, CollectionFlags& flags) {
  app.Add("--metric", flags.metric, "How scores are computed: cosine, dot or l2")
      .OneOfIgnoringCase(kMetrics)
      .ShowDefault();
  app.Add("--code-bits", flags.code_bits, "Bits of a code per dimension: 1, 2, 3, 4 or 8")
      .OneOfNumbers({kCodeBits.begin(), kCodeBits.end()})
      .ShowDefault();
  app.Add("--residual", flags.residual, "One more bit per dimension: qjl, or none")
      .OneOfIgnoringCase(kResiduals)
      .ShowDefault();
  app.Add("--centering", flags.centering, "Subtract a mean while it helps: auto, or off")
      .OneOfIgnoringCase(kCenterings)
      .ShowDefault();
  app.Add("--store-vectors", flags.store_vectors,
          "Originals kept for rerank, exact search and export: f32, f16 or none")
      .OneOfIgnoringCase(kStores)
      .ShowDefault();
  app.Add("--seed", flags.seed, "Of the rotations; 0 is the server's default").ShowDefault();
  app.Add("--sparse", flags.sparse,
          "A space of sparse vectors, or one that weighs an index by how rare it is; may "
          "repeat")
      .Placeholder("NAME[:idf]")
      .OneValueEachTime();
  app.Add("--metadata", flags.metadata, "KEY=VALUE, kept with the collection; may repeat");
}

VectorSpaceConfig MakeSpace(const CollectionFlags& flags, const std::string& name, uint32_t dim) {
  VectorSpaceConfig space;
  space.name = name;
  space.dim = dim;
  space.metric = FromList<Metric>(kMetrics, flags.metric);
  space.code_bits = flags.code_bits;
  space.residual = FromList<Residual>(kResiduals, flags.residual);
  space.centering = FromList<Centering>(kCenterings, flags.centering);
  space.store_vectors = FromList<StoreVectors>(kStores, flags.store_vectors);
  space.seed = flags.seed;
  return space;
}

absl::StatusOr<VectorSpaceConfig> ParseSpace(const CollectionFlags& flags,
                                             const std::string& text) {
  CollectionFlags own = flags;
  std::string name;
  uint32_t dim = 0;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(text, ','))) {
    const std::vector<std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (pair.size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("--space: \"", part, "\" is not KEY=VALUE, as in name=title,dim=384"));
    }
    const std::string& key = pair[0];
    const std::string& value = pair[1];
    absl::Status status;
    bool number = true;
    if (key == "name") {
      name = value;
    } else if (key == "dim") {
      number = absl::SimpleAtoi(value, &dim) && dim > 0;
    } else if (key == "metric") {
      status = CheckMember(kMetrics, key, value);
      own.metric = value;
    } else if (key == "code-bits") {
      number = absl::SimpleAtoi(value, &own.code_bits) &&
               std::find(kCodeBits.begin(), kCodeBits.end(), own.code_bits) != kCodeBits.end();
    } else if (key == "residual") {
      status = CheckMember(kResiduals, key, value);
      own.residual = value;
    } else if (key == "centering") {
      status = CheckMember(kCenterings, key, value);
      own.centering = value;
    } else if (key == "store-vectors") {
      status = CheckMember(kStores, key, value);
      own.store_vectors = value;
    } else if (key == "seed") {
      number = absl::SimpleAtoi(value, &own.seed);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--space: unknown key \"", key,
                       "\"; allowed are name, dim, metric, code-bits, residual, centering, "
                       "store-vectors, seed"));
    }
    if (!status.ok()) return status;
    if (!number) {
      return absl::InvalidArgumentError(
          absl::StrCat("--space: ", key, "=", value, " is not an allowed number"));
    }
  }
  if (dim == 0)
    return absl::InvalidArgumentError(absl::StrCat("--space: no dim in \"", text, "\""));
  return MakeSpace(own, name, dim);
}

absl::StatusOr<std::vector<SparseSpaceConfig>> ParseSparseSpaces(
    const std::vector<std::string>& texts) {
  std::vector<SparseSpaceConfig> spaces;
  for (const std::string& text : texts) {
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
    SparseSpaceConfig space{.name = parts[0]};
    if (parts.size() == 2 && absl::AsciiStrToLower(parts[1]) == "idf") {
      space.modifier = SparseModifier::kIdf;
    } else if (parts.size() == 2 && absl::AsciiStrToLower(parts[1]) != "none") {
      return absl::InvalidArgumentError(
          absl::StrCat("--sparse: ", text, "; behind the colon, allowed are none, idf"));
    }
    spaces.push_back(std::move(space));
  }
  return spaces;
}

absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(
    const std::vector<std::string>& entries) {
  std::map<std::string, std::string> metadata;
  for (const std::string& entry : entries) {
    const size_t equals = entry.find('=');
    if (equals == entry.npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--metadata: \"", entry, "\" is not KEY=VALUE"));
    }
    metadata[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return metadata;
}

}  // namespace tqdb::client
