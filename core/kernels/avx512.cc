#include "core/kernels/kernels.h"
namespace tqdb {
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace tqdb
