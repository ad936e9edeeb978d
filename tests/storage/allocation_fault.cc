#include "tests/storage/allocation_fault.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>

#include <cstring>
#include <exception>
#include <new>

using tqdb::storage::AllocationFault;

namespace {

constexpr int kFrames = 8;

// Two kinds of allocation end the process when they fail, and are passed over: those of hash tables
// (base/ending_allocator.h), and those of the JSON library when a tree is destroyed, in a
// destructor that must not throw.
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

// The first backtrace loads a library, which allocates.
const bool loaded = [] {
  void* frame;
  return backtrace(&frame, 1) >= 0;
}();

}  // namespace

// In a file of their own: a compiler that sees both sides takes malloc and delete for a mistake.
void* operator new(size_t size) {
  if (AllocationFault::armed() && AllocationFault::left() >= 0 &&
      AllocationFault::left().fetch_sub(1) == 0) {
    const AllocationFault::Pause pause;
    // Destructors that run while an exception passes must not throw another one, either.
    if (loaded && std::uncaught_exceptions() == 0 && !EndsTheProcess()) throw std::bad_alloc();
    AllocationFault::left() = 0;  // the next one, then
  }
  if (void* memory = malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
