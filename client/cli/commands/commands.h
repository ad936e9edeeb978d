// The subcommands. Each function adds one of them, with its options and help, to the parser; when
// it is chosen, the parser leaves what to run in context.command().
#ifndef TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_
#define TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_

#include "base/flags.h"
#include "client/cli/commands/command_context.h"

namespace tqdb::client {

// Collections.
void AddCreateCommand(FlagSet app, CommandContext& context);
void AddListCommand(FlagSet app, CommandContext& context);
void AddInfoCommand(FlagSet app, CommandContext& context);
void AddUpdateCommand(FlagSet app, CommandContext& context);
void AddDropCommand(FlagSet app, CommandContext& context);
void AddIndexCommand(FlagSet app, CommandContext& context);
// Points.
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
// The server.
void AddStatusCommand(FlagSet app, CommandContext& context);
void AddPingCommand(FlagSet app, CommandContext& context);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_
