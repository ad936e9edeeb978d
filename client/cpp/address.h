// Addresses of servers, and the proxies that the environment puts before them. Internal to the
// library.
#ifndef TQDB_CLIENT_CPP_ADDRESS_H_
#define TQDB_CLIENT_CPP_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::client {

// Returns the address as gRPC takes it, with the default port where there is none: "db" becomes
// "db:6334", "::1" becomes "[::1]:6334". Other forms of gRPC (unix:/path, dns:///name) stay as they
// are. InvalidArgument for an empty address, for a URL such as http://db, and for a port that is no
// number in 1..65535.
absl::StatusOr<std::string> NormalizeAddress(absl::string_view address);

// Returns whether the server is on this machine: a Unix socket, localhost, 127.x.x.x or ::1.
// Requires: NormalizeAddress returned the address.
bool IsLoopback(absl::string_view address);

// Returns the proxy that gRPC goes through, with the variable of the environment that names it:
// "proxy:3128 (http_proxy)". Returns an empty text if there is none. Leaves out user and password.
// Requires: NormalizeAddress returned the address.
std::string ProxyBefore(absl::string_view address);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_ADDRESS_H_
