// The tqdb-server of this build as a child process of a test.
#ifndef TQDB_TESTS_SUPPORT_BUILT_SERVER_H_
#define TQDB_TESTS_SUPPORT_BUILT_SERVER_H_

#include <string>

#include "absl/time/time.h"
#include "base/server_process.h"

namespace tqdb::testing {

// Completes the options: the program is the one of this build, and it answers once it is serving.
ServerProcess::Options BuiltServer(ServerProcess::Options options);

// Returns whether the health service at the address says that the server is serving. Waits for that
// at most until the timeout.
bool IsServing(const std::string& address, absl::Duration timeout);

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_BUILT_SERVER_H_
