// The `tqdb` command line as a function, so that tests can call it.
#ifndef TQDB_CLIENT_CLI_CLI_H_
#define TQDB_CLIENT_CLI_CLI_H_

#include <ostream>

#include "client/cli/commands/command_context.h"

namespace tqdb::client {

// Parses the command line, runs the command and returns the exit code (command_context.h). Results
// go to `out`, errors and progress to `err`. `terminal` describes both. Never throws and never ends
// the process.
int RunCli(int argc, const char* const* argv, const Terminal& terminal, std::ostream& out,
           std::ostream& err);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_CLI_H_
