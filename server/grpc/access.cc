#include "server/grpc/access.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "service/role.h"

namespace tqdb::server {

namespace {

using service::Method;

constexpr absl::string_view kHealth = "/grpc.health.v1.Health/";
constexpr absl::string_view kReflection = "/grpc.reflection.";

// Returns the service that has the method, as paths spell it. The order of Method, which is that of
// the protos, tells the service.
absl::string_view ServiceOf(Method method) {
  if (method == Method::kGetServerInfo) return "AdminService";
  return method <= Method::kDeletePayloadIndex ? "CollectionService" : "PointService";
}

}  // namespace

std::optional<Method> MethodOf(absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "/tqdb.v1.")) return std::nullopt;
  const size_t slash = path.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  const absl::string_view service = path.substr(0, slash), name = path.substr(slash + 1);
  for (size_t i = 0; i < service::kNumMethods; ++i) {
    const Method method = static_cast<Method>(i);
    if (name == service::MethodName(method) && service == ServiceOf(method)) return method;
  }
  return std::nullopt;
}

absl::Status Authorize(const ApiKeys& keys, absl::string_view path,
                       std::optional<absl::string_view> authorization) {
  // Health needs no key, because load balancers and orchestrators that ask for it have none.
  // Reflection needs any key: it tells nothing but the protos.
  if (absl::StartsWith(path, kHealth)) return absl::OkStatus();
  const absl::StatusOr<service::Role> role = keys.RoleOf(authorization);
  if (!role.ok()) return role.status();
  if (absl::StartsWith(path, kReflection)) return absl::OkStatus();
  return service::CheckRole(*role, MethodOf(path), path);
}

}  // namespace tqdb::server
