// A file that appears under its name only when it is complete; "-" is the standard output.
#ifndef TQDB_CLIENT_CLI_OUTPUT_OUTPUT_FILE_H_
#define TQDB_CLIENT_CLI_OUTPUT_OUTPUT_FILE_H_

#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::client {

// Written as PATH.partial and renamed by Commit; removed when it is destroyed before. Movable, not
// thread-safe.
class OutputFile {
 public:
  static absl::StatusOr<OutputFile> Create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  absl::Status Append(absl::string_view bytes);
  // Replaces the first bytes. Not for the standard output.
  absl::Status OverwriteStart(absl::string_view bytes);
  absl::Status Commit();
  const std::string& path() const { return path_; }

 private:
  OutputFile(std::string path, std::FILE* file);
  bool is_standard_output() const { return path_ == "-"; }
  std::string partial_path() const { return path_ + ".partial"; }
  absl::Status Error() const;

  std::string path_;
  std::FILE* file_;  // null once committed or moved from
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_OUTPUT_FILE_H_
