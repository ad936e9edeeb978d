// Counts the calls on a collection, so that it can be closed when none is in progress.
//
// A caller may hold the collection longer than the database does. So a shared pointer alone cannot
// tell when the store may be closed. The gate refuses new calls, tells running ones to end, and
// waits for the last.
//
// Example: a collection is dropped during a long search. Close() makes new calls fail. The search
// polls closed(), ends early and leaves the gate. AwaitQuiet() returns then, and the store is
// closed.
//
// Thread-safe.
#ifndef TQDB_STORAGE_ENGINE_CALL_GATE_H_
#define TQDB_STORAGE_ENGINE_CALL_GATE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace tqdb::storage {

class CallGate {
 public:
  // `name` is the collection's, for messages.
  explicit CallGate(std::string name) : name_(std::move(name)) {}

  // A call in progress, for as long as the object lives. If the gate is closed already, its status
  // is not OK, and it does not count.
  class Call {
   public:
    explicit Call(CallGate& gate) : gate_(gate), status_(gate.Enter()) {}
    ~Call() {
      if (status_.ok()) gate_.Leave();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    const absl::Status& status() const { return status_; }

   private:
    CallGate& gate_;
    const absl::Status status_;
  };

  // Refuses calls from now on. Long calls in progress ask closed() and end soon.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  bool closed() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return closed_;
  }
  // Waits until no call is in progress. Requires: Close() was called, because new calls could
  // follow each other forever.
  void AwaitQuiet() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_ == 0; };
    mutex_.Await(absl::Condition(&quiet));
  }

 private:
  absl::Status Enter() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (closed_) {
      return absl::UnavailableError(
          absl::StrCat("collection '", name_, "' is being dropped or closed"));
    }
    ++calls_;
    return absl::OkStatus();
  }
  void Leave() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    --calls_;
  }

  const std::string name_;
  mutable absl::Mutex mutex_;  // a leaf of the lock order
  uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_CALL_GATE_H_
