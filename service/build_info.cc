#include "service/build_info.h"

namespace tqdb::service {

// The macros come from CMake and are defined for this file alone: a new commit recompiles one file.
const char* Version() { return TQDB_VERSION; }
const char* Commit() { return TQDB_COMMIT; }

}  // namespace tqdb::service
