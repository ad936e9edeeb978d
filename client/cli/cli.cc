#include "client/cli/cli.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/flags.h"
#include "client/cli/commands/commands.h"
#include "client/cpp/address.h"

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
  FlagParser parser("tqdb: command line of the tqdb embedding vector database.", "tqdb");
  parser.SetVersion("tqdb " TQDB_VERSION " (" TQDB_COMMIT ")");
  FlagSet app = parser.root();
  app.Add("--address", context.address(), "Server, as host, host:port or unix:/path")
      .Environment("TQDB_ADDRESS")
      .ShowDefault();
  app.Add("--timeout", context.timeout(), "Longest time for one call, such as 30, 500ms or 2m")
      .ShowDefault();
  app.AddSwitch("--tls", context.tls().enabled, "Connect by TLS; the options below turn it on too")
      .Environment("TQDB_TLS")
      .Group(kSecurity);
  app.Add("--tls-ca", context.tls().ca_file,
          "Authorities that may have signed the server, PEM; default: the system's")
      .Environment("TQDB_TLS_CA")
      .Placeholder("FILE")
      .Group(kSecurity);
  app.Add("--tls-cert", context.tls().cert_file,
          "Certificate of this client, PEM, for a server that asks for one")
      .Environment("TQDB_TLS_CLIENT_CERT")
      .Placeholder("FILE")
      .Group(kSecurity);
  app.Add("--tls-key", context.tls().key_file, "Private key of --tls-cert, PEM")
      .Environment("TQDB_TLS_CLIENT_KEY")
      .Placeholder("FILE")
      .Group(kSecurity);
  app.Add("--tls-server-name", context.tls().server_name,
          "Name to expect in the server's certificate in place of the host of --address")
      .Environment("TQDB_TLS_SERVER_NAME")
      .Placeholder("NAME")
      .Group(kSecurity);
  app.Add("--api-key-file", context.api_key_file(),
          "File whose first line is the API key; without it, the key is TQDB_API_KEY")
      .Environment("TQDB_API_KEY_FILE")
      .Placeholder("FILE")
      .Group(kSecurity);
  app.AddSwitch("--json", context.json(), "Print JSON, one object a line");
  app.RequireCommand();
  app.AllowFlagsAfterCommands();  // global options may follow the name of a command
  app.Footer(kFooter);

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
  AddCompletionCommand(app, context);

  // The words to complete may be anything, so they do not go through the parser.
  if (argc > 2 && absl::string_view(argv[1]) == "completion" &&
      absl::string_view(argv[2]) == "words") {
    for (const std::string& candidate : parser.Candidates({argv + 3, argv + argc})) {
      out << candidate << '\n';
    }
    return kExitOk;
  }
  if (argc <= 1) {
    err << parser.Help();
    return kExitUsage;
  }
  const absl::StatusOr<bool> run = parser.Parse(argc, argv, out);
  if (!run.ok()) {
    context.json() = AsksForJson(argc, argv);
    return context.FailUsage(std::string(run.status().message()));
  }
  if (!*run) return kExitOk;  // help or version
  if (absl::StatusOr<absl::Duration> timeout = context.ParseTimeout(); !timeout.ok()) {
    return context.FailUsage(std::string(timeout.status().message()));
  }
  if (auto address = NormalizeAddress(context.address()); !address.ok()) {
    return context.FailUsage(absl::StrCat("--", address.status().message()));
  }
  const int code = context.command()();
  out.flush();
  if (!out.good() && code == kExitOk) {
    return context.Fail(absl::UnavailableError("the standard output could not be written"));
  }
  return code;
}

}  // namespace tqdb::client
