// The address on which the server listens. It is resolved once, and tried before gRPC tries it.
#ifndef TQDB_SERVER_LISTEN_ADDRESS_H_
#define TQDB_SERVER_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tqdb::server {

// Returns the numeric form of an address or host name, IPv6 in brackets: "127.0.0.1", "[::1]".
// InvalidArgument when it cannot be resolved.
absl::StatusOr<std::string> ResolveListenAddress(const std::string& listen);

// Returns whether a resolved address can be reached from this machine only.
bool IsLoopback(const std::string& address);

// Returns a socket that listens on `port` of a resolved address, 0 for a free port; the caller
// closes it. "[::]" takes IPv4 too. Unavailable with the reason and the option `flag` to change.
absl::StatusOr<int> ListenOn(const std::string& address, int port, const char* flag);

// Returns OK when `port` of a resolved address can be bound now. gRPC only says that it
// failed. This function also says why: it returns Unavailable with the reason of the operating
// system and the option `flag` to change.
absl::Status CheckPortFree(const std::string& address, int port, const char* flag);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_LISTEN_ADDRESS_H_
