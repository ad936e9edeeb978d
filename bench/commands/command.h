// The parts that all subcommands share: registration, common options, and the names of enums on the
// command line.
#ifndef TQDB_BENCH_COMMANDS_COMMAND_H_
#define TQDB_BENCH_COMMANDS_COMMAND_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/measure/report.h"
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
  CLI::App* app;
  std::function<absl::Status()> run;
};

Command AddCodecCommand(CLI::App& app);
Command AddRecallCommand(CLI::App& app);
Command AddScanCommand(CLI::App& app);
Command AddEncodeCommand(CLI::App& app);
Command AddIngestCommand(CLI::App& app);
Command AddSearchCommand(CLI::App& app);
Command AddRecoverCommand(CLI::App& app);
Command AddFilterCommand(CLI::App& app);
Command AddGenerateCommand(CLI::App& app);
Command AddSparseCommand(CLI::App& app);

// Adds --json, --threads and --seed.
void AddCommonFlags(CLI::App* command, CommonFlags* flags);
// Adds --code-bits, a list: "1,2,4", or the option several times.
CLI::Option* AddCodeBits(CLI::App* command, std::vector<int>* code_bits);

// Names of enums, in the form that CLI::CheckedTransformer takes.
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

// Returns the names of an enum for the help, such as "{auto,off}".
template <typename Enum>
std::string ChoicesText(const std::map<std::string, Enum>& names) {
  std::string text;
  for (const auto& [name, value] : names) text += (text.empty() ? "{" : ",") + name;
  return text + "}";
}

template <typename Enum>
CLI::Option* AddEnum(CLI::App* command, const std::string& name, Enum* value,
                     const std::map<std::string, Enum>& names, const std::string& help) {
  return command->add_option(name, *value, help)
      ->transform(CLI::CheckedTransformer(names, CLI::ignore_case))
      ->option_text(ChoicesText(names));
}

template <typename Enum>
CLI::Option* AddEnumList(CLI::App* command, const std::string& name, std::vector<Enum>* values,
                         const std::map<std::string, Enum>& names, const std::string& help) {
  return command->add_option(name, *values, help)
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(names, CLI::ignore_case))
      ->option_text(ChoicesText(names));
}

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_COMMANDS_COMMAND_H_
