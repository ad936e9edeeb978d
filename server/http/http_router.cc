#include "server/http/http_router.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

bool IsGet(absl::string_view method) { return method == "GET" || method == "HEAD"; }

}  // namespace

void HttpRouter::AddGet(std::string path, Work work, Handler handler) {
  routes_.emplace(std::move(path), Route{work, std::move(handler)});
}

const HttpRouter::Route* HttpRouter::Find(absl::string_view target) const {
  const auto it = routes_.find(target.substr(0, target.find('?')));
  return it == routes_.end() ? nullptr : &it->second;
}

bool HttpRouter::RunsLong(absl::string_view method, absl::string_view target) const {
  const Route* route = Find(target);
  return IsGet(method) && route != nullptr && route->work == Work::kLong;
}

HttpRouter::Answer HttpRouter::Run(absl::string_view method, absl::string_view target) const {
  if (!IsGet(method)) return {.code = 405, .body = "only GET and HEAD\n"};
  const Route* route = Find(target);
  if (route == nullptr) {
    std::string body = "not found; there are";
    for (const auto& [path, unused] : routes_) absl::StrAppend(&body, " ", path);
    return {.code = 404, .body = absl::StrCat(body, "\n")};
  }
  try {
    return route->handler();
  } catch (const std::exception& e) {
    spdlog::error("http: {}", e.what());
    return {.code = 500, .body = "the server failed; its log says why\n"};
  }
}

}  // namespace tqdb::server
