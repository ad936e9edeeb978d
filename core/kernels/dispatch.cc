#include <cstdlib>

#include "core/kernels/kernels.h"

namespace tqdb {

// The order is that of speed: the last one available is the best.
std::vector<const Kernels*> AvailableKernels() {
  std::vector<const Kernels*> levels;
  for (const Kernels* level : {ScalarKernels(), Avx2Kernels(), Avx512VnniKernels(), Avx512Kernels(),
                               AmxKernels(), NeonKernels()}) {
    if (level != nullptr) levels.push_back(level);
  }
  return levels;
}

const Kernels* FindKernels(absl::string_view name) {
  for (const Kernels* level : AvailableKernels()) {
    if (name == level->name) return level;
  }
  return nullptr;
}

const Kernels& BestKernels() {
  static const Kernels& best = [&]() -> const Kernels& {
    // An unknown level is no error here, because core has nowhere to report it: the server logs the
    // level that is in use.
    const char* forced = std::getenv("TQDB_SIMD");
    const Kernels* level = forced != nullptr ? FindKernels(forced) : nullptr;
    return level != nullptr ? *level : *AvailableKernels().back();
  }();
  return best;
}

}  // namespace tqdb
