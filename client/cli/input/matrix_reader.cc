#include "client/cli/input/matrix_reader.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file_reader.h"
#include "client/cli/input/npy_matrix.h"
#include "client/cli/input/npz.h"
#include "client/cli/input/spooled_file.h"
#include "client/cli/input/vecs_reader.h"

namespace tqdb::client {
namespace {

constexpr const char* kFormats[] = {"npy", "npz", "fvecs", "bvecs", "ivecs"};

// Returns one of kFormats, or an empty text.
std::string FormatOf(const MatrixFile& file) {
  if (!file.format.empty()) return file.format;
  for (const char* format : kFormats) {
    if (absl::EndsWithIgnoreCase(file.path, absl::StrCat(".", format))) return format;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<MatrixReader>> OpenMatrix(const MatrixFile& file) {
  const std::string format = FormatOf(file);
  if (format.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.path,
                     ": the name must end in .npy, .npz, .fvecs, .bvecs or .ivecs for a file of "
                     "vectors"));
  }
  if (!file.array.empty() && format != "npz") {
    return absl::InvalidArgumentError("--array goes with .npz");
  }
  absl::StatusOr<FileReader> bytes = OpenSpooled(file.path, file.interrupted);
  if (!bytes.ok()) return bytes.status();
  if (format == "npy") return NpyMatrix::Open(*std::move(bytes));
  if (format == "npz") {
    absl::StatusOr<FileReader> array = OpenNpzArray(*bytes, file.array);
    if (!array.ok()) return array.status();
    return NpyMatrix::Open(*std::move(array));
  }
  return VecsReader::Open(*std::move(bytes), format == "fvecs"   ? VecsItem::kFloat
                                             : format == "bvecs" ? VecsItem::kByte
                                                                 : VecsItem::kInt);
}

}  // namespace tqdb::client
