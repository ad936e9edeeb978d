#include "service/role.h"

#include "absl/strings/str_cat.h"

namespace tqdb::service {

absl::Status CheckRole(Role role, std::optional<Method> method, absl::string_view name) {
  if (role == Role::kWriter || (method.has_value() && !Writes(*method))) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("the API key is read-only; ", name, " needs one that may write"));
}

}  // namespace tqdb::service
