// The option --filter, the same in every command that has it.
#ifndef TQDB_CLIENT_CLI_FLAGS_FILTER_FLAG_H_
#define TQDB_CLIENT_CLI_FLAGS_FILTER_FLAG_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/flags.h"
#include "client/cpp/filter.h"

namespace tqdb::client {

// JSON, or @FILE that holds it; unset when the option was not given.
using FilterFlag = std::optional<std::string>;

// The forms of conditions, for the footer of a command.
extern const char kFilterForms[];

// `flag` must outlive `app`.
void AddFilterOption(FlagSet app, FilterFlag& flag, const std::string& description);

// A value as it was given, or the contents of FILE for @FILE. `name` is that of the option, for
// errors of the file.
absl::StatusOr<std::string> ReadValueOrFile(const std::string& value, const std::string& name);

// Nothing when the option was not given. InvalidArgument names the byte or the path of the fault:
// "--filter.must[2].range: gte 5 > lte 3"; NotFound, PermissionDenied of the file.
absl::StatusOr<std::optional<Filter>> ReadFilterFlag(const FilterFlag& flag);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_FILTER_FLAG_H_
