// Which build of tqdb this is.
#ifndef TQDB_SERVICE_BUILD_INFO_H_
#define TQDB_SERVICE_BUILD_INFO_H_

namespace tqdb::service {

const char* Version();  // "0.1.0"
const char* Commit();   // twelve hexadecimal digits, or "unknown"

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_BUILD_INFO_H_
