// The subcommands. Each function adds one of them, with its options and its help, to the parser. If
// the user chooses it, the parser sets context.command() to the function to run. Nothing runs while
// the command line is parsed, so a later error in it has no half-done effects.
#ifndef TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_
#define TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_

#include "base/flags.h"
#include "client/cli/commands/command_context.h"

namespace tqdb::client {

// Commands on collections.
void AddCreateCommand(FlagSet app, CommandContext& context);
void AddListCommand(FlagSet app, CommandContext& context);
void AddInfoCommand(FlagSet app, CommandContext& context);
void AddUpdateCommand(FlagSet app, CommandContext& context);
void AddDropCommand(FlagSet app, CommandContext& context);
void AddIndexCommand(FlagSet app, CommandContext& context);
// Commands on points.
void AddImportCommand(FlagSet app, CommandContext& context);
void AddExportCommand(FlagSet app, CommandContext& context);
void AddSearchCommand(FlagSet app, CommandContext& context);
void AddScrollCommand(FlagSet app, CommandContext& context);
void AddSampleCommand(FlagSet app, CommandContext& context);
void AddGetCommand(FlagSet app, CommandContext& context);
void AddDeleteCommand(FlagSet app, CommandContext& context);
void AddCountCommand(FlagSet app, CommandContext& context);
void AddFacetCommand(FlagSet app, CommandContext& context);
void AddPayloadCommand(FlagSet app, CommandContext& context);
// Commands on the server.
void AddStatusCommand(FlagSet app, CommandContext& context);
void AddPingCommand(FlagSet app, CommandContext& context);
// Commands on this program.
void AddCompletionCommand(FlagSet app, CommandContext& context);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_
