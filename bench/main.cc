// tqdb-bench: every figure that the documentation of tqdb gives.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "base/flags.h"
#include "bench/commands/command.h"
#include "bench/measure/scratch.h"
#include "core/kernels/choice.h"

namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  tqdb-bench recall --data /path/to/sets\n"
    "  tqdb-bench search --rows 100000 --dim 1536 --clients 1,8\n"
    "  tqdb-bench codec --json\n"
    "Results go to the standard output, progress to the standard error when that is a terminal.\n"
    "TQDB_SIMD=scalar|avx2|avx512vnni|avx512|amx|neon forces a kernel level,\n"
    "TQDB_SIGN_PREFETCH=on|several|off one form of its sign scan.\n"
    "Exit codes: 0 done, 1 error, 2 wrong usage, 130 interrupted.";

}  // namespace

int main(int argc, char** argv) {
  tqdb::bench::CleanScratchOnSignals();
  tqdb::FlagParser parser("tqdb-bench: benchmarks of the tqdb embedding vector database.",
                          "tqdb-bench");
  tqdb::FlagSet app = parser.root();
  app.RequireCommand();
  app.Footer(kFooter);
  const std::vector<tqdb::bench::Command> commands = {
      tqdb::bench::AddCodecCommand(app),    tqdb::bench::AddRecallCommand(app),
      tqdb::bench::AddScanCommand(app),     tqdb::bench::AddEncodeCommand(app),
      tqdb::bench::AddIngestCommand(app),   tqdb::bench::AddSearchCommand(app),
      tqdb::bench::AddRecoverCommand(app),  tqdb::bench::AddFilterCommand(app),
      tqdb::bench::AddGenerateCommand(app), tqdb::bench::AddSparseCommand(app)};
  const absl::StatusOr<bool> run = parser.Parse(argc, argv, std::cout);
  if (!run.ok()) {
    std::fprintf(stderr, "tqdb-bench: %s (see --help)\n",
                 std::string(run.status().message()).c_str());
    return 2;
  }
  if (!*run) return EXIT_SUCCESS;  // help
  const absl::Status choice =
      tqdb::CheckKernelChoice(std::getenv("TQDB_SIMD"), std::getenv("TQDB_SIGN_PREFETCH"));
  if (!choice.ok()) {
    std::fprintf(stderr, "tqdb-bench: %s\n", std::string(choice.message()).c_str());
    return 2;
  }
  for (const tqdb::bench::Command& command : commands) {
    if (!command.flags.chosen()) continue;
    const absl::Status status = command.run();
    if (status.ok()) continue;
    std::fprintf(stderr, "tqdb-bench %s: %s\n", command.flags.name().c_str(),
                 std::string(status.message()).c_str());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
