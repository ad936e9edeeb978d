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

void AddCommonFlags(CLI::App* command, CommonFlags* flags) {
  command->add_flag("--json", flags->json, "Print one JSON object a line instead of a table");
  command->add_option("--threads", flags->threads, "Threads of this program; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "Of everything random")->capture_default_str();
}

CLI::Option* AddCodeBits(CLI::App* command, std::vector<int>* code_bits) {
  return command->add_option("--code-bits", *code_bits, "Bits of a code per dimension; a list")
      ->delimiter(',')
      ->check(CLI::IsMember({1, 2, 3, 4, 8}))
      ->capture_default_str();
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
