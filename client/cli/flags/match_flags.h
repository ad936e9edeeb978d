// --filter of commands that change what matches. That is easily more than was meant, so it is
// counted, or confirmed.
#ifndef TQDB_CLIENT_CLI_FLAGS_MATCH_FLAGS_H_
#define TQDB_CLIENT_CLI_FLAGS_MATCH_FLAGS_H_

#include <optional>
#include <string>

#include "client/cli/commands/command_context.h"
#include "client/cli/flags/filter_flag.h"

namespace tqdb::client {

struct MatchFlags {
  FilterFlag filter;
  bool dry_run = false;
  bool yes = false;
};

// What the command does.
struct MatchWords {
  const char* verb;      // "delete"
  const char* json_key;  // of the count of --dry-run: "would_delete"
};

// `flags` must outlive `app`.
void AddMatchFlags(FlagSet app, MatchFlags& flags, const std::string& filter_description);

// Both return the exit code when the command ends here.
// When it may not go on without a question, and nobody is there to answer; asks no server.
std::optional<int> RefuseUnasked(const MatchFlags& flags, const MatchWords& words,
                                 CommandContext& context);
// Prints the count of --dry-run, or asks, unless --yes.
std::optional<int> CountAndAsk(Client& client, const std::string& collection, const Filter& filter,
                               const MatchFlags& flags, const MatchWords& words,
                               CommandContext& context);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_MATCH_FLAGS_H_
