// The command completion: prints a script that makes a shell complete the words of `tqdb`.
//
// The scripts hold no list of commands. They ask `tqdb completion words WORD...`, so they fit every
// version of the program.
#include <map>
#include <memory>
#include <string>

#include "client/cli/commands/commands.h"

namespace tqdb::client {
namespace {

constexpr char kBash[] = R"(# Completion of tqdb for bash.
_tqdb() {
  mapfile -t COMPREPLY < <(tqdb completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _tqdb tqdb
)";

constexpr char kZsh[] = R"(#compdef tqdb
# Completion of tqdb for zsh.
_tqdb() {
  local -a found
  found=("${(@f)$(tqdb completion words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then
    compadd -a found
  else
    _files
  fi
}
if [[ "${funcstack[1]}" == "_tqdb" ]]; then
  _tqdb
else
  compdef _tqdb tqdb
fi
)";

constexpr char kFish[] = R"(# Completion of tqdb for fish.
function __tqdb_words
  set -l words (commandline -opc) (commandline -ct)
  tqdb completion words $words[2..-1] 2>/dev/null
end
complete -c tqdb -a '(__tqdb_words)'
)";

}  // namespace

void AddCompletionCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("completion", "Print a script that completes words in a shell");
  auto shell = std::make_shared<std::string>();
  sub.Add("shell", *shell, "The shell").Required().OneOf({"bash", "zsh", "fish"});
  sub.Footer(
      "Examples:\n"
      "  tqdb completion bash > ~/.local/share/bash-completion/completions/tqdb\n"
      "  tqdb completion zsh > \"${fpath[1]}/_tqdb\"\n"
      "  tqdb completion fish > ~/.config/fish/completions/tqdb.fish\n"
      "or for one session: source <(tqdb completion bash)");
  sub.OnChosen([shell, &context] {
    context.command() = [shell, &context] {
      const std::map<std::string, const char*> scripts = {
          {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
      context.out() << scripts.at(*shell);
      return kExitOk;
    };
  });
}

}  // namespace tqdb::client
