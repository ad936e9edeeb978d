// What the subcommands share: their registration, common options, names of enums on the command
// line.
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

struct CommonFlags {
  bool json = false;
  size_t threads = 0;  // 0: every core that the process may use
  uint64_t seed = 1;

  size_t ThreadCount() const;
  // The report of this run, on the standard output.
  std::unique_ptr<Report> StartReport(const std::string& bench) const;
};

// A subcommand and what it does once its options are parsed.
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

// --json, --threads, --seed.
void AddCommonFlags(FlagSet command, CommonFlags* flags);
// Lists are given as "1,2,4" or by repeating the option.
Flag AddCodeBits(FlagSet command, std::vector<int>* code_bits);

// The values of flags, by name.
const std::map<std::string, Metric>& MetricNames();
const std::map<std::string, Residual>& ResidualNames();
const std::map<std::string, Centering>& CenteringNames();
const std::map<std::string, storage::StoreVectors>& StoreVectorsNames();
const std::map<std::string, Stages>& StagesNames();

// As they are written on the command line and in results.
std::string NameOf(Metric metric);
std::string NameOf(Residual residual);
std::string NameOf(Centering centering);
std::string NameOf(storage::StoreVectors store);
std::string NameOf(Stages stages);

// --server, --address, --dir.
void AddTargetFlags(FlagSet command, TargetFlags* flags);
// --metric, --code-bits, --residual, --centering.
void AddSpaceFlags(FlagSet command, SpaceFlags* flags);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_COMMANDS_COMMAND_H_
