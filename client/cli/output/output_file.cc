#include "client/cli/output/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tqdb::client {

OutputFile::OutputFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(other.path_), file_(std::exchange(other.file_, nullptr)) {}

OutputFile::~OutputFile() {
  if (file_ == nullptr || is_standard_output()) return;
  std::fclose(file_);
  unlink(partial_path().c_str());
}

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path) {
  if (path == "-") return OutputFile(path, stdout);
  const std::string partial = path + ".partial";
  std::FILE* file = std::fopen(partial.c_str(), "wbe");
  if (file == nullptr) return absl::ErrnoToStatus(errno, partial);
  return OutputFile(path, file);
}

absl::Status OutputFile::Error() const {
  return absl::ErrnoToStatus(errno, is_standard_output() ? "standard output" : partial_path());
}

absl::Status OutputFile::Append(absl::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return Error();
  return absl::OkStatus();
}

absl::Status OutputFile::OverwriteStart(absl::string_view bytes) {
  if (std::fseek(file_, 0, SEEK_SET) != 0) return Error();
  return Append(bytes);
}

absl::Status OutputFile::Commit() {
  if (is_standard_output()) return std::fflush(file_) == 0 ? absl::OkStatus() : Error();
  if (std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) return Error();
  std::FILE* file = std::exchange(file_, nullptr);
  if (std::fclose(file) != 0) return Error();
  if (std::rename(partial_path().c_str(), path_.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, path_);
  }
  return absl::OkStatus();
}

}  // namespace tqdb::client
