#include <cstdlib>
#include <cstring>

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

bool PrefetchesSigns() {
  // The maker of the processor decides, and no measurement at start. It is a difference of design,
  // large in both directions and beyond what noise could turn around:
  // - Intel (Emerald Rapids), planes beyond the second-level cache, one query to eight: asking is
  //   1.3 to 2.1 times as fast. The prefetcher stops at every page and stays a few lines ahead.
  // - AMD (Zen 4), one query: asking is 1.3 to 1.9 times slower. Its prefetcher follows one stream
  //   best when nothing is mixed into it.
  // A table decides the same on every start, so that the figures of two runs can be compared. A
  // measurement would cost every short-lived process some ms, and a neighbour that is busy just
  // then would decide for the life of a server. A maker that nobody has measured gets the plain
  // form, which relies on less. `tqdb-bench scan --sign-prefetch on,off` measures both.
  static const bool on = [] {
    if (const char* forced = std::getenv("TQDB_SIGN_PREFETCH")) {
      if (std::strcmp(forced, "on") == 0) return true;
      if (std::strcmp(forced, "off") == 0) return false;
    }
#if defined(__x86_64__)
    return __builtin_cpu_is("intel") != 0;
#else
    return false;
#endif
  }();
  return on;
}

Kernels WithSignPrefetch(const Kernels& kernels, bool on) {
  Kernels changed = kernels;
  changed.scan_signs = kernels.scan_signs_forms[on ? 1 : 0];
  return changed;
}

}  // namespace tqdb
