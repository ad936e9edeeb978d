#include "client/cli/input/matrix_reader.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/input/fvecs_reader.h"
#include "client/cli/input/npy_matrix.h"

namespace tqdb::client {

absl::StatusOr<std::unique_ptr<MatrixReader>> OpenMatrix(const std::string& path) {
  if (absl::EndsWithIgnoreCase(path, ".npy")) return NpyMatrix::Open(path);
  if (absl::EndsWithIgnoreCase(path, ".fvecs")) return FvecsReader::Open(path);
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": the name must end in .npy or .fvecs for a file of vectors"));
}

}  // namespace tqdb::client
