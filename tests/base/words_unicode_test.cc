// Words over the whole of Unicode: against words_oracle.py, which derives the rule of words.h from
// Python's own tables, and by properties of random texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uclean.h>
#include <unicode/unistr.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/characters.h"
#include "base/words.h"
#include "tests/support/random.h"
#include "tests/support/source_path.h"

namespace tqdb::storage {
namespace words_unicode_test {

using ::testing::IsSubsetOf;

std::vector<std::string> Words(absl::string_view text, WordSide side) {
  std::vector<std::string> words;
  for (WordReader reader(text, side); reader.Next();) words.push_back(reader.word());
  return words;
}

std::string Joined(absl::string_view text, WordSide side) {
  return absl::StrJoin(Words(text, side), " ");
}

bool IsAssigned(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<UChar32>(TakeCharacter(text, at));
    if (u_charType(c) == U_UNASSIGNED) return false;
  }
  return true;
}

// Code points that either side does not know are left out: the two have tables of different years.
TEST(WordsUnicodeTest, EveryCodePointAndRandomTextsAsTheOracleSays) {
  const std::string command = absl::StrCat("python3 ", SourcePath("tests/base/words_oracle.py"));
  const std::unique_ptr<FILE, int (*)(FILE*)> oracle(popen(command.c_str(), "r"), pclose);
  ASSERT_NE(oracle, nullptr);
  char line[1 << 12];
  size_t texts = 0, differences = 0;
  while (std::fgets(line, sizeof(line), oracle.get()) != nullptr) {
    const std::vector<std::string> fields = absl::StrSplit(
        absl::string_view(line).substr(0, std::char_traits<char>::length(line) - 1), '\t');
    ASSERT_EQ(fields.size(), 3u) << line;
    const std::string text = absl::HexStringToBytes(fields[0]);
    if (!IsAssigned(text)) continue;
    ++texts;
    const std::string as_text = Joined(text, WordSide::kText);
    const std::string as_query = Joined(text, WordSide::kQuery);
    if (as_text == fields[1] && as_query == fields[2]) continue;
    if (++differences <= 20) {
      ADD_FAILURE() << fields[0] << ": words '" << as_text << "' and '" << as_query
                    << "', the oracle has '" << fields[1] << "' and '" << fields[2] << "'";
    }
  }
  EXPECT_EQ(differences, 0u);
  EXPECT_GT(texts, 450'000u);  // 280,000 code points, 140,000 letters, and random texts
}

// Texts in which accents, cases, hidden characters and scripts meet.
class RandomTexts {
 public:
  explicit RandomTexts(uint64_t seed) : random_(seed) {}

  icu::UnicodeString Next() {
    icu::UnicodeString text;
    for (size_t n = 1 + random_.Below(12); n > 0; --n) text.append(NextCharacter());
    return text;
  }
  size_t Below(size_t n) { return random_.Below(n); }

 private:
  UChar32 NextCharacter() {
    static constexpr UChar32 kFavourites[] = {
        ' ',    'a',    'E',    'S',    '7',    '=',    0x301,  0x308,  0x323,  0x338,
        0x327,  0xdf,   0xc9,   0x130,  0xad,   0x200c, 0x200d, 0xfe0f, 0x3a3,  0x3c2,
        0x345,  0x1fb4, 0x1100, 0x1161, 0x11a8, 0xac00, 0x3099, 0x304b, 0x30ab, 0xff76,
        0xff9e, 0x30fc, 0x6771, 0x4eac, 0xe01,  0xe49,  0xe33,  0x928,  0x93c,  0x94d,
        0x9c7,  0x9be,  0x212b, 0xfb01, 0xbd,   0x2260, 0x1f44d};
    if (random_.Below(3) != 0) return kFavourites[random_.Below(std::size(kFavourites))];
    for (;;) {
      const auto c = static_cast<UChar32>(random_.Below(random_.Below(2) == 0 ? 0x3000 : 0x20000));
      if (U_IS_UNICODE_CHAR(c) && u_charType(c) != U_UNASSIGNED) return c;
    }
  }

  testing::Gaussian random_;
};

std::string ToUtf8(const icu::UnicodeString& text) {
  std::string utf8;
  return text.toUTF8String(utf8);
}

icu::UnicodeString Normalized(const icu::UnicodeString& text, const icu::Normalizer2* normalizer) {
  UErrorCode code = U_ZERO_ERROR;
  icu::UnicodeString result = normalizer->normalize(text, code);
  EXPECT_TRUE(U_SUCCESS(code));
  return result;
}

TEST(WordsUnicodeTest, ComposedAndDecomposedTextsHaveTheSameWords) {
  UErrorCode code = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(code);
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(code);
  const icu::Normalizer2* nfkd = icu::Normalizer2::getNFKDInstance(code);
  ASSERT_TRUE(U_SUCCESS(code));
  RandomTexts texts(1);
  for (int i = 0; i < 50'000; ++i) {
    const icu::UnicodeString text = texts.Next();
    for (const WordSide side : {WordSide::kText, WordSide::kQuery}) {
      const std::string words = Joined(ToUtf8(Normalized(text, nfc)), side);
      EXPECT_EQ(words, Joined(ToUtf8(Normalized(text, nfd)), side)) << ToUtf8(text);
      EXPECT_EQ(words, Joined(ToUtf8(text), side)) << ToUtf8(text);
    }
  }
  for (UChar32 c = 0; c <= UCHAR_MAX_VALUE; ++c) {
    if (U_IS_SURROGATE(c)) continue;
    const icu::UnicodeString text = icu::UnicodeString("x").append(c).append(0x301).append('y');
    EXPECT_EQ(Joined(ToUtf8(Normalized(text, nfc)), WordSide::kText),
              Joined(ToUtf8(Normalized(text, nfd)), WordSide::kText))
        << c;
  }
  // Compatibility forms of letters are equal, too, but a symbol stays one: "TM" is no word of ™.
  EXPECT_EQ(Joined(ToUtf8(Normalized(u"ﬀ Ｚ ｶﾞ", nfkd)), WordSide::kText),
            Joined("ﬀ Ｚ ｶﾞ", WordSide::kText));
}

TEST(WordsUnicodeTest, CaseDoesNotCount) {
  UErrorCode code = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(code);
  RandomTexts texts(2);
  for (int i = 0; i < 50'000; ++i) {
    icu::UnicodeString text = Normalized(texts.Next(), nfd);
    // Dotless i and dotted I have capital and small letters of their own in Turkish alone. An iota
    // below its letter is a mark, and its capital a letter.
    text.findAndReplace(icu::UnicodeString(UChar32{0x131}), u"i");
    text.findAndReplace(icu::UnicodeString(UChar32{0x345}), u"i");
    icu::UnicodeString upper = text, lower = text;
    upper.toUpper(icu::Locale::getRoot());
    lower.toLower(icu::Locale::getRoot());
    const std::string words = Joined(ToUtf8(text), WordSide::kText);
    EXPECT_EQ(words, Joined(ToUtf8(upper), WordSide::kText)) << ToUtf8(text);
    EXPECT_EQ(words, Joined(ToUtf8(lower), WordSide::kText)) << ToUtf8(text);
  }
}

TEST(WordsUnicodeTest, WordsOfWordsAreThemselves) {
  RandomTexts texts(3);
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = ToUtf8(texts.Next());
    const std::string query = Joined(text, WordSide::kQuery);
    EXPECT_EQ(Joined(query, WordSide::kQuery), query);
    const std::vector<std::string> words = Words(text, WordSide::kText);
    const std::vector<std::string> again = Words(absl::StrJoin(words, " "), WordSide::kText);
    EXPECT_EQ(std::set<std::string>(again.begin(), again.end()),
              std::set<std::string>(words.begin(), words.end()))
        << text;
    EXPECT_THAT(Words(text, WordSide::kQuery), IsSubsetOf(words));
  }
}

// A query is never missed because of what stands beside it in a text without spaces.
TEST(WordsUnicodeTest, ThePartsOfATextWithoutSpacesAreFound) {
  testing::Gaussian random(4);
  const std::vector<std::string> clusters = {"ข้",  "า",   "ว",   "น้",         "ຂ",  "ខ្",
                                             "ញុំ",  "ကျွန်", "တော်", "タ",        "ー", "ガ",
                                             "ら", "東",  "京",  "\U00020000"};
  for (int i = 0; i < 5'000; ++i) {
    std::vector<std::string> text;
    for (size_t n = 1 + random.Below(15); n > 0; --n) {
      text.push_back(clusters[random.Below(clusters.size())]);
    }
    const size_t begin = random.Below(text.size());
    const size_t end = begin + 1 + random.Below(text.size() - begin);
    const std::string part = absl::StrJoin(text.begin() + static_cast<ptrdiff_t>(begin),
                                           text.begin() + static_cast<ptrdiff_t>(end), "");
    EXPECT_FALSE(Words(part, WordSide::kQuery).empty());
    EXPECT_THAT(Words(part, WordSide::kQuery),
                IsSubsetOf(Words(absl::StrJoin(text, ""), WordSide::kText)));
  }
}

// A steady letter that became something else would be cut by the rules of the wrong one.
TEST(WordsUnicodeTest, SteadyLettersKeepTheirRole) {
  for (uint32_t c = 0; c <= 0x10ffff; ++c) {
    const Character character = CharacterOf(c);
    if (!character.steady || character.role != CharacterRole::kLetter) continue;
    const Character folded = CharacterOf(character.folded);
    EXPECT_EQ(folded.role, CharacterRole::kLetter) << c;
    EXPECT_EQ(folded.unspaced, character.unspaced) << c;
    EXPECT_EQ(folded.folded, character.folded) << c;
  }
}

// Whether ICU is to be without memory.
bool no_memory = false;
void* Allocate(const void*, size_t bytes) { return no_memory ? nullptr : std::malloc(bytes); }
void* Reallocate(const void*, void* memory, size_t bytes) {
  return no_memory ? nullptr : std::realloc(memory, bytes);
}
void Free(const void*, void* memory) { std::free(memory); }

TEST(WordsUnicodeTest, IcuWithoutMemoryThrows) {
  UErrorCode code = U_ZERO_ERROR;
  u_setMemoryFunctions(nullptr, Allocate, Reallocate, Free, &code);
  ASSERT_TRUE(U_SUCCESS(code));
  std::string marks = "a";
  for (int i = 0; i < 1000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  const std::string words = Joined(marks, WordSide::kText);  // ICU sorts them in memory of its own
  no_memory = true;
  EXPECT_THROW(Joined(marks, WordSide::kText), std::bad_alloc);
  EXPECT_EQ(Joined("Straße", WordSide::kText), "strasse");  // needs no memory of ICU
  no_memory = false;
  EXPECT_EQ(Joined(marks, WordSide::kText), words);
}

}  // namespace words_unicode_test
}  // namespace tqdb::storage
