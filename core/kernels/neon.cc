// NEON level: the table, and which CPUs have it (64-bit ARM with the dot-product extension:
// Cortex-A76, Neoverse N1 and later).
#include "core/kernels/kernels.h"

#if defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

#include "core/kernels/neon_parts.h"
#include "core/kernels/scalar_parts.h"

namespace tqdb {

namespace {

constexpr Kernels kTable = {
    .name = "neon",
    .plane_group = 1,
    .plane_rows = 64,
    .expands_8_bits = true,
    .mix_rows = neon::MixRows,
    .hadamard = neon::Hadamard,
    .norm_squared = neon::NormSquared,
    .center = neon::Center,
    .quantize = neon::Quantize,
    .append_residual = neon::AppendResidual,
    .pack_fields = neon::PackFields,
    .unpack_fields = neon::UnpackFields,
    .scan_signs = neon::ScanSigns,
    .scan_signs_forms = {neon::ScanSigns, neon::ScanSigns, neon::ScanSigns},
    .sum_codes = neon::SumCodes,
    .pack_weights = scalar::PackWeights,
    .survivors = neon::Survivors,
    .code_dot = neon::CodeDot,
    .residual_dot = neon::ResidualDot,
};

}  // namespace

const Kernels* NeonKernels() {
  static const bool supported = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  return supported ? &kTable : nullptr;
}

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* NeonKernels() { return nullptr; }
}  // namespace tqdb

#endif
