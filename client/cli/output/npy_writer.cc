#include "client/cli/output/npy_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/npy.h"

namespace tqdb::client {

NpyWriter::NpyWriter(OutputFile file, uint32_t dim) : file_(std::move(file)), dim_(dim) {}

absl::StatusOr<NpyWriter> NpyWriter::Open(const std::string& path, uint32_t dim) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  NpyWriter writer(*std::move(file), dim);
  if (absl::Status s = writer.file_.Append(NpyPreamble(0, dim)); !s.ok()) return s;
  return writer;
}

absl::Status NpyWriter::Append(absl::Span<const float> row) {
  if (row.size() != dim_) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_.path(), ": row ", rows_, " has dim ", row.size(), ", not ", dim_));
  }
  ++rows_;
  return file_.Append(
      absl::string_view(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)));
}

absl::Status NpyWriter::Finish() {
  if (absl::Status s = file_.OverwriteStart(NpyPreamble(rows_, dim_)); !s.ok()) return s;
  return file_.Commit();
}

}  // namespace tqdb::client
