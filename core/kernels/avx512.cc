// The two AVX-512 levels: their tables, and which CPUs have them.
//
// clang-format off
//   avx512vnni   F, BW, DQ, VL, VNNI: Cascade Lake and later
//   avx512       these and VBMI: Ice Lake, Zen 4 and later
// clang-format on
//
// They share every function but the scans. With VBMI one instruction looks bytes up in a table of
// 64 entries, so the plane has another layout (plane_group 4).
#include "core/kernels/kernels.h"

#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include "core/kernels/avx512_parts.h"

namespace tqdb {

namespace {

Kernels MakeVnniTable() {
  return {
      .name = TQDB_LEVEL_NAME("avx512vnni"),
      .plane_group = 1,
      .plane_rows = 64,
      // Measured figures. AVX-512 expands codes fast, so the code stage pays earlier than on AVX2.
      .codes_pay_for_one = 0.12,
      .codes_pay_for_many = 0.02,
      .mix_rows = TQDB_AVX512::MixRows,
      .hadamard = TQDB_AVX512::Hadamard,
      .norm_squared = TQDB_AVX512::NormSquared,
      .center = TQDB_AVX512::Center,
      .quantize = TQDB_AVX512::Quantize,
      .append_residual = TQDB_AVX512::AppendResidual,
      .pack_fields = TQDB_AVX512::PackFields,
      .unpack_fields = TQDB_AVX512::UnpackFields,
      .scan_signs = TQDB_AVX512::ScanSignBytes,
      .scan_signs_forms = {TQDB_AVX512::ScanSignBytes, TQDB_AVX512::ScanSignBytes,
                           TQDB_AVX512::ScanSignBytes},
      .sum_codes = TQDB_AVX512::SumCodesVnni,
      .pack_weights = TQDB_AVX512::PackWeights,
      .survivors = TQDB_AVX512::Survivors,
      .code_dot = TQDB_AVX512::CodeDot,
      .residual_dot = TQDB_AVX512::ResidualDot,
  };
}

Kernels MakeVbmiTable() {
  Kernels kernels = MakeVnniTable();
  kernels.name = TQDB_LEVEL_NAME("avx512");
  kernels.plane_group = 4;
  kernels.plane_rows = 16;
  kernels.scan_signs_forms[int(SignPrefetch::kOff)] = TQDB_AVX512::ScanSigns;
  kernels.scan_signs_forms[int(SignPrefetch::kSeveral)] = TQDB_AVX512::ScanSignsAskingForSeveral;
  kernels.scan_signs_forms[int(SignPrefetch::kOn)] = TQDB_AVX512::ScanSignsAsking;
  kernels.scan_signs = kernels.scan_signs_forms[int(BestSignPrefetch())];
  kernels.expands_8_bits = true;
  kernels.sum_codes = TQDB_AVX512::SumCodes;
  return kernels;
}

const Kernels& VnniTable() {
  static const Kernels kernels = MakeVnniTable();
  return kernels;
}

const Kernels& VbmiTable() {
  static const Kernels kernels = MakeVbmiTable();
  return kernels;
}

}  // namespace

#if defined(TQDB_EMULATE_AVX512)

const Kernels* EmulatedAvx512VnniKernels() { return &VnniTable(); }
const Kernels* EmulatedAvx512Kernels() { return &VbmiTable(); }

#else

const Kernels* Avx512VnniKernels() {
  static const bool supported =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni");
  return supported ? &VnniTable() : nullptr;
}

const Kernels* Avx512Kernels() {
  static const bool supported =
      Avx512VnniKernels() != nullptr && __builtin_cpu_supports("avx512vbmi");
  return supported ? &VbmiTable() : nullptr;
}

#endif

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* Avx512VnniKernels() { return nullptr; }
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace tqdb

#endif
