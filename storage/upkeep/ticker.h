// A thread that does something again and again, with a pause in between.
//
// Thread-safe.
#ifndef TQDB_STORAGE_UPKEEP_TICKER_H_
#define TQDB_STORAGE_UPKEEP_TICKER_H_

#include <functional>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace tqdb::storage {

class Ticker {
 public:
  // Calls `tick` after each pause of `interval`. An infinite one never ends. Requires: `tick`
  // throws nothing.
  Ticker(absl::Duration interval, std::function<void()> tick)
      : thread_([this, interval, tick = std::move(tick)] {
          while (!stopping_.WaitForNotificationWithTimeout(interval)) tick();
        }) {}
  // Waits for a call in progress.
  ~Ticker() {
    stopping_.Notify();
    thread_.join();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  absl::Notification stopping_;
  std::thread thread_;  // declared last, because it uses the other member from its start on
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_TICKER_H_
