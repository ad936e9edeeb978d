#include "storage/upkeep/maintenance.h"

#include <new>

namespace tqdb::storage {

void Maintenance::Schedule(std::weak_ptr<const void> owner) noexcept {
  {
    absl::MutexLock lock(&mutex_);
    if (busy_) {
      again_ = true;
      return;
    }
    busy_ = true;
  }
  try {
    // A weak reference lets the owner go while the task waits. The owner need not wait for it.
    worker_.Schedule([this, owner = std::move(owner)] {
      if (const std::shared_ptr<const void> alive = owner.lock()) Run();
    });
  } catch (const std::bad_alloc&) {
    // There is no memory for the task, so this request is dropped. The next one has the work done.
    absl::MutexLock lock(&mutex_);
    busy_ = false;
  }
}

void Maintenance::Run() {
  for (bool again = true; again;) {
    try {
      work_();
    } catch (const std::bad_alloc&) {
      // Upkeep can wait until there is memory again. Callers of AwaitIdle must not wait as long, so
      // the run ends as if it were done.
    }
    absl::MutexLock lock(&mutex_);
    again = again_ && !stopped_;
    again_ = false;
    if (!again) busy_ = false;
  }
}

void Maintenance::AwaitIdle() {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !busy_ || stopped_; };
  mutex_.Await(absl::Condition(&idle));
}

void Maintenance::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

}  // namespace tqdb::storage
