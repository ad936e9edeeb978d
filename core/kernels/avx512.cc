// AVX-512 level: the table, and which CPUs have it (F, BW, DQ, VL, VBMI, VNNI: Ice Lake, Zen 4 and later).
#include "core/kernels/kernels.h"

#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include "core/kernels/avx512_parts.h"

namespace tqdb {

namespace {

const Kernels& Table() {
  // Encoding packs no faster with wider vectors.
  const Kernels* narrow = Avx2Kernels() != nullptr ? Avx2Kernels() : ScalarKernels();
  static const Kernels kernels = {
      .name = "avx512",
      .plane_group = 4,
      .deal_rows = TQDB_AVX512::DealRows,
      .hadamard = TQDB_AVX512::Hadamard,
      .norms = TQDB_AVX512::Norms,
      .quantize = TQDB_AVX512::Quantize,
      .signed_sum = TQDB_AVX512::SignedSum,
      .residual = TQDB_AVX512::ResidualOf,
      .pack_signs = TQDB_AVX512::PackSigns,
      .append_signs = narrow->append_signs,
      .pack_fields = narrow->pack_fields,
      .unpack_fields = TQDB_AVX512::UnpackFields,
      .scan_signs = TQDB_AVX512::ScanSigns,
      .gather_signs = TQDB_AVX512::GatherSigns,
      .expand_codes = TQDB_AVX512::ExpandCodes,
      .dot_codes = TQDB_AVX512::DotCodes,
      .survivors = TQDB_AVX512::Survivors,
      .code_dot = TQDB_AVX512::CodeDot,
      .residual_dot = TQDB_AVX512::ResidualDot,
  };
  return kernels;
}

}  // namespace

#if defined(TQDB_EMULATE_AVX512)
const Kernels* EmulatedAvx512Kernels() { return &Table(); }
#else
const Kernels* Avx512Kernels() {
  static const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                                __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
  return supported ? &Table() : nullptr;
}
#endif

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace tqdb

#endif
