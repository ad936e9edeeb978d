// Every kernel level that can be tested here: the levels that this CPU runs, and on x86 also the
// AVX-512 and AMX levels over portable intrinsics, so that every machine tests them.
#ifndef TQDB_TESTS_SUPPORT_ALL_KERNELS_H_
#define TQDB_TESTS_SUPPORT_ALL_KERNELS_H_

#include <vector>

#include "core/kernels/kernels.h"

namespace tqdb {

// Levels of core/kernels/avx512.cc and amx.cc, built with TQDB_EMULATE_AVX512.
const Kernels* EmulatedAvx512VnniKernels();
const Kernels* EmulatedAvx512Kernels();
const Kernels* EmulatedAmxKernels();

namespace testing {

inline std::vector<const Kernels*> TestableKernels() {
  std::vector<const Kernels*> levels = AvailableKernels();
#if defined(__x86_64__)
  levels.push_back(EmulatedAvx512VnniKernels());
  levels.push_back(EmulatedAvx512Kernels());
  levels.push_back(EmulatedAmxKernels());
#endif
  return levels;
}

}  // namespace testing
}  // namespace tqdb

#endif  // TQDB_TESTS_SUPPORT_ALL_KERNELS_H_
