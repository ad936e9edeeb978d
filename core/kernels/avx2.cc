// AVX2 level: the table, and which CPUs have it (AVX2 and FMA: Haswell, Zen and later).
#include "core/kernels/kernels.h"

#if defined(__x86_64__)

#include "core/kernels/avx2_parts.h"
#include "core/kernels/scalar_parts.h"

namespace tqdb {

const Kernels* Avx2Kernels() {
  static const Kernels kernels = {
      .name = "avx2",
      .plane_group = 1,
      .plane_rows = 64,
      .mix_rows = avx2::MixRows,
      .hadamard = avx2::Hadamard,
      .norm_squared = avx2::NormSquared,
      .center = avx2::Center,
      .quantize = avx2::Quantize,
      .append_residual = avx2::AppendResidual,
      .pack_fields = avx2::PackFields,
      .unpack_fields = avx2::UnpackFields,
      .scan_signs = avx2::ScanSigns,
      .scan_signs_forms = {avx2::ScanSigns, avx2::ScanSigns, avx2::ScanSigns},
      .sum_codes = avx2::SumCodes,
      .pack_weights = scalar::PackWeights,
      .survivors = avx2::Survivors,
      .code_dot = avx2::CodeDot,
      .residual_dot = avx2::ResidualDot,
  };
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : nullptr;
}

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* Avx2Kernels() { return nullptr; }
}  // namespace tqdb

#endif
