#include "base/ending_allocator.h"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace tqdb {

void* AllocateOrEnd(size_t bytes) {
  try {
    return ::operator new(bytes);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "tqdb: no memory for a table of %zu bytes; the process ends\n", bytes);
    std::abort();
  }
}

}  // namespace tqdb
