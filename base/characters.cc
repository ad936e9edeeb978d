#include "base/characters.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "absl/strings/match.h"

namespace tqdb::storage {

namespace {

// Throws std::bad_alloc if ICU had no memory. Nothing else can fail but an installation of ICU
// without its tables, with which no text can be read: the process ends.
void Check(UErrorCode code) {
  if (U_SUCCESS(code)) return;
  if (code == U_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  std::fprintf(stderr, "tqdb: ICU %s cannot read text: %s; the process ends\n", U_ICU_VERSION,
               u_errorName(code));
  std::abort();
}

// A normalizer of ICU, by its getter.
const icu::Normalizer2& Get(const icu::Normalizer2* (*getter)(UErrorCode&)) {
  UErrorCode code = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = getter(code);
  Check(code);
  return *normalizer;
}
const icu::Normalizer2& Folding() { return Get(icu::Normalizer2::getNFKCCasefoldInstance); }
const icu::Normalizer2& Decomposing() { return Get(icu::Normalizer2::getNFDInstance); }

// Receives UTF-8 from ICU. A lack of memory is remembered, so that no exception passes through ICU.
class StringSink : public icu::ByteSink {
 public:
  explicit StringSink(std::string& out) : out_(out) {}
  void Append(const char* bytes, int32_t count) override {
    try {
      out_.append(bytes, static_cast<size_t>(count));
    } catch (const std::bad_alloc&) {
      failed_ = true;
    }
  }
  bool failed() const { return failed_; }

 private:
  std::string& out_;
  bool failed_ = false;
};

void AppendNormalized(const icu::Normalizer2& normalizer, absl::string_view text,
                      std::string& out) {
  StringSink sink(out);
  UErrorCode code = U_ZERO_ERROR;
  normalizer.normalizeUTF8(0, {text.data(), static_cast<int32_t>(text.size())}, sink, nullptr,
                           code);
  Check(sink.failed() ? U_MEMORY_ALLOCATION_ERROR : code);
}

// Whether U+0345, the iota below a Greek letter, or a letter with one (U+1F80..1FFF) may be in the
// text. It is a mark which becomes a letter, and other marks of its letter may stand behind it.
// Decomposed, a letter has its other marks first.
bool MayHaveIotaBelow(absl::string_view text) {
  return absl::StrContains(text, "\u0345") || absl::StrContains(text, "\xe1\xbe") ||
         absl::StrContains(text, "\xe1\xbf");
}

CharacterRole RoleOf(UChar32 c) {
  if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) return CharacterRole::kHidden;
  const uint32_t category = U_GET_GC_MASK(c);
  if ((category & (U_GC_L_MASK | U_GC_N_MASK)) != 0) return CharacterRole::kLetter;
  return (category & U_GC_M_MASK) != 0 ? CharacterRole::kMark : CharacterRole::kSeparator;
}

// Han and its like, kana with their length marks, and the scripts of South East Asia that Unicode
// breaks into lines by a dictionary: Thai, Lao, Khmer, Burmese and their neighbours.
bool IsUnspaced(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || uscript_hasScript(c, USCRIPT_HAN) ||
         uscript_hasScript(c, USCRIPT_HIRAGANA) || uscript_hasScript(c, USCRIPT_KATAKANA) ||
         u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

Character Classify(UChar32 c) {
  Character character = {RoleOf(c), false, true, static_cast<uint32_t>(c)};
  if (character.role == CharacterRole::kSeparator || character.role == CharacterRole::kHidden) {
    return character;
  }
  character.unspaced = character.role == CharacterRole::kLetter && IsUnspaced(c);
  UErrorCode code = U_ZERO_ERROR;
  const icu::UnicodeString form = Folding().normalize(icu::UnicodeString(c), code);
  Check(code);
  // A character with a boundary before it changes nothing before it. When all characters of a run
  // have one, the form of the run is the forms of its characters one after the other.
  character.steady = form.countChar32() == 1 && Folding().hasBoundaryBefore(c) != 0;
  character.folded = static_cast<uint32_t>(form.char32At(0));
  return character;
}

// Characters up to U+FFFF, packed.
class Table {
 public:
  Table() : packed_(kSize) {
    for (uint32_t c = 0; c < kSize; ++c) packed_[c] = Pack(Classify(static_cast<UChar32>(c)));
  }
  static constexpr uint32_t kSize = 0x10000;
  Character operator[](uint32_t c) const {
    const uint32_t packed = packed_[c];
    return {static_cast<CharacterRole>(packed >> 24 & 3), (packed & kUnspaced) != 0,
            (packed & kSteady) != 0, packed & 0x1fffff};
  }

 private:
  static constexpr uint32_t kUnspaced = 1u << 26, kSteady = 1u << 27;
  static uint32_t Pack(const Character& c) {
    return c.folded | static_cast<uint32_t>(c.role) << 24 | (c.unspaced ? kUnspaced : 0) |
           (c.steady ? kSteady : 0);
  }

  std::vector<uint32_t> packed_;
};

}  // namespace

Character CharacterOf(uint32_t code_point) {
  static const Table table;
  return code_point < Table::kSize ? table[code_point] : Classify(static_cast<UChar32>(code_point));
}

uint32_t TakeCharacter(absl::string_view text, size_t& at) {
  UChar32 c = 0;
  U8_NEXT(text.data(), at, text.size(), c);
  return c < 0 ? kNoCharacter : static_cast<uint32_t>(c);
}

void AppendCharacter(uint32_t code_point, std::string& out) {
  char bytes[U8_MAX_LENGTH];
  size_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, code_point);
  out.append(bytes, length);
}

void AppendForm(absl::string_view text, std::string& out) {
  std::string decomposed;
  if (MayHaveIotaBelow(text)) {
    AppendNormalized(Decomposing(), text, decomposed);
    text = decomposed;
  }
  AppendNormalized(Folding(), text, out);
}

}  // namespace tqdb::storage
