// The commands scroll and sample.
#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/filter_flag.h"
#include "client/cli/input/reservoir.h"
#include "client/cli/interrupt.h"
#include "client/cli/output/point_printer.h"

namespace tqdb::client {
namespace {

constexpr uint32_t kScrollPage = 1000;
// Points of a page of ids alone: the largest page that the server allows.
constexpr uint32_t kIdPage = 10000;
constexpr size_t kSampleBatch = 100;

// Options of both commands.
struct ScrollFlags {
  std::string collection;
  FilterFlag filter;
  uint64_t limit = 20;
  bool with_vectors = false;
  std::vector<std::string> payload_keys;  // parts of the payload to print; empty: all
  // Options of scroll alone.
  std::string order_by;
  bool descending = false;
  bool once = false;
  // Options of sample alone.
  std::optional<uint64_t> seed;
  bool no_progress = false;
};

void AddScrollFlags(FlagSet sub, ScrollFlags& flags, const std::string& limit_help) {
  sub.Add("collection", flags.collection, "Name of the collection").Required();
  AddFilterOption(sub, flags.filter, "Only points that match");
  sub.Add("-n,--limit", flags.limit, limit_help).Positive().ShowDefault();
  sub.AddSwitch("--with-vectors", flags.with_vectors, "Print the vectors too");
  sub.Add("--payload-keys", flags.payload_keys,
          "Print only this part of the payload, a path such as author.name; may repeat")
      .Placeholder("KEY")
      .OneValueEachTime();
}

Select SelectOf(const ScrollFlags& flags) {
  return {.payload = true, .vectors = flags.with_vectors, .payload_include = flags.payload_keys};
}

// Prints the first points, in the order of ids or of a key.
int RunScroll(const ScrollFlags& flags, CommandContext& context) {
  std::optional<OrderBy> order;
  if (!flags.order_by.empty()) order = OrderBy{flags.order_by, flags.descending, flags.once};
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(flags.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  Scroll scroll = (*client)->ScrollPoints(
      flags.collection,
      {.page_size = static_cast<uint32_t>(std::min<uint64_t>(flags.limit, kScrollPage)),
       .select = SelectOf(flags),
       .filter = *std::move(filter),
       .order_by = std::move(order)});
  PointPrinter printer(context, flags.with_vectors);
  uint64_t left = flags.limit;
  while (left > 0) {
    absl::StatusOr<std::vector<Point>> page = scroll.NextPage();
    if (!page.ok()) return context.Fail(page.status());
    if (page->empty()) break;
    if (page->size() > left) page->resize(left);
    for (const Point& point : *page) printer.Print(point);
    left -= page->size();
  }
  printer.Finish();
  if (left == flags.limit && !context.json()) context.out() << "No points.\n";
  return kExitOk;
}

// Adds the ids of all points that match to the reservoir.
absl::Status SampleIds(Client& client, const ScrollFlags& flags,
                       const std::optional<Filter>& filter, CommandContext& context,
                       Reservoir<PointId>& reservoir) {
  // With a filter the number of points is only known at the end.
  std::optional<uint64_t> total;
  if (!filter.has_value()) {
    absl::StatusOr<uint64_t> count = client.Count(flags.collection);
    if (!count.ok()) return count.status();
    total = *count;
  }
  ProgressBar progress = context.StartProgress("sample", total, !flags.no_progress);
  Scroll scroll = client.ScrollPoints(flags.collection, {.page_size = kIdPage, .filter = filter});
  while (true) {
    if (InterruptGuard::interrupted()) return absl::CancelledError("interrupted");
    absl::StatusOr<std::vector<Point>> page = scroll.NextPage();
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    for (Point& point : *page) reservoir.Add(std::move(point.id));
    const double all = static_cast<double>(std::max(total.value_or(0), reservoir.seen()));
    progress.Update(reservoir.seen(),
                    total.has_value() ? static_cast<double>(reservoir.seen()) / all : 0);
  }
  if (reservoir.seen() > kIdPage) progress.Finish(reservoir.seen());
  return absl::OkStatus();
}

// Draws a uniform random sample of the points. It walks over all ids once, because only that makes
// every point equally likely. Then it reads the points that were drawn.
int RunSample(const ScrollFlags& flags, CommandContext& context) {
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(flags.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  const uint64_t seed = flags.seed.has_value() ? *flags.seed : std::random_device()();
  Reservoir<PointId> reservoir(flags.limit, seed);
  InterruptGuard guard;
  if (absl::Status s = SampleIds(**client, flags, *filter, context, reservoir); !s.ok()) {
    context.Fail(s);
    return InterruptGuard::interrupted() ? kExitInterrupted : kExitError;
  }
  std::vector<PointId> ids = reservoir.items();
  std::sort(ids.begin(), ids.end());
  PointPrinter printer(context, flags.with_vectors);
  const Select select = SelectOf(flags);
  for (size_t begin = 0; begin < ids.size(); begin += kSampleBatch) {
    absl::StatusOr<std::vector<Point>> points = (*client)->Get(
        flags.collection, absl::MakeConstSpan(ids).subspan(begin, kSampleBatch), select);
    if (!points.ok()) return context.Fail(points.status());
    for (const Point& point : *points) printer.Print(point);
  }
  printer.Finish();
  if (!context.json()) {
    context.out() << WithThousands(ids.size()) << " of " << WithThousands(reservoir.seen())
                  << " points; --seed " << seed << " draws the same again.\n";
  }
  return kExitOk;
}

}  // namespace

void AddScrollCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("scroll", "Print the first points by id, or by a payload key");
  auto flags = std::make_shared<ScrollFlags>();
  AddScrollFlags(sub, *flags, "Points to print at most");
  Flag order_by = sub.Add(
      "--order-by", flags->order_by,
      "In the order of this payload key, in place of by id; it needs an index of integers, floats "
      "or times");
  order_by.Placeholder("KEY");
  sub.AddSwitch("--desc", flags->descending, "Highest first").Needs(order_by);
  sub.AddSwitch("--once", flags->once,
                "Print a point with several values once, at the first of them")
      .Needs(order_by);
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb scroll books\n"
      "  tqdb scroll books --filter '{\"must\": [{\"key\": \"year\", \"range\": {\"gte\": "
      "1990}}]}'\n"
      "  tqdb scroll books --filter @recent.json --limit 100 --json | jq .payload.title\n"
      "  tqdb scroll books --order-by year --desc --limit 5\n"
      "`tqdb export books -` writes all of them. By a key, a point with several values is printed "
      "for\n"
      "each of them, and points without any are left out.\n\n",
      kFilterForms));
  sub.OnChosen([flags, &context] {
    context.command() = [flags, &context] { return RunScroll(*flags, context); };
  });
}

void AddSampleCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("sample", "Print random points");
  auto flags = std::make_shared<ScrollFlags>();
  AddScrollFlags(sub, *flags, "Points to draw, each at most once");
  sub.Add("--seed", flags->seed,
          "Of the random numbers: draws the same points of the same collection again");
  sub.AddSwitch("--no-progress", flags->no_progress, "Do not report progress");
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb sample books --limit 5\n"
      "  tqdb sample books --seed 1 --json\n"
      "  tqdb sample books --filter '{\"must\": [{\"exists\": {\"key\": \"year\"}}]}'\n"
      "Every point is equally likely. The cost: the ids of all points are read, 10,000 a call,\n"
      "which takes seconds for a million (with --filter the server evaluates all payloads, and\n"
      "ids of those that match are read), and then the points drawn. They are printed in id\n"
      "order; one that is deleted meanwhile is missing.\n\n",
      kFilterForms));
  sub.OnChosen([flags, &context] {
    context.command() = [flags, &context] { return RunSample(*flags, context); };
  });
}

}  // namespace tqdb::client
