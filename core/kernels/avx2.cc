// AVX2 level: the table, and which CPUs have it.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)

#include "core/kernels/avx2_parts.h"

namespace tqdb {

const Kernels* Avx2Kernels() {
  static const Kernels kernels = {
      .name = "avx2",
      .plane_group = 1,
      .deal_rows = avx2::DealRows,
      .hadamard = avx2::Hadamard,
      .norms = avx2::Norms,
      .quantize = avx2::Quantize,
      .signed_sum = avx2::SignedSum,
      .residual = avx2::ResidualOf,
      .pack_signs = avx2::PackSigns,
      .append_signs = avx2::AppendSigns,
      .pack_fields = avx2::PackFields,
      .unpack_fields = avx2::UnpackFields,
      .scan_signs = avx2::ScanSigns,
      .gather_signs = avx2::GatherSigns,
      .expand_codes = avx2::ExpandCodes,
      .dot_codes = avx2::DotCodes,
      .survivors = avx2::Survivors,
      .code_dot = avx2::CodeDot,
      .residual_dot = avx2::ResidualDot,
  };
  return __builtin_cpu_supports("avx2") ? &kernels : nullptr;
}

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* Avx2Kernels() { return nullptr; }
}  // namespace tqdb

#endif
