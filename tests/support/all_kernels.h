// Every kernel level that can be tested here: those that this CPU runs, and on x86 the AVX-512 levels over
// portable intrinsics where it does not.
#ifndef TQDB_TESTS_SUPPORT_ALL_KERNELS_H_
#define TQDB_TESTS_SUPPORT_ALL_KERNELS_H_

#include <vector>

#include "core/kernels/kernels.h"

namespace tqdb {

// Of core/kernels/avx512.cc built with TQDB_EMULATE_AVX512.
const Kernels* EmulatedAvx512VnniKernels();
const Kernels* EmulatedAvx512Kernels();

namespace testing {

inline std::vector<const Kernels*> TestableKernels() {
  std::vector<const Kernels*> levels = AvailableKernels();
#if defined(__x86_64__)
  if (Avx512VnniKernels() == nullptr) levels.push_back(EmulatedAvx512VnniKernels());
  if (Avx512Kernels() == nullptr) levels.push_back(EmulatedAvx512Kernels());
#endif
  return levels;
}

}  // namespace testing
}  // namespace tqdb

#endif  // TQDB_TESTS_SUPPORT_ALL_KERNELS_H_
