// Reads ids from the command line and from files.
#ifndef TQDB_CLIENT_CLI_FLAGS_ID_LIST_H_
#define TQDB_CLIENT_CLI_FLAGS_ID_LIST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Returns the ids of some texts. InvalidArgument names the text that is not an id.
absl::StatusOr<std::vector<PointId>> ParseIds(const std::vector<std::string>& texts);
// Appends the ids of a file with one id a line. "-" is the standard input. Errors name the file and
// the line.
absl::Status AppendIdsFromFile(const std::string& path, std::vector<PointId>& ids);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_ID_LIST_H_
