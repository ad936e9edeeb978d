#include "client/cli/input/npy_matrix.h"

namespace tqdb::client {
namespace {

constexpr NpyType kImported[] = {NpyType::kFloat16, NpyType::kFloat32, NpyType::kFloat64};

}  // namespace

absl::StatusOr<std::unique_ptr<MatrixReader>> NpyMatrix::Open(const std::string& path) {
  absl::StatusOr<NpyReader> reader = NpyReader::Open(path, kImported);
  if (!reader.ok()) return reader.status();
  return std::unique_ptr<MatrixReader>(new NpyMatrix(*std::move(reader)));
}

}  // namespace tqdb::client
