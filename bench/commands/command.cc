#include "bench/commands/command.h"

#include <iostream>

#include "bench/measure/environment.h"

namespace tqdb::bench {
namespace {

template <typename Enum>
std::string KeyOf(const std::map<std::string, Enum>& names, Enum value) {
  for (const auto& [name, named] : names) {
    if (named == value) return name;
  }
  return "unknown";
}

}  // namespace

size_t CommonFlags::ThreadCount() const {
  return threads != 0 ? threads : DescribeEnvironment().cores;
}

std::unique_ptr<Report> CommonFlags::StartReport(const std::string& bench) const {
  RunInfo info;
  info.bench = bench;
  info.environment = DescribeEnvironment();
  info.threads = ThreadCount();
  info.seed = seed;
  return std::make_unique<Report>(std::move(info), json, std::cout);
}

void AddCommonFlags(FlagSet command, CommonFlags* flags) {
  command.AddSwitch("--json", flags->json, "Print one JSON object a line instead of a table");
  command.Add("--threads", flags->threads, "Threads of this program; 0: one per core")
      .InRange(0, 1024)
      .ShowDefault();
  command.Add("--seed", flags->seed, "Of everything random").ShowDefault();
}

Flag AddCodeBits(FlagSet command, std::vector<int>* code_bits) {
  return command.Add("--code-bits", *code_bits, "Bits of a code per dimension; a list")
      .Separator(',')
      .OneOfNumbers({1, 2, 3, 4, 8})
      .ShowDefault();
}

Flag AddTargetFlags(FlagSet command, TargetFlags* flags) {
  Flag address = command.Add("--address", flags->address,
                             "Of a running server, host:port; default: one is started for the run");
  command.Add("--server", flags->server, "Program to start; default: tqdb-server of this build")
      .ExistingFile()
      .Excludes(address);
  command.Add("--dir", flags->directory,
              "Where scratch databases are made; default TMPDIR, else /tmp");
  return address;
}

void AddSpaceFlags(FlagSet command, SpaceFlags* flags) {
  command.AddChoice("--metric", flags->metric, MetricNames(), "Default cosine");
  command.Add("--code-bits", flags->code_bits, "Bits of a code per dimension")
      .OneOfNumbers({1, 2, 3, 4, 8})
      .ShowDefault();
  command.AddChoice("--residual", flags->residual, ResidualNames(), "Residual stage; default qjl");
  command.AddChoice("--centering", flags->centering, CenteringNames(),
                    "Guarded mean; default auto");
}

const std::map<std::string, Metric>& MetricNames() {
  static const auto& names = *new std::map<std::string, Metric>{
      {"cosine", Metric::kCosine}, {"dot", Metric::kDot}, {"l2", Metric::kL2}};
  return names;
}

const std::map<std::string, Residual>& ResidualNames() {
  static const auto& names =
      *new std::map<std::string, Residual>{{"none", Residual::kNone}, {"qjl", Residual::kQjl}};
  return names;
}

const std::map<std::string, Centering>& CenteringNames() {
  static const auto& names =
      *new std::map<std::string, Centering>{{"auto", Centering::kAuto}, {"off", Centering::kOff}};
  return names;
}

const std::map<std::string, storage::StoreVectors>& StoreVectorsNames() {
  using storage::StoreVectors;
  static const auto& names = *new std::map<std::string, StoreVectors>{
      {"none", StoreVectors::kNone}, {"f16", StoreVectors::kF16}, {"f32", StoreVectors::kF32}};
  return names;
}

const std::map<std::string, Stages>& StagesNames() {
  static const auto& names = *new std::map<std::string, Stages>{
      {"auto", Stages::kAuto}, {"signs", Stages::kSigns}, {"codes", Stages::kCodes}};
  return names;
}

std::string NameOf(Metric metric) { return KeyOf(MetricNames(), metric); }
std::string NameOf(Residual residual) { return KeyOf(ResidualNames(), residual); }
std::string NameOf(Centering centering) { return KeyOf(CenteringNames(), centering); }
std::string NameOf(storage::StoreVectors store) { return KeyOf(StoreVectorsNames(), store); }
std::string NameOf(Stages stages) { return KeyOf(StagesNames(), stages); }

}  // namespace tqdb::bench
