// NEON level: the table, and which CPUs have it (64-bit ARM with the dot-product extension: Cortex-A76,
// Neoverse N1 and later).
#include "core/kernels/kernels.h"

#if defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

namespace tqdb {

namespace {

const Kernels& Table() {
  // The rest is the specification's.
  static const Kernels kernels = [] {
    Kernels table = *ScalarKernels();
    table.name = "neon";
    return table;
  }();
  return kernels;
}

}  // namespace

const Kernels* NeonKernels() {
  static const bool supported = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  return supported ? &Table() : nullptr;
}

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* NeonKernels() { return nullptr; }
}  // namespace tqdb

#endif
