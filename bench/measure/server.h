// The tqdb-server that a benchmark starts for itself.
#ifndef TQDB_BENCH_MEASURE_SERVER_H_
#define TQDB_BENCH_MEASURE_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/server_process.h"

namespace tqdb::bench {

// Returns ../server/tqdb-server beside this program, as the build folder and an installation beside
// each other have them; else tqdb-server in the folder of this program. NotFound names both.
absl::StatusOr<std::string> FindServerBinary();

// Starts `program`, or FindServerBinary() where it is empty, and returns when it answers a call.
// The log goes to DATA_DIRECTORY.log. The child ends with the thread that calls this: call it on
// the main thread.
absl::StatusOr<std::unique_ptr<ServerProcess>> StartServer(const std::string& program,
                                                           const std::string& data_directory);

// Stops a server. Internal when it does not end with code 0.
absl::Status StopServer(ServerProcess& server);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SERVER_H_
