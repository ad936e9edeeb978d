// Asking memory for what comes next, while there is other work.
#ifndef TQDB_CORE_KERNELS_PREFETCH_H_
#define TQDB_CORE_KERNELS_PREFETCH_H_

#include <cstddef>
#include <cstdint>

#include "core/kernels/kernels.h"

namespace tqdb {

// In even shares: asked for at once, the lines would fill the line buffers, and everything would
// wait.
class PrefetchInShares {
 public:
  PrefetchInShares(const uint8_t* from, size_t bytes, size_t shares)
      : at_(from), end_(from + bytes), share_(((bytes + 63) / 64 + shares - 1) / shares * 64) {}
  void Next() {
    const uint8_t* stop = share_ < static_cast<size_t>(end_ - at_) ? at_ + share_ : end_;
    for (; at_ < stop; at_ += 64) __builtin_prefetch(at_);
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  size_t share_;
};

// The next block of a code scan.
class PrefetchBlock {
 public:
  PrefetchBlock(const CodeBlock& block, size_t shares)
      : plane_(block.next_plane, kBlockRows * block.bytes_per_row, shares),
        fields_(block.next_fields, kBlockRows * block.field_stride, shares) {}
  void Next() {
    plane_.Next();
    fields_.Next();
  }

 private:
  PrefetchInShares plane_;
  PrefetchInShares fields_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_KERNELS_PREFETCH_H_
