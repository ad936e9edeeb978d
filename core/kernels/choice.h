// Checks what the environment asks of the kernels. Programs call it at their start: kernels.h takes
// an unknown name as not set, since core has nowhere to report it.
#ifndef TQDB_CORE_KERNELS_CHOICE_H_
#define TQDB_CORE_KERNELS_CHOICE_H_

#include "absl/status/status.h"

namespace tqdb {

// Takes the values of TQDB_SIMD and TQDB_SIGN_PREFETCH; null or empty means not set.
// InvalidArgument for a name that is unknown or that this CPU cannot run; the message has the
// variable, the value and the names allowed.
absl::Status CheckKernelChoice(const char* simd, const char* sign_prefetch);

}  // namespace tqdb

#endif  // TQDB_CORE_KERNELS_CHOICE_H_
