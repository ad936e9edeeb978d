// A gRPC server in the process of the test, on a free port of this machine.
#ifndef TQDB_TESTS_CLIENT_LOOPBACK_SERVER_H_
#define TQDB_TESTS_CLIENT_LOOPBACK_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>

namespace tqdb::client {

class LoopbackServer {
 public:
  // `port` 0 takes a free one.
  explicit LoopbackServer(std::initializer_list<grpc::Service*> services, int port = 0)
      : port_(port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    for (grpc::Service* service : services) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }
  // Stops the server and cancels calls that have not ended.
  ~LoopbackServer() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int port_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tqdb::client

#endif  // TQDB_TESTS_CLIENT_LOOPBACK_SERVER_H_
