// The option --filter of commands that change every point that matches. A wrong filter can match
// far more than the user meant. So such a command only counts (--dry-run), asks for a confirmation,
// or is told not to ask (--yes).
#ifndef TQDB_CLIENT_CLI_FLAGS_MATCH_FLAGS_H_
#define TQDB_CLIENT_CLI_FLAGS_MATCH_FLAGS_H_

#include <optional>
#include <string>

#include "client/cli/commands/command_context.h"
#include "client/cli/flags/filter_flag.h"

namespace tqdb::client {

// Values of the options.
struct MatchFlags {
  FilterFlag filter;
  bool dry_run = false;
  bool yes = false;
};

// Words for the messages of a command.
struct MatchWords {
  const char* verb;      // verb of the command, for example "delete"
  const char* json_key;  // key of the count of --dry-run in JSON, for example "would_delete"
};

// Adds the options to a command. Requires: `flags` outlives `app`.
void AddMatchFlags(FlagSet app, MatchFlags& flags, const std::string& filter_description);

// Ends the command with an error of usage if it would have to ask and the input is not a terminal.
// Returns the exit code then, or nullopt to go on. Needs no connection.
std::optional<int> RefuseUnasked(const MatchFlags& flags, const MatchWords& words,
                                 CommandContext& context);
// Counts the points that match, and prints the number (--dry-run) or asks for a confirmation
// (unless --yes). Returns the exit code if the command ends here, or nullopt to go on.
std::optional<int> CountAndAsk(Client& client, const std::string& collection, const Filter& filter,
                               const MatchFlags& flags, const MatchWords& words,
                               CommandContext& context);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_MATCH_FLAGS_H_
