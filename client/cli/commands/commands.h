// The subcommands. Each function adds one of them, with its options and its help, to the parser. If
// the user chooses it, the parser sets context.command() to the function to run. Nothing runs while
// the command line is parsed, so a later error in it has no half-done effects.
#ifndef TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_
#define TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_

#include "client/cli/commands/command_context.h"

namespace CLI {
class App;
}  // namespace CLI

namespace tqdb::client {

// Commands on collections.
void AddCreateCommand(CLI::App& app, CommandContext& context);
void AddListCommand(CLI::App& app, CommandContext& context);
void AddInfoCommand(CLI::App& app, CommandContext& context);
void AddUpdateCommand(CLI::App& app, CommandContext& context);
void AddDropCommand(CLI::App& app, CommandContext& context);
void AddIndexCommand(CLI::App& app, CommandContext& context);
// Commands on points.
void AddImportCommand(CLI::App& app, CommandContext& context);
void AddExportCommand(CLI::App& app, CommandContext& context);
void AddSearchCommand(CLI::App& app, CommandContext& context);
void AddScrollCommand(CLI::App& app, CommandContext& context);
void AddSampleCommand(CLI::App& app, CommandContext& context);
void AddGetCommand(CLI::App& app, CommandContext& context);
void AddDeleteCommand(CLI::App& app, CommandContext& context);
void AddCountCommand(CLI::App& app, CommandContext& context);
void AddFacetCommand(CLI::App& app, CommandContext& context);
void AddPayloadCommand(CLI::App& app, CommandContext& context);
// Commands on the server.
void AddStatusCommand(CLI::App& app, CommandContext& context);
void AddPingCommand(CLI::App& app, CommandContext& context);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_COMMANDS_COMMANDS_H_
