// Replaces operator new by one that fails when AllocationFault says so. Every allocation of the
// program goes through it, so only the program of write_fault_test.cc links this file.
#include "tests/storage/allocation_fault.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>

#include <cstring>
#include <exception>
#include <new>

using tqdb::storage::AllocationFault;

namespace {

// Number of innermost frames of the stack that are searched for a known caller. The allocators of
// the standard library put up to nine frames between it and operator new where nothing is inlined.
constexpr int kFrames = 16;

// Returns whether the current allocation is one of a kind that this test cannot let fail, so that
// it is passed over. Hash tables end the process (base/ending_allocator.h), and so does the JSON
// library when it destroys a tree, in a destructor that must not throw.
bool EndsTheProcess() {
  void* frames[kFrames];
  const int count = backtrace(frames, kFrames);
  for (int i = 0; i < count; ++i) {
    Dl_info info;
    if (dladdr(frames[i], &info) == 0 || info.dli_sname == nullptr) continue;
    const auto has = [&info](const char* part) { return strstr(info.dli_sname, part) != nullptr; };
    if (has("AllocateOrEnd") || (has("json_value") && has("destroy"))) return true;
  }
  return false;
}

// The first call of backtrace loads a library, which allocates. It is made here, before any fault
// is armed, so that no library is loaded within operator new.
const bool loaded = [] {
  void* frame;
  return backtrace(&frame, 1) >= 0;
}();

}  // namespace

// These operators have a file of their own. A compiler that saw memory from malloc reach `delete`
// would warn of a mismatched pair.
void* operator new(size_t size) {
  if (AllocationFault::armed() && AllocationFault::left() >= 0 &&
      AllocationFault::left().fetch_sub(1) == 0) {
    const AllocationFault::Pause pause;
    // Destructors that run while an exception passes must not throw another one, either.
    if (loaded && std::uncaught_exceptions() == 0 && !EndsTheProcess()) throw std::bad_alloc();
    AllocationFault::left() = 0;  // this one must not fail, so the next one does
  }
  if (void* memory = malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
