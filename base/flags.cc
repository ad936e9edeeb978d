#include "base/flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

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
  option_->check(CLI::PositiveNumber);
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
  return Flag(app_->add_option(names, value, help));
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
