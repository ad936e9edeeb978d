// A file that appears under its name only when it is complete. A command that fails or is
// interrupted leaves an older file of this name alone. "-" is the standard output.
#ifndef TQDB_CLIENT_CLI_OUTPUT_OUTPUT_FILE_H_
#define TQDB_CLIENT_CLI_OUTPUT_OUTPUT_FILE_H_

#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::client {

// The bytes go to PATH.partial. Commit renames it to PATH; destruction before that removes it.
//
// Movable, not thread-safe.
class OutputFile {
 public:
  static absl::StatusOr<OutputFile> Create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  absl::Status Append(absl::string_view bytes);
  // Replaces the first bytes of the file. Requires: it is not the standard output.
  absl::Status OverwriteStart(absl::string_view bytes);
  // Writes everything out and gives the file its name. No call may follow.
  absl::Status Commit();
  const std::string& path() const { return path_; }

 private:
  OutputFile(std::string path, std::FILE* file);
  bool is_standard_output() const { return path_ == "-"; }
  std::string partial_path() const { return path_ + ".partial"; }
  absl::Status Error() const;

  std::string path_;
  std::FILE* file_;  // null after Commit and after a move
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_OUTPUT_FILE_H_
