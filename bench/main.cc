// tqdb-bench: every figure that the documentation of tqdb gives.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/commands/command.h"
#include "bench/measure/scratch.h"

namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  tqdb-bench recall --data /path/to/sets\n"
    "  tqdb-bench search --rows 100000 --dim 1536 --clients 1,8\n"
    "  tqdb-bench codec --json\n"
    "Results go to the standard output, progress to the standard error when that is a terminal.\n"
    "TQDB_SIMD=scalar|avx2|avx512vnni|avx512|amx forces a kernel level, TQDB_SIGN_PREFETCH=on|off\n"
    "one form of its sign scan.\n"
    "Exit codes: 0 done, 1 error, 2 wrong usage, 130 interrupted.";

}  // namespace

int main(int argc, char** argv) {
  tqdb::bench::CleanScratchOnSignals();
  CLI::App app("tqdb-bench: benchmarks of the tqdb embedding vector database.", "tqdb-bench");
  app.require_subcommand(1);
  app.footer(kFooter);
  const std::vector<tqdb::bench::Command> commands = {
      tqdb::bench::AddCodecCommand(app),    tqdb::bench::AddRecallCommand(app),
      tqdb::bench::AddScanCommand(app),     tqdb::bench::AddEncodeCommand(app),
      tqdb::bench::AddIngestCommand(app),   tqdb::bench::AddSearchCommand(app),
      tqdb::bench::AddRecoverCommand(app),  tqdb::bench::AddFilterCommand(app),
      tqdb::bench::AddGenerateCommand(app), tqdb::bench::AddSparseCommand(app)};
  // The parser reports by exception; it ends here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help
    std::fprintf(stderr, "tqdb-bench: %s (see --help)\n", error.what());
    return 2;
  }
  for (const tqdb::bench::Command& command : commands) {
    if (!command.app->parsed()) continue;
    const absl::Status status = command.run();
    if (status.ok()) continue;
    std::fprintf(stderr, "tqdb-bench %s: %s\n", command.app->get_name().c_str(),
                 std::string(status.message()).c_str());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
