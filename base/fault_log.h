// Where faults of the machine are reported: a failed sync, a disk that is full. No caller need hear
// of them, for example when a background flush fails, or hears of them only as a refusal. So
// whoever runs the process sets a function that writes them where an operator looks.
//
// Thread-safe.
#ifndef TQDB_BASE_FAULT_LOG_H_
#define TQDB_BASE_FAULT_LOG_H_

#include "absl/strings/string_view.h"

namespace tqdb {

enum class FaultState { kBegins, kIsOver };

// Writes one message somewhere. Must not throw, and may be called by several threads at once.
using FaultLogger = void (*)(FaultState state, absl::string_view message);

// Sets the function for all faults from now on. Null, the value at the start, drops them.
void SetFaultLogger(FaultLogger logger);
void LogFault(FaultState state, absl::string_view message);

}  // namespace tqdb

#endif  // TQDB_BASE_FAULT_LOG_H_
