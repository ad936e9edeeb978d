#include "base/progress_bar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "base/text_format.h"

namespace tqdb {
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
    ProgressBar bar({.label = "x",
                     .total = 100,
                     .mode = ProgressBar::Mode::kBar,
                     .now = [&] { return clock.now(); }},
                    out);
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
  ProgressBar bar({.label = "x",
                   .total = 100,
                   .mode = ProgressBar::Mode::kBar,
                   .now = [&] { return clock.now(); }},
                  out);
  clock.Advance(absl::Seconds(1));
  bar.Update(90, 1.0);
  EXPECT_THAT(out.str(), HasSubstr("99%"));
}

TEST(ProgressBarTest, WritesPlainLinesElsewhere) {
  Clock clock;
  std::ostringstream out;
  {
    ProgressBar bar({.label = "x",
                     .total = 100,
                     .mode = ProgressBar::Mode::kLines,
                     .now = [&] { return clock.now(); }},
                    out);
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

TEST(ProgressBarTest, SaysThingsOnLinesOfTheirOwn) {
  Clock clock;
  std::ostringstream out;
  ProgressBar bar({.label = "x",
                   .total = 100,
                   .mode = ProgressBar::Mode::kBar,
                   .now = [&] { return clock.now(); }},
                  out);
  clock.Advance(absl::Seconds(1));
  bar.Update(90, 0.9);
  bar.Say("connection lost");
  EXPECT_THAT(out.str(), ::testing::EndsWith("\r\x1b[Kconnection lost\n"));
}

TEST(ProgressBarTest, IsSilentWhenOff) {
  std::ostringstream out;
  {
    ProgressBar bar({.label = "x", .total = 1, .mode = ProgressBar::Mode::kOff}, out);
    bar.Update(1, 0.5);
    bar.Finish(1);
  }
  EXPECT_EQ(out.str(), "");
}

// What a benchmark shows while it runs: at once, from any thread, and gone before its results.
TEST(ProgressBarTest, ATransientBarIsDrawnAtOnceAndWiped) {
  Clock clock;
  std::ostringstream out;
  {
    ProgressBar bar({.label = "x",
                     .total = 4,
                     .mode = ProgressBar::Mode::kBar,
                     .width = 20,
                     .unit = "",
                     .transient = true,
                     .now = [&] { return clock.now(); }},
                    out);
    EXPECT_EQ(out.str(), "\rx  0 of 4\x1b[K");
    clock.Advance(absl::Seconds(1));
    bar.Add(2);
    EXPECT_THAT(out.str(), HasSubstr("x   50%  2 of 4  2/s"));
  }
  EXPECT_TRUE(out.str().ends_with("\x1b[K\r\x1b[K")) << out.str();
}

TEST(ProgressBarTest, CountsWhatThreadsAdd) {
  std::ostringstream out;
  ProgressBar bar(
      {.label = "x", .total = 40000, .mode = ProgressBar::Mode::kBar, .transient = true}, out);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&bar] {
      for (int i = 0; i < 10000; ++i) bar.Add(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  absl::SleepFor(absl::Milliseconds(110));  // a redraw is due
  bar.Add(0);
  EXPECT_THAT(out.str(), HasSubstr("40,000 of 40,000 rows"));
}

}  // namespace progress_bar_test
}  // namespace tqdb
