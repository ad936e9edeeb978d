// A uniform random sample of a stream whose length is not known (Vitter 1985, algorithm R). The
// sample is kept in memory, the stream is not.
#ifndef TQDB_CLIENT_CLI_INPUT_RESERVOIR_H_
#define TQDB_CLIENT_CLI_INPUT_RESERVOIR_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace tqdb::client {

// After n values were added, items() has min(n, size) of them, and every subset of this size is
// equally likely. Value n replaces a random item with probability size / n. The same seed and
// values give the same sample.
//
// Not thread-safe.
template <typename T>
class Reservoir {
 public:
  Reservoir(size_t size, uint64_t seed) : size_(size), random_(seed) {}

  void Add(T value) {
    ++seen_;
    if (items_.size() < size_) {
      items_.push_back(std::move(value));
      return;
    }
    const uint64_t place = std::uniform_int_distribution<uint64_t>(0, seen_ - 1)(random_);
    if (place < size_) items_[place] = std::move(value);
  }

  uint64_t seen() const { return seen_; }
  const std::vector<T>& items() const { return items_; }

 private:
  const size_t size_;
  std::mt19937_64 random_;
  std::vector<T> items_;
  uint64_t seen_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_RESERVOIR_H_
