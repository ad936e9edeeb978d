#include "base/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/random.h"

namespace tqdb::storage {
namespace words_test {

using ::testing::ElementsAre;

std::vector<std::string> Words(absl::string_view text) {
  std::vector<std::string> words;
  for (WordReader reader(text); reader.Next();) words.push_back(reader.word());
  return words;
}

TEST(WordsTest, RunsOfLettersAndDigitsInLowerCase) {
  EXPECT_THAT(Words(""), ElementsAre());
  EXPECT_THAT(Words(" ,.! "), ElementsAre());
  EXPECT_THAT(Words("It's 3.5 km, e-mail_me"),
              ElementsAre("it", "s", "3", "5", "km", "e", "mail", "me"));
  EXPECT_THAT(Words("end"), ElementsAre("end"));
}

TEST(WordsTest, LettersBeyondAscii) {
  EXPECT_THAT(Words("ÄRGER Übung Straße"), ElementsAre("ärger", "übung", "straße"));
  EXPECT_THAT(Words("ŁÓDŹ ŽIŽKOV Ÿ"), ElementsAre("łódź", "žižkov", "ÿ"));
  EXPECT_THAT(Words("МОСКВА Ёлка ΑΘΗΝΑ Ґ"), ElementsAre("москва", "ёлка", "αθηνα", "ґ"));
  EXPECT_THAT(Words("a\u00a0b\u2013c\u2026d«e»5×6"),
              ElementsAre("a", "b", "c", "d", "e", "5", "6"));
  EXPECT_THAT(Words("x😀y"), ElementsAre("x😀y"));
}

TEST(WordsTest, HanAndHiraganaAreAWordEach) {
  EXPECT_THAT(Words("日本語、東京"), ElementsAre("日", "本", "語", "東", "京"));
  EXPECT_THAT(Words("我用Python3写代码，好！"),
              ElementsAre("我", "用", "python3", "写", "代", "码", "好"));
  EXPECT_THAT(Words("カタカナでテスト"), ElementsAre("カタカナ", "で", "テスト"));
  EXPECT_THAT(Words("佐々木"), ElementsAre("佐", "々", "木"));
  EXPECT_THAT(Words("한국어 사전"), ElementsAre("한국어", "사전"));
  EXPECT_THAT(Words("\U00020000a\U0002a6df"), ElementsAre("\U00020000", "a", "\U0002a6df"));
}

TEST(WordsTest, BytesThatAreNotUtf8StayInTheirWord) {
  EXPECT_THAT(Words("a\xff"
                    "b\xc3 \xe2\x82"),
              ElementsAre("a\xff"
                          "b\xc3",
                          "\xe2\x82"));
  testing::Gaussian random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string noise;
    for (size_t n = random.Below(20); n > 0; --n) noise += static_cast<char>(random.Below(256));
    for (const std::string& word : Words(noise)) {
      EXPECT_THAT(Words(word), ElementsAre(word));  // the words of a word are itself
    }
  }
}

}  // namespace words_test
}  // namespace tqdb::storage
