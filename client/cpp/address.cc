#include "client/cpp/address.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tqdb::client {
namespace {

constexpr int kDefaultPort = 6334;
// The variables of gRPC, in its order.
constexpr const char* kProxyVariables[] = {"grpc_proxy", "https_proxy", "http_proxy"};
constexpr const char* kNoProxyVariables[] = {"no_grpc_proxy", "no_proxy"};

absl::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Returns whether the address has a form that names its resolver, such as unix:/path.
bool HasScheme(absl::string_view address) {
  for (const char* scheme : {"unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "vsock:"}) {
    if (absl::StartsWith(address, scheme)) return true;
  }
  return absl::StrContains(address, "://");
}

// Returns the host of host:port, without brackets.
absl::string_view HostOf(absl::string_view address) {
  const size_t slash = address.rfind('/');
  if (slash != address.npos) address.remove_prefix(slash + 1);
  if (absl::StartsWith(address, "[")) return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.rfind(':'));
}

absl::Status Bad(absl::string_view address, absl::string_view need) {
  return absl::InvalidArgumentError(absl::StrCat("address: \"", address, "\"; ", need));
}

}  // namespace

absl::StatusOr<std::string> NormalizeAddress(absl::string_view address) {
  if (address.empty()) {
    return absl::InvalidArgumentError("address: must not be empty; give host:port or unix:/path");
  }
  for (const char* scheme : {"http://", "https://", "grpc://", "grpcs://"}) {
    if (absl::StartsWithIgnoreCase(address, scheme)) {
      return Bad(address,
                 "give host:port without http://, and turn TLS on for an encrypted server");
    }
  }
  if (HasScheme(address)) return std::string(address);
  const auto colons = std::count(address.begin(), address.end(), ':');
  const bool bracketed = absl::StartsWith(address, "[");
  if (colons > 1 && !bracketed) return absl::StrCat("[", address, "]:", kDefaultPort);
  const size_t end_of_host = bracketed ? address.find(']') : address.find(':');
  if (bracketed && end_of_host == address.npos) return Bad(address, "\"[\" has no \"]\"");
  const absl::string_view rest =
      end_of_host == address.npos ? "" : address.substr(end_of_host + (bracketed ? 1 : 0));
  if (rest.empty()) return absl::StrCat(address, ":", kDefaultPort);
  int port = 0;
  if (rest[0] != ':' || !absl::SimpleAtoi(rest.substr(1), &port) || port < 1 || port > 65535) {
    return Bad(address, "the port must be a number in 1..65535");
  }
  if (HostOf(address).empty()) return Bad(address, "give a host before the port");
  return std::string(address);
}

bool IsLoopback(absl::string_view address) {
  if (absl::StartsWith(address, "unix:") || absl::StartsWith(address, "unix-abstract:"))
    return true;
  const absl::string_view host = HostOf(address);
  return absl::EqualsIgnoreCase(host, "localhost") || absl::StartsWith(host, "127.") ||
         host == "::1";
}

std::string ProxyBefore(absl::string_view address) {
  if (IsLoopback(address)) return "";
  const absl::string_view host = HostOf(address);
  for (const char* name : kNoProxyVariables) {
    if (Variable(name).empty()) continue;
    for (absl::string_view suffix : absl::StrSplit(Variable(name), absl::ByAnyChar(", "))) {
      if (!suffix.empty() && absl::EndsWithIgnoreCase(host, suffix)) return "";
    }
    break;  // the first of the two that is set counts
  }
  for (const char* name : kProxyVariables) {
    absl::string_view proxy = Variable(name);
    if (proxy.empty()) continue;
    const size_t scheme = proxy.find("://");
    if (scheme != proxy.npos) proxy.remove_prefix(scheme + 3);
    const size_t user = proxy.rfind('@');
    if (user != proxy.npos) proxy.remove_prefix(user + 1);
    return absl::StrCat(proxy.substr(0, proxy.find('/')), " (", name, ")");
  }
  return "";
}

}  // namespace tqdb::client
