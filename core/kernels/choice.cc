#include "core/kernels/choice.h"

#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/kernels/kernels.h"

namespace tqdb {
namespace {

absl::Status CheckName(absl::string_view variable, const char* value,
                       const std::vector<absl::string_view>& allowed) {
  if (value == nullptr || *value == '\0') return absl::OkStatus();
  for (absl::string_view name : allowed) {
    if (name == value) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(variable, ": '", value,
                                                 "' is not available on this CPU; allowed are ",
                                                 absl::StrJoin(allowed, ", ")));
}

}  // namespace

absl::Status CheckKernelChoice(const char* simd, const char* sign_prefetch) {
  std::vector<absl::string_view> levels;
  for (const Kernels* level : AvailableKernels()) levels.push_back(level->name);
  const absl::Status status = CheckName("TQDB_SIMD", simd, levels);
  if (!status.ok()) return status;
  return CheckName("TQDB_SIGN_PREFETCH", sign_prefetch,
                   {std::begin(kSignPrefetchNames), std::end(kSignPrefetchNames)});
}

}  // namespace tqdb
