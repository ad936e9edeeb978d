#include "tests/support/source_path.h"

#include "absl/strings/str_cat.h"

namespace tqdb {

std::string SourcePath(absl::string_view relative) {
  return absl::StrCat(TQDB_SOURCE_DIR "/", relative);
}

}  // namespace tqdb
