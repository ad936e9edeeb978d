// NEON level: the table, and which CPUs have it (64-bit ARM with the dot-product extension: Cortex-A76,
// Neoverse N1 and later).
#include "core/kernels/kernels.h"

#if defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

#include "core/kernels/neon_parts.h"

namespace tqdb {

namespace {

const Kernels& Table() {
  // The rest is the specification's.
  static const Kernels kernels = [] {
    Kernels table = *ScalarKernels();
    table.name = "neon";
    table.plane_group = 1;
    table.pack_fields = neon::PackFields;
    table.unpack_fields = neon::UnpackFields;
    table.scan_signs = neon::ScanSigns;
    table.gather_signs = neon::GatherSigns;
    table.expand_codes = neon::ExpandCodes;
    table.dot_codes = neon::DotCodes;
    table.survivors = neon::Survivors;
    table.code_dot = neon::CodeDot;
    table.residual_dot = neon::ResidualDot;
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
