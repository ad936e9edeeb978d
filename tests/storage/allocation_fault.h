// Makes one allocation fail, in a program that links allocation_fault.cc.
#ifndef TQDB_TESTS_STORAGE_ALLOCATION_FAULT_H_
#define TQDB_TESTS_STORAGE_ALLOCATION_FAULT_H_

#include <atomic>
#include <cstdint>
#include <utility>

namespace tqdb::storage {

// Fails the n-th of the allocations of the threads that take part. allocation_fault.cc replaces
// operator new by one that asks it; in programs that do not link that file it stays quiet.
class AllocationFault {
 public:
  // Whether this thread takes part.
  static bool& armed() {
    thread_local bool armed = false;
    return armed;
  }
  // Allocations of these threads before the one that fails; negative: none does.
  static std::atomic<int64_t>& left() {
    static std::atomic<int64_t> left{-1};
    return left;
  }
  // Keeps faults out of a scope: of what stands for RocksDB, which ends the process when it has no
  // memory.
  class Pause {
   public:
    Pause() : was_(std::exchange(armed(), false)) {}
    ~Pause() { armed() = was_; }

   private:
    const bool was_;
  };
};

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_ALLOCATION_FAULT_H_
