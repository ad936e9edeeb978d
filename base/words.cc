#include "base/words.h"

#include <array>

#include "base/characters.h"

namespace tqdb::storage {

namespace {

// What a byte of a text is: kSeparates, kBeyondAscii, or the letter or digit in lower case.
constexpr char kSeparates = 0;
constexpr char kBeyondAscii = 1;
constexpr std::array<char, 256> MakeBytes() {
  std::array<char, 256> bytes = {};
  for (size_t i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) bytes[i] = c;
    if (c >= 'A' && c <= 'Z') bytes[i] = static_cast<char>(c - 'A' + 'a');
    if (i >= 0x80) bytes[i] = kBeyondAscii;
  }
  return bytes;
}
constexpr std::array<char, 256> kBytes = MakeBytes();

char KindOf(char byte) { return kBytes[static_cast<uint8_t>(byte)]; }

}  // namespace

// A run of ASCII is a word as it is, and most runs are. Only a run with a character beyond ASCII
// goes by run_, from its first byte: an accent may follow an ASCII letter.
bool WordReader::Next() {
  for (;;) {
    if (at_ < run_.size() && NextOfRun()) return true;
    size_t begin = 0;
    while (begin < rest_.size() && KindOf(rest_[begin]) == kSeparates) ++begin;
    size_t end = begin;
    while (end < rest_.size() && KindOf(rest_[end]) > kBeyondAscii) ++end;
    if (end == rest_.size() || KindOf(rest_[end]) == kSeparates) {
      word_.assign(rest_.data() + begin, end - begin);
      for (char& c : word_) c = KindOf(c);
      rest_.remove_prefix(end);
      return !word_.empty();
    }
    rest_.remove_prefix(begin);
    ReadRun();
  }
}

void WordReader::ReadRun() {
  run_.clear();
  at_ = 0;
  single_ = std::string::npos;
  run_is_word_ = true;
  bool steady = true;
  size_t end = 0;   // of the run
  size_t next = 0;  // begin of the next character
  for (; next < rest_.size(); end = next) {
    if (const char kind = KindOf(rest_[next]); kind != kBeyondAscii) {
      if (kind == kSeparates) break;
      ++next;
      run_.push_back(kind);
      continue;
    }
    const uint32_t code_point = TakeCharacter(rest_, next);
    if (code_point == kNoCharacter) break;
    const Character character = CharacterOf(code_point);
    if (character.role == CharacterRole::kSeparator) break;
    if (character.role == CharacterRole::kHidden) continue;
    steady &= character.steady;
    run_is_word_ &=
        !character.unspaced && (character.role == CharacterRole::kLetter || !run_.empty());
    AppendCharacter(character.folded, run_);
  }
  if (!steady) {
    run_.clear();
    run_is_word_ = false;
    AppendForm(rest_.substr(0, end), run_);
  }
  rest_.remove_prefix(next);
}

bool WordReader::NextOfRun() {
  if (run_is_word_) {
    word_.swap(run_);
    run_.clear();
    return true;
  }
  if (single_ != std::string::npos) {
    const size_t begin = single_;
    single_ = std::string::npos;
    const size_t end = EndOfCluster(at_);
    if (end > at_) return Take(begin, end), true;
  }
  while (at_ < run_.size()) {
    const size_t begin = at_;
    const Character character = CharacterOf(TakeCharacter(run_, at_));
    if (character.role != CharacterRole::kLetter) continue;
    if (!character.unspaced) {
      for (size_t next = at_; next < run_.size(); at_ = next) {
        const Character more = CharacterOf(TakeCharacter(run_, next));
        if (more.role == CharacterRole::kSeparator || more.unspaced) break;
      }
      return Take(begin, at_), true;
    }
    at_ = EndOfCluster(begin);
    if (side_ == WordSide::kText) {
      single_ = begin;
      return Take(begin, at_), true;
    }
    const bool paired = paired_;
    const size_t end = EndOfCluster(at_);
    paired_ = end > at_;
    if (paired_ || !paired) return Take(begin, end), true;
  }
  return false;
}

size_t WordReader::EndOfCluster(size_t at) const {
  if (at == run_.size()) return at;
  size_t end = at;
  if (!CharacterOf(TakeCharacter(run_, end)).unspaced) return at;
  for (size_t next = end; next < run_.size(); end = next) {
    if (CharacterOf(TakeCharacter(run_, next)).role != CharacterRole::kMark) break;
  }
  return end;
}

}  // namespace tqdb::storage
