#include "storage/sparse/vocabulary.h"

namespace tqdb::storage {

uint32_t Vocabulary::Add(absl::string_view word) {
  if (const auto it = numbers_.find(word); it != numbers_.end()) return *it;
  const auto number = static_cast<uint32_t>(ends_.size());
  text_.append(word.data(), word.size());
  ends_.push_back(text_.size());
  numbers_.insert(number);
  return number;
}

std::optional<uint32_t> Vocabulary::Find(absl::string_view word) const {
  const auto it = numbers_.find(word);
  if (it == numbers_.end()) return std::nullopt;
  return *it;
}

size_t Vocabulary::memory_bytes() const {
  return text_.capacity() + ends_.capacity() * sizeof(uint64_t) +
         numbers_.capacity() * (sizeof(uint32_t) + 1);
}

}  // namespace tqdb::storage
