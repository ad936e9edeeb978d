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
    // An unknown level is no error here: programs refuse it at their start (choice.h).
    const char* forced = std::getenv("TQDB_SIMD");
    const Kernels* level = forced != nullptr ? FindKernels(forced) : nullptr;
    return level != nullptr ? *level : *AvailableKernels().back();
  }();
  return best;
}

SignPrefetch BestSignPrefetch() {
  // The maker of the processor decides, and no measurement at start. It is a difference of design,
  // large and beyond what noise could turn around, for planes beyond the second-level cache:
  // - Intel (Emerald Rapids), one query to eight: asking is 1.3 to 2.1 times as fast. The
  //   prefetcher stops at every page and stays a few lines ahead.
  // - AMD (Zen 4), one query: asking is 1.3 times slower. Its prefetcher follows one stream best
  //   when nothing is mixed into it. Two queries to eight read four quarters of a block at a time,
  //   between tables of their own: there asking is 1.2 to 1.3 times as fast.
  // A table decides the same on every start, so that the figures of two runs can be compared. A
  // measurement would cost every short-lived process some ms, and a neighbour that is busy just
  // then would decide for the life of a server. A maker that nobody has measured gets the plain
  // form, which relies on less. `tqdb-bench scan --sign-prefetch on,several,off` measures them.
  static const SignPrefetch best = [] {
    if (const char* forced = std::getenv("TQDB_SIGN_PREFETCH")) {
      for (SignPrefetch form : {SignPrefetch::kOff, SignPrefetch::kSeveral, SignPrefetch::kOn}) {
        if (std::strcmp(forced, kSignPrefetchNames[int(form)]) == 0) return form;
      }
    }
#if defined(__x86_64__)
    if (__builtin_cpu_is("intel")) return SignPrefetch::kOn;
    if (__builtin_cpu_is("amd")) return SignPrefetch::kSeveral;
#endif
    return SignPrefetch::kOff;
  }();
  return best;
}

Kernels WithSignPrefetch(const Kernels& kernels, SignPrefetch form) {
  Kernels changed = kernels;
  changed.scan_signs = kernels.scan_signs_forms[int(form)];
  return changed;
}

}  // namespace tqdb
