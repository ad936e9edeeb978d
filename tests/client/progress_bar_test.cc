#include "client/cli/output/progress_bar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "client/cli/output/table.h"
#include "client/cli/output/text_format.h"

namespace tqdb::client {
namespace progress_bar_test {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RenderProgressTest, ShowsAllPartsOnAWideTerminal) {
  const ProgressState state{.done = 27000, .total = 60000, .fraction = 0.45, .elapsed_s = 0.655};
  EXPECT_EQ(RenderProgress("import", state, 120, true),
            "import [==================>                     ]   45%  27,000 of 60,000 rows"
            "  41,221 rows/s  0:01 left");
  EXPECT_EQ(RenderProgress("import", state, 120, false),
            "import   45%  27,000 of 60,000 rows  41,221 rows/s  0:01 left");
}

TEST(RenderProgressTest, NeverExceedsTheWidthNorReturnsNonsense) {
  for (size_t width = 0; width < 130; ++width) {
    for (double fraction :
         {-1.0, 0.0, 1e-9, 0.3, 0.999, 1.0, 7.0, std::numeric_limits<double>::quiet_NaN(),
          std::numeric_limits<double>::infinity()}) {
      for (double elapsed_s : {0.0, 0.5, 1e9}) {
        const ProgressState state{.done = 123456789, .fraction = fraction, .elapsed_s = elapsed_s};
        const std::string line = RenderProgress("import", state, width, true);
        EXPECT_LE(DisplayWidth(line), width) << line;
        EXPECT_THAT(line, Not(HasSubstr("nan")));
        EXPECT_THAT(line, Not(HasSubstr("inf")));
      }
    }
  }
}

TEST(RenderProgressTest, GuessesNothingBeforeItKnows) {
  EXPECT_EQ(RenderProgress("x", {.done = 10, .fraction = 0, .elapsed_s = 0.1}, 80, true),
            "x  10 rows");
  EXPECT_EQ(RenderProgress("x", {.done = 10, .fraction = 0, .elapsed_s = 2}, 80, true),
            "x  10 rows  5 rows/s");
  EXPECT_EQ(
      RenderProgress("x", {.done = 10, .total = 10, .fraction = 1, .elapsed_s = 2}, 42, false),
      "x  100%  10 of 10 rows  5 rows/s  in 2.0 s");
  EXPECT_EQ(
      RenderProgress("x", {.done = 10, .total = 10, .fraction = 1, .elapsed_s = 2}, 41, false),
      "x  100%  10 of 10 rows  5 rows/s");
}

class Clock {
 public:
  absl::Time now() const { return now_; }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_ = absl::UnixEpoch();
};

TEST(ProgressBarTest, RedrawsAtMostTenTimesASecond) {
  Clock clock;
  std::ostringstream out;
  {
    ProgressBar bar("x", 100, ProgressBar::Mode::kBar, 80, out, [&] { return clock.now(); });
    for (int i = 0; i < 100; ++i) {
      clock.Advance(absl::Milliseconds(10));
      bar.Update(i, i / 100.0);
    }
    bar.Finish(100);
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 11);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_THAT(text, HasSubstr("100%"));
}

TEST(ProgressBarTest, ShowsOneHundredPercentOnlyWhenFinished) {
  Clock clock;
  std::ostringstream out;
  ProgressBar bar("x", 100, ProgressBar::Mode::kBar, 80, out, [&] { return clock.now(); });
  clock.Advance(absl::Seconds(1));
  bar.Update(90, 1.0);
  EXPECT_THAT(out.str(), HasSubstr("99%"));
}

TEST(ProgressBarTest, WritesPlainLinesElsewhere) {
  Clock clock;
  std::ostringstream out;
  {
    ProgressBar bar("x", 100, ProgressBar::Mode::kLines, 80, out, [&] { return clock.now(); });
    for (int i = 0; i < 12; ++i) {
      clock.Advance(absl::Seconds(1));
      bar.Update(i, i / 100.0);
    }
    bar.Finish(100);
  }
  EXPECT_EQ(out.str(),
            "x    4%  4 of 100 rows  1 rows/s  2:00 left\n"
            "x    9%  9 of 100 rows  1 rows/s  1:41 left\n"
            "x  100%  100 of 100 rows  8 rows/s  in 12.0 s\n");
}

TEST(ProgressBarTest, IsSilentWhenOff) {
  std::ostringstream out;
  {
    ProgressBar bar("x", 1, ProgressBar::Mode::kOff, 80, out);
    bar.Update(1, 0.5);
    bar.Finish(1);
  }
  EXPECT_EQ(out.str(), "");
}

TEST(TextFormatTest, FormatsNumbers) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(~uint64_t{0}), "18,446,744,073,709,551,615");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytes(~uint64_t{0}), "16.0 EiB");
  EXPECT_EQ(FormatClock(0.4), "0:00");
  EXPECT_EQ(FormatClock(65), "1:05");
  EXPECT_EQ(FormatClock(3725), "1:02:05");
  EXPECT_EQ(FormatClock(1e30), "99:59:59");
}

TEST(TextFormatTest, TruncatesByCodePoint) {
  EXPECT_EQ(Truncate("abc", 3), "abc");
  EXPECT_EQ(Truncate("abcd", 3), "ab…");
  EXPECT_EQ(Truncate("äöüß", 3), "äö…");
  EXPECT_EQ(Truncate("a\nb\x1b[1m", 10), "a b [1m");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(TableTest, AlignsAndCutsTheLastColumn) {
  Table table({{"id", Align::kRight}, {"text"}});
  table.AddRow({"7", "grün und lang genug"});
  table.AddRow({"1234", "x"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "  id  text\n   7  grün und lang genug\n1234  x\n");
  std::ostringstream narrow;
  table.Print(narrow, 16);
  EXPECT_EQ(narrow.str(), "  id  text\n   7  grün und …\n1234  x\n");
}

}  // namespace progress_bar_test
}  // namespace tqdb::client
