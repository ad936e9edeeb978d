// The parts that all subcommands share: registration, common options, and the names of enums on the
// command line.
#ifndef TQDB_BENCH_COMMANDS_COMMAND_H_
#define TQDB_BENCH_COMMANDS_COMMAND_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/flags.h"
#include "bench/measure/report.h"
#include "bench/measure/target.h"
#include "core/scan/scan.h"
#include "storage/api/options.h"
#include "values/types.h"

namespace tqdb::bench {

// Options that all subcommands have.
struct CommonFlags {
  bool json = false;
  size_t threads = 0;  // threads of this program; 0: one for each core that it may use
  uint64_t seed = 1;   // seed of everything random, so that a run can be repeated

  // Returns the number of threads, with 0 resolved.
  size_t ThreadCount() const;
  // Starts the report of this run on the standard output.
  std::unique_ptr<Report> StartReport(const std::string& bench) const;
};

// A subcommand, and the function to run once its options are parsed.
struct Command {
  FlagSet flags;
  std::function<absl::Status()> run;
};

Command AddCodecCommand(FlagSet app);
Command AddRecallCommand(FlagSet app);
Command AddScanCommand(FlagSet app);
Command AddEncodeCommand(FlagSet app);
Command AddIngestCommand(FlagSet app);
Command AddSearchCommand(FlagSet app);
Command AddRecoverCommand(FlagSet app);
Command AddFilterCommand(FlagSet app);
Command AddGenerateCommand(FlagSet app);
Command AddSparseCommand(FlagSet app);

// Adds --json, --threads and --seed.
void AddCommonFlags(FlagSet command, CommonFlags* flags);
// Adds --code-bits, a list: "1,2,4", or the option several times.
Flag AddCodeBits(FlagSet command, std::vector<int>* code_bits);

// The values of flags, by name.
const std::map<std::string, Metric>& MetricNames();
const std::map<std::string, Residual>& ResidualNames();
const std::map<std::string, Centering>& CenteringNames();
const std::map<std::string, storage::StoreVectors>& StoreVectorsNames();
const std::map<std::string, Stages>& StagesNames();

// Each returns the name of an enumerator on the command line and in results.
std::string NameOf(Metric metric);
std::string NameOf(Residual residual);
std::string NameOf(Centering centering);
std::string NameOf(storage::StoreVectors store);
std::string NameOf(Stages stages);

// Adds --server, --address and --dir. Returns --address.
Flag AddTargetFlags(FlagSet command, TargetFlags* flags);
// --metric, --code-bits, --residual, --centering.
void AddSpaceFlags(FlagSet command, SpaceFlags* flags);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_COMMANDS_COMMAND_H_
