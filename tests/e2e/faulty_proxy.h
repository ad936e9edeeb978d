// A TCP proxy that cuts and freezes connections when it is told to, as networks do.
#ifndef TQDB_TESTS_E2E_FAULTY_PROXY_H_
#define TQDB_TESTS_E2E_FAULTY_PROXY_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tqdb::e2e {

// Listens on a free port of this machine and forwards every connection. Thread-safe.
class FaultyProxy {
 public:
  // `target_port` is a port of this machine.
  explicit FaultyProxy(int target_port);
  ~FaultyProxy();
  FaultyProxy(const FaultyProxy&) = delete;
  FaultyProxy& operator=(const FaultyProxy&) = delete;

  std::string address() const;
  // Sends new connections to another port.
  void set_target(int port) { target_port_ = port; }
  // Ends all connections of this moment.
  void Cut() ABSL_LOCKS_EXCLUDED(mutex_);
  // Swallows all bytes of the connections of this moment, and does not end them.
  void Freeze() ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the number of connections so far.
  int connections() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The two sockets of a connection.
  struct Connection {
    int client = -1;
    int server = -1;
    std::atomic<bool> frozen{false};
  };

  void Accept() ABSL_LOCKS_EXCLUDED(mutex_);
  static void Pump(int from, int to, const Connection& connection);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> target_port_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> pumps_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_FAULTY_PROXY_H_
