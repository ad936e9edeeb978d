// Which handler answers which path of the HTTP port. Knows nothing of sockets.
//
// A path is matched as it stands, byte by byte: nothing is decoded and no `..` is resolved, so a
// path that tries to climb matches nothing.
//
// Example: AddGet("/livez", ..) answers GET and HEAD of /livez and of /livez?x=1. POST of it is
// 405, and any other path is 404.
#ifndef TQDB_SERVER_HTTP_HTTP_ROUTER_H_
#define TQDB_SERVER_HTTP_HTTP_ROUTER_H_

#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::server {

// Built by one thread; afterwards its const functions are thread-safe if the handlers are.
class HttpRouter {
 public:
  struct Answer {
    int code = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
  };
  using Handler = std::function<Answer()>;

  enum class Work {
    kShort,  // runs on the thread of the network: must not wait for locks or disks
    kLong,   // runs on a thread of its own, so that health answers meanwhile
  };

  // Requires that the path is new.
  void AddGet(std::string path, Work work, Handler handler);

  // Returns whether the request has a handler that is kLong. `target` is the path with its query.
  bool RunsLong(absl::string_view method, absl::string_view target) const;
  // Runs the handler. Answers 404 for an unknown path, 405 for another method than GET and HEAD,
  // and 500 when the handler throws. Never throws but for want of memory.
  Answer Run(absl::string_view method, absl::string_view target) const;

 private:
  struct Route {
    Work work;
    Handler handler;
  };
  const Route* Find(absl::string_view target) const;

  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_HTTP_HTTP_ROUTER_H_
