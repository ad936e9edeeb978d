#include "base/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tqdb {
namespace {

// Returns "{auto,off}".
std::string KeysText(const std::map<std::string, int>& names) {
  std::string text;
  for (const auto& [name, value] : names) absl::StrAppend(&text, text.empty() ? "{" : ",", name);
  return text + "}";
}

// Returns what the error of the parser means. The parser calls a command that it does not know a
// missing one.
std::string Explain(const CLI::App& app, const CLI::ParseError& error) {
  std::string chain = app.get_name();
  const CLI::App* innermost = &app;
  while (!innermost->get_subcommands().empty()) {
    innermost = innermost->get_subcommands().front();
    absl::StrAppend(&chain, " ", innermost->get_name());
  }
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (innermost->get_require_subcommand_min() > 0 && !unknown.empty()) {
    return absl::StrCat("\"", unknown.front(), "\" is no command of ", chain);
  }
  return error.what();
}

// Refuses a negative number for a variable that holds none. Without it the parser takes -1 for
// 2^64 - 1.
CLI::Validator NotNegative() {
  return CLI::Validator(
      [](std::string& text) {
        return text.empty() || text[0] != '-' ? std::string() : text + " is below 0";
      },
      "");
}

// Accepts numbers above zero. The parser's own check prints a bound of 309 digits.
CLI::Validator AboveZero() {
  return CLI::Validator(
      [](std::string& text) {
        double value = 0;
        if (!CLI::detail::lexical_cast(text, value)) return text + " is not a number";
        return value > 0 ? std::string() : text + " is not above 0";
      },
      "POSITIVE");
}

// The type of the numbers that a variable holds: T itself, or that within an optional or a vector.
template <typename T>
struct NumberOf {
  using type = T;
};
template <typename T>
struct NumberOf<std::optional<T>> {
  using type = T;
};
template <typename T>
struct NumberOf<std::vector<T>> {
  using type = T;
};

// Returns the names of a flag with their dashes; empty for a positional argument.
std::vector<std::string> NamesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// Returns the values of a text such as "{auto,off}" or "TEXT:{auto,off}", or nothing.
std::vector<std::string> ValuesOf(const CLI::Option& option) {
  const std::string text =
      option.get_option_text().empty() ? option.get_type_name() : option.get_option_text();
  const size_t begin = text.find('{');
  const size_t end = text.find('}');
  if (begin == text.npos || end == text.npos || end < begin) return {};
  return absl::StrSplit(text.substr(begin + 1, end - begin - 1), ',');
}

// Returns the flag of this name, of the command or of those above it. Null if there is none.
const CLI::Option* FindFlag(const std::vector<const CLI::App*>& chain, const std::string& name) {
  for (const CLI::App* app : chain) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& own : NamesOf(*option)) {
        if (own == name) return option;
      }
    }
  }
  return nullptr;
}

// Returns the command of this name below `app`. Null if there is none.
const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

}  // namespace

Flag Flag::Required() {
  option_->required();
  return *this;
}

Flag Flag::ShowDefault() {
  option_->capture_default_str();
  return *this;
}

Flag Flag::Placeholder(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Flag Flag::ValueText(const std::string& text) {
  option_->option_text(text);
  return *this;
}

Flag Flag::Environment(const std::string& variable) {
  option_->envname(variable);
  return *this;
}

Flag Flag::Group(const std::string& heading) {
  option_->group(heading);
  return *this;
}

Flag Flag::Separator(char separator) {
  option_->delimiter(separator);
  return *this;
}

Flag Flag::OneValueEachTime() {
  option_->allow_extra_args(false);
  return *this;
}

Flag Flag::Positive() {
  option_->check(AboveZero());
  return *this;
}

Flag Flag::InRange(int low, int high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag Flag::InRange(size_t low, size_t high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag Flag::InRange(double low, double high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag Flag::OneOfNumbers(const std::vector<int>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}

Flag Flag::OneOf(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}

Flag Flag::OneOfIgnoringCase(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values, CLI::ignore_case));
  return *this;
}

Flag Flag::ExistingFile() {
  option_->check(CLI::ExistingFile);
  return *this;
}

Flag Flag::Needs(Flag other) {
  option_->needs(other.option_);
  return *this;
}

Flag Flag::Excludes(Flag other) {
  option_->excludes(other.option_);
  return *this;
}

FlagSet FlagSet::AddCommand(const std::string& name, const std::string& description) {
  return FlagSet(app_->add_subcommand(name, description));
}

template <typename T>
Flag FlagSet::Add(const std::string& names, T& value, const std::string& help) {
  CLI::Option* option = app_->add_option(names, value, help);
  if constexpr (std::is_unsigned_v<typename NumberOf<T>::type>) option->check(NotNegative());
  return Flag(option);
}

template Flag FlagSet::Add(const std::string&, std::string&, const std::string&);
template Flag FlagSet::Add(const std::string&, int&, const std::string&);
template Flag FlagSet::Add(const std::string&, uint32_t&, const std::string&);
template Flag FlagSet::Add(const std::string&, uint64_t&, const std::string&);
template Flag FlagSet::Add(const std::string&, float&, const std::string&);
template Flag FlagSet::Add(const std::string&, double&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::optional<std::string>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::optional<uint64_t>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::optional<float>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::vector<std::string>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::vector<int>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::vector<uint64_t>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::vector<float>&, const std::string&);
template Flag FlagSet::Add(const std::string&, std::vector<double>&, const std::string&);

Flag FlagSet::AddSwitch(const std::string& names, bool& value, const std::string& help) {
  // CLI11 has the form with "!" too, and prints it as --no-index{false}.
  if (names.starts_with("!")) {
    return Flag(app_->add_flag_function(
        names.substr(1), [&value](std::int64_t count) { value = count <= 0; }, help));
  }
  return Flag(app_->add_flag(names, value, help));
}

Flag FlagSet::AddNamed(const std::string& name, const Values& names, const std::string& help,
                       std::function<void(int)> set) {
  CLI::Option* option = app_->add_option_function<int>(name, set, help);
  option->transform(CLI::CheckedTransformer(names, CLI::ignore_case))->option_text(KeysText(names));
  return Flag(option);
}

Flag FlagSet::AddNamedList(const std::string& name, const Values& names, const std::string& help,
                           std::function<void(const std::vector<int>&)> set) {
  CLI::Option* option = app_->add_option_function<std::vector<int>>(name, set, help);
  option->delimiter(',')
      ->transform(CLI::CheckedTransformer(names, CLI::ignore_case))
      ->option_text(KeysText(names));
  return Flag(option);
}

void FlagSet::Footer(const std::string& text) { app_->footer(text); }

void FlagSet::RequireCommand() { app_->require_subcommand(1); }

void FlagSet::AllowFlagsAfterCommands() { app_->fallthrough(); }

void FlagSet::OnChosen(std::function<void()> action) { app_->callback(std::move(action)); }

bool FlagSet::chosen() const { return app_->parsed(); }

std::string FlagSet::name() const { return app_->get_name(); }

FlagParser::FlagParser(const std::string& description, const std::string& name)
    : app_(std::make_unique<CLI::App>(description, name)) {}

FlagParser::~FlagParser() = default;

FlagSet FlagParser::root() { return FlagSet(app_.get()); }

void FlagParser::SetVersion(const std::string& text) { app_->set_version_flag("--version", text); }

std::string FlagParser::Help() const { return app_->help(); }

std::vector<std::string> FlagParser::Candidates(const std::vector<std::string>& words) const {
  std::vector<const CLI::App*> chain = {app_.get()};
  const CLI::Option* open = nullptr;  // flag whose value comes next
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (open != nullptr) {
      open = nullptr;
      continue;
    }
    if (const CLI::Option* flag = FindFlag(chain, words[i])) {
      if (flag->get_items_expected_max() > 0) open = flag;
    } else if (const CLI::App* command = FindCommand(*chain.back(), words[i])) {
      chain.push_back(command);
    }
  }
  const std::string last = words.empty() ? "" : words.back();
  std::vector<std::string> all;
  if (open != nullptr) {
    all = ValuesOf(*open);
  } else if (absl::StartsWith(last, "-")) {
    for (const CLI::App* app : chain) {
      for (const CLI::Option* option : app->get_options()) {
        for (std::string& name : NamesOf(*option)) all.push_back(std::move(name));
      }
    }
  } else {
    for (const CLI::App* app : chain.back()->get_subcommands(nullptr)) {
      all.push_back(app->get_name());
    }
  }
  std::vector<std::string> candidates;
  for (std::string& candidate : all) {
    if (absl::StartsWith(candidate, last)) candidates.push_back(std::move(candidate));
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

absl::StatusOr<bool> FlagParser::Parse(int argc, const char* const* argv, std::ostream& out) {
  // The parser reports by exception; it ends here.
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return absl::InvalidArgumentError(Explain(*app_, error));
    app_->exit(error, out, out);  // help or version
    return false;
  }
  return true;
}

}  // namespace tqdb
