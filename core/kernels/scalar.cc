// Scalar level: the table. Its functions, in scalar_encode.cc and scalar_scan.cc, are the
// specification: every other level must return the same bits. They are written to be read, in the
// order of kernels.h, and run on any CPU.
#include "core/kernels/kernels.h"
#include "core/kernels/scalar_parts.h"

namespace tqdb {

const Kernels* ScalarKernels() {
  static const Kernels kernels = {
      .name = "scalar",
      .plane_group = 1,
      .plane_rows = 64,
      .mix_rows = scalar::MixRows,
      .hadamard = scalar::Hadamard,
      .norm_squared = scalar::NormSquared,
      .center = scalar::Center,
      .quantize = scalar::Quantize,
      .append_residual = scalar::AppendResidual,
      .pack_fields = scalar::PackFields,
      .unpack_fields = scalar::UnpackFields,
      .scan_signs = scalar::ScanSigns,
      .scan_signs_forms = {scalar::ScanSigns, scalar::ScanSigns, scalar::ScanSigns},
      .sum_codes = scalar::SumCodes,
      .pack_weights = scalar::PackWeights,
      .survivors = scalar::Survivors,
      .code_dot = scalar::CodeDot,
      .residual_dot = scalar::ResidualDot,
  };
  return &kernels;
}

}  // namespace tqdb
