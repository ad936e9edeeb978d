#include "base/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/random.h"

namespace tqdb::storage {
namespace words_test {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSubsetOf;

std::vector<std::string> Words(absl::string_view text, WordSide side = WordSide::kText) {
  std::vector<std::string> words;
  for (WordReader reader(text, side); reader.Next();) words.push_back(reader.word());
  return words;
}

std::vector<std::string> QueryWords(absl::string_view text) {
  return Words(text, WordSide::kQuery);
}

TEST(WordsTest, RunsOfLettersAndDigitsInLowerCase) {
  EXPECT_THAT(Words(""), ElementsAre());
  EXPECT_THAT(Words(" ,.! "), ElementsAre());
  EXPECT_THAT(Words("It's 3.5 km, e-mail_me"),
              ElementsAre("it", "s", "3", "5", "km", "e", "mail", "me"));
  EXPECT_THAT(Words("end"), ElementsAre("end"));
}

TEST(WordsTest, CaseOfEveryScript) {
  EXPECT_THAT(Words("ÄRGER Übung ŁÓDŹ ŽIŽKOV Ÿ"),
              ElementsAre("ärger", "übung", "łódź", "žižkov", "ÿ"));
  EXPECT_THAT(Words("МОСКВА Ёлка ΑΘΗΝΑ Ґ"), ElementsAre("москва", "ёлка", "αθηνα", "ґ"));
  EXPECT_THAT(Words("ĐẠI HỌC ȘTIINȚĂ Άνθρωπος ՀԱՅԵՐԵՆ"),
              ElementsAre("đại", "học", "știință", "άνθρωποσ", "հայերեն"));
  EXPECT_EQ(Words("ΆΝΘΡΩΠΟΣ"), Words("άνθρωπος"));  // a sigma at the end is a sigma
  EXPECT_EQ(Words("STRASSE"), Words("Straße"));
  EXPECT_EQ(Words("ᲗᲑᲘᲚᲘᲡᲘ"), Words("თბილისი"));
}

TEST(WordsTest, SymbolsAndPunctuationOfEveryScriptSeparate) {
  EXPECT_THAT(Words("a\u00a0b\u2013c\u2026d«e»5×6"),
              ElementsAre("a", "b", "c", "d", "e", "5", "6"));
  EXPECT_THAT(Words("Great👍 x😀y iPhone™ A→B 5€"),
              ElementsAre("great", "x", "y", "iphone", "a", "b", "5"));
  EXPECT_THAT(Words("مرحبا، كيف"), ElementsAre("مرحبا", "كيف"));    // Arabic comma
  EXPECT_THAT(Words("नमस्ते। दुनिया"), ElementsAre("नमस्ते", "दुनिया"));  // danda; marks are kept
  EXPECT_THAT(Words("בית־ספר"), ElementsAre("בית", "ספר"));         // maqaf
}

TEST(WordsTest, OneFormForAllWaysToWriteALetter) {
  EXPECT_THAT(Words("cafe\u0301 CAFE\u0301 café CAFÉ"),
              ElementsAre("café", "café", "café", "café"));
  EXPECT_THAT(Words("ＴＱＤＢ１２ ﬁne x²"), ElementsAre("tqdb12", "fine", "x2"));
  EXPECT_EQ(Words("ｶﾞｲﾄﾞ"), Words("ガイド"));
  EXPECT_EQ(Words("한국어"), Words("\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165"));
  EXPECT_THAT(Words("½"), ElementsAre("1", "2"));
}

TEST(WordsTest, WhatIsNotSeenDoesNotCount) {
  EXPECT_THAT(Words("co\u00adoperate zero\u200bwidth a\ufe0f \ufeffbom"),
              ElementsAre("cooperate", "zerowidth", "a", "bom"));
  EXPECT_EQ(Words("می\u200cخواهم"), Words("میخواهم"));  // Persian, with a joiner and without
  EXPECT_THAT(Words("❤️ \u00ad \u200d"), ElementsAre());
}

TEST(WordsTest, AMarkBeginsNoWord) {
  EXPECT_THAT(Words("\u0301 =\u0338a ¨x ´"), ElementsAre("a", "x"));
  EXPECT_EQ(Words("a≠b"), Words("a=\u0338b"));
}

TEST(WordsTest, ScriptsWithoutSpacesHaveClustersAndPairs) {
  EXPECT_THAT(Words("東京都"), ElementsAre("東", "東京", "京", "京都", "都"));
  EXPECT_THAT(QueryWords("東京都"), ElementsAre("東京", "京都"));
  EXPECT_THAT(QueryWords("東"), ElementsAre("東"));
  EXPECT_THAT(QueryWords("日本語、東京 木"), ElementsAre("日本", "本語", "東京", "木"));
  EXPECT_THAT(QueryWords("我用Python3写代码，好！"),
              ElementsAre("我用", "python3", "写代", "代码", "好"));
  EXPECT_THAT(QueryWords("佐々木 らーめん"), ElementsAre("佐々", "々木", "らー", "ーめ", "めん"));
  EXPECT_THAT(Words("ไทย๒"), ElementsAre("ไ", "ไท", "ท", "ทย", "ย", "๒"));
  EXPECT_THAT(Words("น้ำ"),
              ElementsAre("น้\u0e4d", "น้\u0e4dา", "า"));  // marks stay with their letter
  EXPECT_THAT(Words("한국어 사전"), ElementsAre("한국어", "사전"));
  EXPECT_THAT(Words("\U00020000a\U0002a6df"), ElementsAre("\U00020000", "a", "\U0002a6df"));
}

TEST(WordsTest, AWordWithinASentenceWithoutSpacesIsFound) {
  const struct {
    const char *sentence, *word, *other;
  } cases[] = {
      {"ฉันชอบกินข้าวผัด", "ข้าว", "น้ำตก"},        // Thai: rice
      {"ຂ້ອຍມັກກິນເຂົ້າ", "ເຂົ້າ", "ນ້ຳ"},            // Lao: rice
      {"ខ្ញុំចូលចិត្តបាយ", "បាយ", "សាលា"},          // Khmer: rice
      {"ကျွန်တော်ထမင်းစားတယ်", "ထမင်း", "ကျောင်း"},  // Burmese: rice
      {"データベースソフトウェア", "ソフト", "カメラ"},
      {"データベースソフトウェア", "ﾃﾞｰﾀ", "デート"},
      {"これはらーめんです", "らーめん", "うどん"},
      {"我们在北京大学学习", "大学", "学大"},
      {"我们在北京大学学习", "京", "东"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(QueryWords(c.word), IsSubsetOf(Words(c.sentence)));
    EXPECT_THAT(QueryWords(c.other), ::testing::Not(IsSubsetOf(Words(c.sentence)))) << c.other;
  }
}

TEST(WordsTest, BytesThatAreNotUtf8Separate) {
  EXPECT_THAT(Words("a\xff"
                    "b\xc3 \xe2\x82"),
              ElementsAre("a", "b"));
  EXPECT_THAT(Words("é\xed\xa0\x80z \xc1\x81"), ElementsAre("é", "z"));  // a surrogate, a long form
  testing::Gaussian random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string noise;
    for (size_t n = random.Below(20); n > 0; --n) noise += static_cast<char>(random.Below(256));
    for (const WordSide side : {WordSide::kText, WordSide::kQuery}) {
      for (const std::string& word : Words(noise, side)) {
        EXPECT_THAT(Words(word), Contains(word));
        EXPECT_THAT(QueryWords(word), ElementsAre(word));
      }
    }
  }
}

}  // namespace words_test
}  // namespace tqdb::storage
