// Finds the files of the repository that tests read.
#ifndef TQDB_TESTS_SUPPORT_SOURCE_PATH_H_
#define TQDB_TESTS_SUPPORT_SOURCE_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tqdb {

// Returns the absolute path of a file, given relative to the repository's root: "deploy/tqdb.conf".
std::string SourcePath(absl::string_view relative);

}  // namespace tqdb

#endif  // TQDB_TESTS_SUPPORT_SOURCE_PATH_H_
