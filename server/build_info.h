// Which build of tqdb this is.
#ifndef TQDB_SERVER_BUILD_INFO_H_
#define TQDB_SERVER_BUILD_INFO_H_

namespace tqdb::server {

const char* Version();  // "0.1.0"
const char* Commit();   // twelve hexadecimal digits, or "unknown"

}  // namespace tqdb::server

#endif  // TQDB_SERVER_BUILD_INFO_H_
