#include "client/cli/flags/match_flags.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/text_format.h"

namespace tqdb::client {

void AddMatchFlags(FlagSet app, MatchFlags& flags, const std::string& filter_description) {
  AddFilterOption(app, flags.filter, filter_description);
  app.AddSwitch("--dry-run", flags.dry_run, "Only count what --filter matches");
  app.AddSwitch("-y,--yes", flags.yes,
                "Do not ask before everything that --filter matches is changed");
}

std::optional<int> RefuseUnasked(const MatchFlags& flags, const MatchWords& words,
                                 CommandContext& context) {
  if (flags.yes || flags.dry_run || context.terminal().in_is_tty) return std::nullopt;
  return context.FailUsage(absl::StrCat("--filter would ", words.verb,
                                        " everything that matches: confirm with --yes, or count it "
                                        "with --dry-run"));
}

std::optional<int> CountAndAsk(Client& client, const std::string& collection, const Filter& filter,
                               const MatchFlags& flags, const MatchWords& words,
                               CommandContext& context) {
  if (flags.yes && !flags.dry_run) return std::nullopt;
  absl::StatusOr<uint64_t> count = client.Count(collection, filter);
  if (!count.ok()) return context.Fail(count.status());
  if (flags.dry_run) {
    if (context.json()) {
      Json out;
      out[words.json_key] = *count;
      context.Print(out);
    } else {
      context.out() << "Would " << words.verb << ' ' << WithThousands(*count) << " points.\n";
    }
    return kExitOk;
  }
  context.err() << "This will " << words.verb << ' ' << WithThousands(*count) << " points of \""
                << collection << "\". Type yes to confirm: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return std::nullopt;
  return context.FailUsage("not confirmed; nothing was changed");
}

}  // namespace tqdb::client
