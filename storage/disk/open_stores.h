// Keeps the write buffers of all stores together within their bound.
//
// The simple idea: RocksDB flushes a store that writes too much. It never flushes one that has
// stopped writing, so the buffers of many idle stores would stay, and the bound would hold for none
// of them. So whoever writes looks at the sum, and has the store with the most unflushed bytes
// flushed while the sum is too large.
//
// Example: the bound is 16 MiB, and 60 collections get 5 MiB each, one after the other. The write
// that passes 12 MiB (three quarters) starts a flush of the largest store, and so do the writes
// after it. Without that the 60 collections would hold 300 MiB until the process ends.
//
// Left out: how a store is flushed (rocks_store.cc), which alone writes files.
//
// Thread-safe.
#ifndef TQDB_STORAGE_DISK_OPEN_STORES_H_
#define TQDB_STORAGE_DISK_OPEN_STORES_H_

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tqdb::storage {

class OpenStores {
 public:
  // A store that has write buffers. Its functions are called under the lock of OpenStores. They
  // must return soon and must not call back.
  class Member {
   public:
    virtual ~Member() = default;
    // Returns the bytes of writes that no flush has taken on yet.
    virtual uint64_t UnflushedBytes() const = 0;
    // Has the write buffers flushed in the background. Does not wait for the flush. Errors go to
    // Store::background_error.
    virtual void StartFlush() = 0;
  };

  void Add(Member* member) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for calls of the member that are in progress.
  void Remove(Member* member) ABSL_LOCKS_EXCLUDED(mutex_);
  // Starts a flush of the store with the most unflushed bytes, if they are worth a file. Does
  // nothing while another thread is doing so.
  void FlushLargest() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;  // taken before the locks of a store
  std::vector<Member*> members_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_OPEN_STORES_H_
