#include "client/cli/cli.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/commands/commands.h"

namespace tqdb::client {
namespace {

constexpr char kSecurity[] = "Security";

constexpr char kFooter[] =
    "Examples:\n"
    "  tqdb import books vectors.npy --create --payloads texts.jsonl.gz\n"
    "  tqdb search books --id 7 --limit 5 --with-payload\n"
    "  tqdb list --json\n"
    "\n"
    "Every command takes --address, --timeout, --json and the options of security. With --json,\n"
    "results are JSON objects on the standard output, one a line, and errors are JSON on the\n"
    "standard error.\n"
    "Exit codes: 0 done, 1 error of the server, the network or a file, 2 wrong usage, 130 "
    "interrupted.";

// Returns whether the command line has --json. The parser cannot tell: it may fail before it gets
// there, and the error must be JSON all the same.
bool AsksForJson(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    if (absl::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

}  // namespace

// Global options may stand before or behind the subcommand. The parser only notes which command to
// run; it runs after the whole command line was accepted.
int RunCli(int argc, const char* const* argv, const Terminal& terminal, std::ostream& out,
           std::ostream& err) {
  CommandContext context(terminal, out, err);
  CLI::App app("tqdb: command line of the tqdb embedding vector database.", "tqdb");
  app.set_version_flag("--version", "tqdb " TQDB_VERSION " (" TQDB_COMMIT ")");
  app.add_option("--address", context.address(), "Server, as host:port or unix:/path")
      ->envname("TQDB_ADDRESS")
      ->capture_default_str();
  app.add_option("--timeout", context.timeout(),
                 "Longest time for one call, such as 30, 500ms or 2m")
      ->capture_default_str();
  app.add_flag("--tls", context.tls().enabled, "Connect by TLS; the options below turn it on too")
      ->envname("TQDB_TLS")
      ->group(kSecurity);
  app.add_option("--tls-ca", context.tls().ca_file,
                 "Authorities that may have signed the server, PEM; default: the system's")
      ->envname("TQDB_TLS_CA")
      ->type_name("FILE")
      ->group(kSecurity);
  app.add_option("--tls-cert", context.tls().cert_file,
                 "Certificate of this client, PEM, for a server that asks for one")
      ->envname("TQDB_TLS_CLIENT_CERT")
      ->type_name("FILE")
      ->group(kSecurity);
  app.add_option("--tls-key", context.tls().key_file, "Private key of --tls-cert, PEM")
      ->envname("TQDB_TLS_CLIENT_KEY")
      ->type_name("FILE")
      ->group(kSecurity);
  app.add_option("--tls-server-name", context.tls().server_name,
                 "Name to expect in the server's certificate in place of the host of --address")
      ->envname("TQDB_TLS_SERVER_NAME")
      ->type_name("NAME")
      ->group(kSecurity);
  app.add_option("--api-key-file", context.api_key_file(),
                 "File whose first line is the API key; without it, the key is TQDB_API_KEY")
      ->envname("TQDB_API_KEY_FILE")
      ->type_name("FILE")
      ->group(kSecurity);
  app.add_flag("--json", context.json(), "Print JSON, one object a line");
  app.require_subcommand(1);
  app.fallthrough();  // inherited by subcommands: global options may follow their name
  app.footer(kFooter);

  AddCreateCommand(app, context);
  AddListCommand(app, context);
  AddInfoCommand(app, context);
  AddUpdateCommand(app, context);
  AddDropCommand(app, context);
  AddIndexCommand(app, context);
  AddImportCommand(app, context);
  AddExportCommand(app, context);
  AddSearchCommand(app, context);
  AddScrollCommand(app, context);
  AddSampleCommand(app, context);
  AddGetCommand(app, context);
  AddDeleteCommand(app, context);
  AddCountCommand(app, context);
  AddFacetCommand(app, context);
  AddPayloadCommand(app, context);
  AddStatusCommand(app, context);
  AddPingCommand(app, context);

  if (argc <= 1) {
    err << app.help();
    return kExitUsage;
  }
  // The parser reports errors by exceptions. None of them passes this point.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error, out, err);  // prints the help or the version
      return kExitOk;
    }
    context.json() = AsksForJson(argc, argv);
    // The parser says of an unknown command that a command is missing.
    std::string chain = "tqdb";
    const CLI::App* innermost = &app;
    while (!innermost->get_subcommands().empty()) {
      innermost = innermost->get_subcommands().front();
      absl::StrAppend(&chain, " ", innermost->get_name());
    }
    const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
    if (innermost->get_require_subcommand_min() > 0 && !unknown.empty()) {
      return context.FailUsage(absl::StrCat("\"", unknown.front(), "\" is no command of ", chain));
    }
    return context.FailUsage(error.what());
  }
  if (absl::StatusOr<absl::Duration> timeout = context.ParseTimeout(); !timeout.ok()) {
    return context.FailUsage(std::string(timeout.status().message()));
  }
  if (context.address().empty()) {
    return context.FailUsage("--address: must not be empty; give host:port or unix:/path");
  }
  const int code = context.command()();
  out.flush();
  if (!out.good() && code == kExitOk) {
    return context.Fail(absl::UnavailableError("the standard output could not be written"));
  }
  return code;
}

}  // namespace tqdb::client
