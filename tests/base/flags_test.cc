#include "base/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace tqdb {
namespace flags_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

enum class Color { kRed = 3, kBlue = 7 };

// One command with a flag of every sort.
class FlagsTest : public ::testing::Test {
 protected:
  FlagsTest() {
    parser_.SetVersion("demo 1.2");
    FlagSet root = parser_.root();
    root.RequireCommand();
    root.AllowFlagsAfterCommands();
    root.AddSwitch("--json", json_, "Print JSON");
    FlagSet paint = root.AddCommand("paint", "Paint walls");
    paint.Add("wall", wall_, "Which wall").Required();
    paint.Add("-n,--coats", coats_, "How many").InRange(1, 9).ShowDefault();
    Flag width = paint.Add("--width", width_, "Of the wall").Positive();
    paint.Add("--height", height_, "Of the wall").Needs(width).Placeholder("METRES");
    paint.Add("--layers", layers_, "A list").Separator(',').OneOfNumbers({1, 2, 4});
    paint.Add("--finish", finish_, "How it shines").OneOf({"matt", "gloss"});
    paint.AddSwitch("!--no-primer", primer_, "Leave out the primer");
    paint.AddChoice("--color", color_, Colors(), "Which color");
    paint.AddChoices("--trim", trim_, Colors(), "Colors of the trim");
    paint.Footer("Example: demo paint north");
    paint.OnChosen([this] { ++chosen_; });
    paint_ = paint;
    FlagSet room = root.AddCommand("room", "Rooms");
    room.RequireCommand();
    room.AddCommand("list", "List them");
  }

  static const std::map<std::string, Color>& Colors() {
    static const std::map<std::string, Color> colors = {{"red", Color::kRed},
                                                        {"blue", Color::kBlue}};
    return colors;
  }
  absl::StatusOr<bool> Parse(std::vector<const char*> words) {
    words.insert(words.begin(), "demo");
    return parser_.Parse(static_cast<int>(words.size()), words.data(), out_);
  }
  std::string Error(const std::vector<const char*>& words) {
    const absl::StatusOr<bool> run = Parse(words);
    EXPECT_TRUE(absl::IsInvalidArgument(run.status())) << run.status();
    return std::string(run.status().message());
  }

  FlagParser parser_{"demo: paints.", "demo"};
  FlagSet paint_{nullptr};
  std::ostringstream out_;
  bool json_ = false;
  std::string wall_;
  int coats_ = 2;
  std::optional<uint64_t> width_;
  double height_ = 0;
  std::vector<int> layers_;
  std::string finish_;
  bool primer_ = true;
  Color color_ = Color::kRed;
  std::vector<Color> trim_ = {Color::kRed};
  int chosen_ = 0;
};

TEST_F(FlagsTest, SetsTheVariablesOfTheCommandThatWasGiven) {
  const absl::StatusOr<bool> run =
      Parse({"paint", "north", "-n", "3", "--width", "5", "--height", "2.5", "--layers", "1,4",
             "--finish", "matt", "--no-primer", "--color", "BLUE", "--trim", "blue,red", "--json"});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_TRUE(*run);
  EXPECT_EQ(wall_, "north");
  EXPECT_EQ(coats_, 3);
  EXPECT_EQ(width_, 5u);
  EXPECT_EQ(height_, 2.5);
  EXPECT_THAT(layers_, ElementsAre(1, 4));
  EXPECT_EQ(finish_, "matt");
  EXPECT_FALSE(primer_);
  EXPECT_EQ(color_, Color::kBlue);
  EXPECT_THAT(trim_, ElementsAre(Color::kBlue, Color::kRed));
  EXPECT_TRUE(json_);
  EXPECT_EQ(chosen_, 1);
  EXPECT_TRUE(paint_.chosen());
  EXPECT_EQ(paint_.name(), "paint");
}

TEST_F(FlagsTest, LeavesDefaultsAlone) {
  ASSERT_TRUE(Parse({"paint", "north"}).ok());
  EXPECT_EQ(coats_, 2);
  EXPECT_EQ(width_, std::nullopt);
  EXPECT_TRUE(primer_);
  EXPECT_EQ(color_, Color::kRed);
  EXPECT_THAT(trim_, ElementsAre(Color::kRed));
}

TEST_F(FlagsTest, RefusesNegativeNumbersWhereNoneFits) {
  // The parser alone would take 2^64 - 1 for -1.
  EXPECT_EQ(Error({"paint", "x", "--width", "-1"}), "--width: -1 is below 0");
  EXPECT_EQ(Error({"paint", "x", "--width", "0"}), "--width: 0 is not above 0");
  EXPECT_EQ(width_, std::nullopt);
}

TEST_F(FlagsTest, KnowsWhatAWordMayBecome) {
  EXPECT_THAT(parser_.Candidates({""}), ElementsAre("paint", "room"));
  EXPECT_THAT(parser_.Candidates({"pa"}), ElementsAre("paint"));
  EXPECT_THAT(parser_.Candidates({"--json", "room", ""}), ElementsAre("list"));
  EXPECT_THAT(parser_.Candidates({"paint", "north", "--co"}), ElementsAre("--coats", "--color"));
  EXPECT_THAT(parser_.Candidates({"paint", "--js"}), ElementsAre("--json"));
  EXPECT_THAT(parser_.Candidates({"paint", "--finish", ""}), ElementsAre("gloss", "matt"));
  EXPECT_THAT(parser_.Candidates({"paint", "--color", "b"}), ElementsAre("blue"));
  EXPECT_THAT(parser_.Candidates({"paint", "--no-primer", "--fin"}), ElementsAre("--finish"));
  EXPECT_TRUE(parser_.Candidates({"paint", "--height", ""}).empty());
  EXPECT_TRUE(parser_.Candidates({"paint", ""}).empty());
}

TEST_F(FlagsTest, SaysWhatIsWrong) {
  EXPECT_THAT(Error({"paint"}), HasSubstr("wall"));
  EXPECT_THAT(Error({"paint", "x", "-n", "10"}), HasSubstr("not in range"));
  EXPECT_THAT(Error({"paint", "x", "--width", "0"}), HasSubstr("--width"));
  EXPECT_THAT(Error({"paint", "x", "--height", "1"}), HasSubstr("--width"));
  EXPECT_THAT(Error({"paint", "x", "--layers", "1,3"}), HasSubstr("3 not in {1,2,4}"));
  EXPECT_THAT(Error({"paint", "x", "--finish", "satin"}), HasSubstr("satin"));
  EXPECT_THAT(Error({"paint", "x", "--color", "green"}), HasSubstr("green"));
  EXPECT_THAT(Error({"paint", "x", "--colour", "red"}), HasSubstr("--colour"));
  EXPECT_EQ(Error({"pant"}), "\"pant\" is no command of demo");
  EXPECT_EQ(Error({"room", "lst"}), "\"lst\" is no command of demo room");
  EXPECT_EQ(chosen_, 0);
}

TEST_F(FlagsTest, PrintsHelpAndVersionOnDemand) {
  absl::StatusOr<bool> run = Parse({"paint", "--help"});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_FALSE(*run);
  EXPECT_THAT(out_.str(), HasSubstr("--coats INT:INT in [1 - 9]"));
  EXPECT_THAT(out_.str(), HasSubstr("--height METRES"));
  EXPECT_THAT(out_.str(), HasSubstr("--color {blue,red}"));
  EXPECT_THAT(out_.str(), HasSubstr("--no-primer  "));
  EXPECT_THAT(out_.str(), HasSubstr("Example: demo paint north"));
  out_.str("");
  run = Parse({"--version"});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_FALSE(*run);
  EXPECT_EQ(out_.str(), "demo 1.2\n");
  EXPECT_THAT(parser_.Help(), HasSubstr("Paint walls"));
}

}  // namespace flags_test
}  // namespace tqdb
