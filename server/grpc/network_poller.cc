#include "server/grpc/network_poller.h"

namespace tqdb::server {

NetworkPoller::NetworkPoller(grpc::ServerBuilder& builder)
    : queue_(builder.AddCompletionQueue(/*is_frequently_polled=*/true)) {}

NetworkPoller::~NetworkPoller() {
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Poll();  // a queue must be drained before it goes
  }
}

void NetworkPoller::Start() {
  thread_ = std::thread([this] { Poll(); });
}

void NetworkPoller::Poll() {
  void* tag;
  bool ok;
  // No event is of interest here. Next serves the network while it waits, and returns false when
  // the queue has been shut down.
  while (queue_->Next(&tag, &ok)) {
  }
}

}  // namespace tqdb::server
