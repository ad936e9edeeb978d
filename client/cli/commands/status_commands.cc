// The commands status and ping.
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"

namespace tqdb::client {
namespace {

// Prints the description of the server.
int RunStatus(CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<ServerInfo> info = (*client)->GetServerInfo();
  if (!info.ok()) return context.Fail(info.status());
  if (context.json()) {
    Json out = ToJson(*info);
    out["address"] = context.address();
    context.Print(out);
    return kExitOk;
  }
  context.out() << "address    " << context.address() << '\n'
                << "version    " << info->version << " (" << info->commit << ")\n"
                << "kernels    " << info->kernels << '\n'
                << "data       " << info->data_directory << '\n'
                << "uptime     " << FormatClock(static_cast<double>(info->uptime_s)) << '\n'
                << "memory     " << FormatBytes(info->memory_bytes) << '\n'
                << "limits     " << WithThousands(info->max_batch_points) << " points a batch, "
                << FormatBytes(info->max_message_bytes) << " a message, "
                << WithThousands(info->max_limit) << " results a search\n";
  return kExitOk;
}

// Prints the time of one round trip to the server.
int RunPing(CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  // The first call also makes the connection. Only the second one measures a round trip.
  absl::StatusOr<ServerInfo> info = (*client)->GetServerInfo();
  if (!info.ok()) return context.Fail(info.status());
  const absl::Time start = absl::Now();
  info = (*client)->GetServerInfo();
  const double took_ms = absl::ToDoubleMilliseconds(absl::Now() - start);
  if (!info.ok()) return context.Fail(info.status());
  if (context.json()) {
    Json out;
    out["address"] = context.address();
    out["version"] = info->version;
    out["round_trip_ms"] = took_ms;
    context.Print(out);
  } else {
    context.out() << absl::StrFormat("%s: tqdb %s, round trip %.2f ms\n", context.address(),
                                     info->version, took_ms);
  }
  return kExitOk;
}

}  // namespace

void AddStatusCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("status", "Describe the server: version, kernels, limits");
  sub.Footer("Examples:\n  tqdb status\n  tqdb status --address db1:6334 --json");
  sub.OnChosen([&context] { context.command() = [&context] { return RunStatus(context); }; });
}

void AddPingCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("ping", "Check that the server answers, and how fast");
  sub.Footer("Examples:\n  tqdb ping --timeout 2s");
  sub.OnChosen([&context] { context.command() = [&context] { return RunPing(context); }; });
}

}  // namespace tqdb::client
