#include "server/listen_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tqdb::server {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// Returns the addresses of a host, for listening. `flags` are further flags of getaddrinfo.
absl::StatusOr<AddressList> Resolve(const std::string& host, int port, int flags) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &list);
  if (error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on '", host, "' (--listen): ", gai_strerror(error)));
  }
  return AddressList(list, &freeaddrinfo);
}

// Returns an address without the brackets of IPv6. gRPC needs them before a port, but
// getaddrinfo refuses them.
std::string WithoutBrackets(const std::string& address) {
  if (address.size() < 2 || address.front() != '[') return address;
  return address.substr(1, address.size() - 2);
}

}  // namespace

absl::StatusOr<std::string> ResolveListenAddress(const std::string& listen) {
  absl::StatusOr<AddressList> list = Resolve(WithoutBrackets(listen), 0, 0);
  if (!list.ok()) return list.status();
  char host[NI_MAXHOST];
  const addrinfo& first = **list;
  const int error =
      getnameinfo(first.ai_addr, first.ai_addrlen, host, sizeof(host), nullptr, 0, NI_NUMERICHOST);
  if (error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on '", listen, "' (--listen): ", gai_strerror(error)));
  }
  return first.ai_family == AF_INET6 ? absl::StrCat("[", host, "]") : std::string(host);
}

bool IsLoopback(const std::string& address) {
  // The last form is an IPv4 address written as one of IPv6.
  return absl::StartsWith(address, "127.") || address == "[::1]" ||
         absl::StartsWith(address, "[::ffff:127.");
}

absl::StatusOr<int> ListenOn(const std::string& address, int port, const char* flag) {
  absl::StatusOr<AddressList> list = Resolve(WithoutBrackets(address), port, AI_NUMERICHOST);
  if (!list.ok()) return list.status();
  const addrinfo& first = **list;
  const int fd = socket(first.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("no socket: ", std::strerror(errno)));
  // Without this option, old connections of a server that has just stopped would keep the port.
  const int on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (first.ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, first.ai_addr, first.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ":", port,
                                             " (--listen, ", flag, "): ", std::strerror(error)));
}

absl::Status CheckPortFree(const std::string& address, int port, const char* flag) {
  if (port == 0) return absl::OkStatus();
  TQDB_ASSIGN_OR_RETURN(const int fd, ListenOn(address, port, flag));
  close(fd);
  return absl::OkStatus();
}

}  // namespace tqdb::server
