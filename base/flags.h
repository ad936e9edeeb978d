// Command lines: commands with flags and positional arguments, checked and explained.
//
// A front of CLI11, whose header costs five seconds of compilation in each source that includes it.
// Only flags.cc does.
//
//   FlagParser parser("demo: shows the parser.", "demo");
//   FlagSet greet = parser.root().AddCommand("greet", "Print a greeting");
//   std::string name;
//   int times = 1;
//   greet.Add("name", name, "Whom to greet").Required();
//   greet.Add("-n,--times", times, "How often").InRange(1, 10).ShowDefault();
//   absl::StatusOr<bool> run = parser.Parse(argc, argv, std::cout);
//
// Variables are set while parsing and must outlive the parser. Not thread-safe.
#ifndef TQDB_BASE_FLAGS_H_
#define TQDB_BASE_FLAGS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tqdb {

// One flag or positional argument. A handle: copies mean the same one, and it is valid as long as
// its parser. Every function returns the handle, so that calls can be chained.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  // Must be given.
  Flag Required();
  // Shows the present value of the variable as the default.
  Flag ShowDefault();
  // Names the value in the help, in place of its type: FILE.
  Flag Placeholder(const std::string& name);
  // Replaces all that the help says of the value: "{auto,off}".
  Flag ValueText(const std::string& text);
  // Takes the value of this environment variable when the flag is not given.
  Flag Environment(const std::string& variable);
  // Lists the flag under this heading of the help.
  Flag Group(const std::string& heading);
  // Takes several values at once: "1,2,4" for ','.
  Flag Separator(char separator);
  // Takes one value each time that it is given; the next word is a positional argument again.
  Flag OneValueEachTime();

  // Checks of the value.
  Flag Positive();
  Flag InRange(int low, int high);
  Flag InRange(size_t low, size_t high);
  Flag InRange(double low, double high);
  Flag OneOfNumbers(const std::vector<int>& values);
  Flag OneOf(const std::vector<std::string>& values);
  Flag OneOfIgnoringCase(const std::vector<std::string>& values);
  Flag ExistingFile();

  // Must be given together with `other`; must not be.
  Flag Needs(Flag other);
  Flag Excludes(Flag other);

 private:
  CLI::Option* option_;
};

// The flags of a command. A handle, valid as long as its parser.
class FlagSet {
 public:
  explicit FlagSet(CLI::App* app) : app_(app) {}

  // Adds a command below this one.
  FlagSet AddCommand(const std::string& name, const std::string& description);
  // Adds a flag ("--limit", "-k,--limit") or a positional argument ("file") that sets `value`. T is
  // one of the types that flags.cc lists: strings, numbers, and optionals and vectors of them.
  template <typename T>
  Flag Add(const std::string& names, T& value, const std::string& help);
  // Adds a flag without a value that sets `value` to true, or to false for a name after "!".
  Flag AddSwitch(const std::string& names, bool& value, const std::string& help);
  // Adds a flag whose value is one of `names`, in any case.
  template <typename Enum>
  Flag AddChoice(const std::string& name, Enum& value, const std::map<std::string, Enum>& names,
                 const std::string& help);
  // Adds a flag whose values are some of `names`, in any case: "auto,off".
  template <typename Enum>
  Flag AddChoices(const std::string& name, std::vector<Enum>& values,
                  const std::map<std::string, Enum>& names, const std::string& help);

  // Shows the text below the help.
  void Footer(const std::string& text);
  // One of the commands below this one must be given.
  void RequireCommand();
  // Flags of this command may also stand after the commands below it.
  void AllowFlagsAfterCommands();
  // Calls `action` when the command was given and all flags are parsed.
  void OnChosen(std::function<void()> action);
  // Returns whether the command was given.
  bool chosen() const;
  std::string name() const;

 private:
  using Values = std::map<std::string, int>;
  Flag AddNamed(const std::string& name, const Values& names, const std::string& help,
                std::function<void(int)> set);
  Flag AddNamedList(const std::string& name, const Values& names, const std::string& help,
                    std::function<void(const std::vector<int>&)> set);

  template <typename Enum>
  static Values ValuesOf(const std::map<std::string, Enum>& names) {
    Values values;
    for (const auto& [name, value] : names) values.emplace(name, static_cast<int>(value));
    return values;
  }

  CLI::App* app_;
};

// The command line of a program.
class FlagParser {
 public:
  FlagParser(const std::string& description, const std::string& name);
  ~FlagParser();
  FlagParser(const FlagParser&) = delete;
  FlagParser& operator=(const FlagParser&) = delete;

  FlagSet root();
  // Adds --version, which prints the text.
  void SetVersion(const std::string& text);
  std::string Help() const;
  // Returns what the last of the words, which follow the program's name, may become: commands and
  // flags, or the values of the flag before it. Empty where only a file or any text fits.
  std::vector<std::string> Candidates(const std::vector<std::string>& words) const;
  // Sets the variables. Returns true when the program is to run, and false when the command line
  // asked for the help or the version, which is printed to `out`. InvalidArgument says what is
  // wrong with the command line.
  absl::StatusOr<bool> Parse(int argc, const char* const* argv, std::ostream& out);

 private:
  const std::unique_ptr<CLI::App> app_;
};

template <typename Enum>
Flag FlagSet::AddChoice(const std::string& name, Enum& value,
                        const std::map<std::string, Enum>& names, const std::string& help) {
  return AddNamed(name, ValuesOf(names), help,
                  [&value](int chosen) { value = static_cast<Enum>(chosen); });
}

template <typename Enum>
Flag FlagSet::AddChoices(const std::string& name, std::vector<Enum>& values,
                         const std::map<std::string, Enum>& names, const std::string& help) {
  return AddNamedList(name, ValuesOf(names), help, [&values](const std::vector<int>& chosen) {
    values.clear();
    for (int value : chosen) values.push_back(static_cast<Enum>(value));
  });
}

}  // namespace tqdb

#endif  // TQDB_BASE_FLAGS_H_
