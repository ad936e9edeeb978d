// The option --filter, which is the same in all commands that have it.
#ifndef TQDB_CLIENT_CLI_FLAGS_FILTER_FLAG_H_
#define TQDB_CLIENT_CLI_FLAGS_FILTER_FLAG_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/flags.h"
#include "client/cpp/filter.h"

namespace tqdb::client {

// The value of the option: JSON, or @FILE. Unset if the option was not given.
using FilterFlag = std::optional<std::string>;

// The forms of conditions, for the help of a command.
extern const char kFilterForms[];

// Adds the option to a command. Requires: `flag` outlives `app`.
void AddFilterOption(FlagSet app, FilterFlag& flag, const std::string& description);

// Returns the value, or the contents of FILE if it is @FILE. `name` is the name of the option; it
// begins the messages of errors.
absl::StatusOr<std::string> ReadValueOrFile(const std::string& value, const std::string& name);

// Returns the filter, or nullopt if the option was not given. InvalidArgument names the byte or the
// path of the fault: "--filter.must[2].range: gte 5 > lte 3". NotFound and PermissionDenied come
// from the file.
absl::StatusOr<std::optional<Filter>> ReadFilterFlag(const FilterFlag& flag);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_FILTER_FLAG_H_
