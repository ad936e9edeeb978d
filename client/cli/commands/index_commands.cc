// The commands index create, index list and index delete.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/index_table.h"

namespace tqdb::client {
namespace {

// Options of the three commands.
struct IndexOptions {
  std::string collection;
  std::string key;
  std::string kind;
  bool no_wait = false;
};

// Names of the kinds, in the order of PayloadIndexKind. kKeyword has the number 1 and place 0.
const std::vector<std::string> kKinds = {"keyword", "integer", "float", "bool", "datetime", "text"};

// Makes an index and, unless told not to, waits until it is complete.
int RunCreate(const IndexOptions& options, CommandContext& context) {
  const auto name = std::find(kKinds.begin(), kKinds.end(), absl::AsciiStrToLower(options.kind));
  const auto kind = static_cast<PayloadIndexKind>(name - kKinds.begin() + 1);
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<PayloadIndexInfo> index =
      (*client)->CreatePayloadIndex(options.collection, options.key, kind, !options.no_wait);
  if (absl::IsDeadlineExceeded(index.status())) {
    return context.Fail(absl::DeadlineExceededError(
        absl::StrCat(index.status().message(),
                     "; if the server was reached, the index is completed all the same: "
                     "`tqdb index list ",
                     options.collection, "` says when it is ready")));
  }
  if (!index.ok()) return context.Fail(index.status());
  if (context.json()) {
    context.Print(ToJson(*index));
  } else if (index->ready) {
    context.out() << "Indexed " << index->key << " of " << WithThousands(index->points)
                  << " points, " << FormatBytes(index->memory_bytes) << ".\n";
  } else {
    context.out() << "Indexing " << index->key << "; `tqdb index list " << options.collection
                  << "` says when it is ready.\n";
  }
  return kExitOk;
}

// Prints the indexes of a collection.
int RunList(const IndexOptions& options, CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<CollectionInfo> info = (*client)->GetCollection(options.collection);
  if (!info.ok()) return context.Fail(info.status());
  if (context.json()) {
    for (const PayloadIndexInfo& index : info->payload_indexes) context.Print(ToJson(index));
  } else if (info->payload_indexes.empty()) {
    context.out() << "No payload indexes.\n";
  } else {
    PrintIndexes(*info, context.out());
  }
  return kExitOk;
}

int RunDelete(const IndexOptions& options, CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::Status status = (*client)->DeletePayloadIndex(options.collection, options.key);
  if (!status.ok()) return context.Fail(status);
  if (context.json()) {
    Json out;
    out["deleted"] = options.key;
    context.Print(out);
  } else {
    context.out() << "Deleted the index of " << options.key << "; payloads are as they were.\n";
  }
  return kExitOk;
}

void AddCreate(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("create", "Index the values of a payload key");
  auto options = std::make_shared<IndexOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("key", options->key, "The key, a path as in filters: lang, author.name").Required();
  sub.Add("kind", options->kind, "keyword, integer, float, bool, datetime or text")
      .Required()
      .OneOfIgnoringCase(kKinds);
  sub.AddSwitch("--no-wait", options->no_wait, "Return at once and let the server build the index");
  sub.Footer(
      "Examples:\n"
      "  tqdb index create books lang keyword\n"
      "  tqdb index create books year integer --no-wait\n"
      "  tqdb index create books author.born datetime --timeout 10m\n"
      "What each kind serves:\n"
      "  keyword    match of strings as a whole (value, any, except); facets and groups\n"
      "  integer    match and range of integers, scroll --order-by; facets and groups\n"
      "  float      match and range of numbers, scroll --order-by\n"
      "  bool       match of true and false; facets and groups\n"
      "  datetime   range of RFC 3339 times, scroll --order-by\n"
      "  text       match of words, search --text\n"
      "Filters on the key need not read payloads then; they answer the same without an index, "
      "more\n"
      "slowly. Writes and searches go on while an index is built. When --timeout is too short to\n"
      "wait for it, the index is completed all the same.");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunCreate(*options, context); };
  });
}

void AddList(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("list", "List the payload indexes of a collection");
  auto options = std::make_shared<IndexOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Footer(
      "Examples:\n"
      "  tqdb index list books\n"
      "  tqdb index list books --json | jq 'select(.ready | not)'");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunList(*options, context); };
  });
}

void AddDelete(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("delete", "Delete the index of a payload key");
  auto options = std::make_shared<IndexOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("key", options->key, "The indexed key").Required();
  sub.Footer(
      "Examples:\n"
      "  tqdb index delete books lang\n"
      "Payloads stay as they are, and filters on the key still answer, more slowly.");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunDelete(*options, context); };
  });
}

}  // namespace

void AddIndexCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("index", "Create, list and delete payload indexes");
  sub.RequireCommand();
  AddCreate(sub, context);
  AddList(sub, context);
  AddDelete(sub, context);
  sub.Footer(
      "Examples:\n"
      "  tqdb index create books lang keyword\n"
      "  tqdb index list books\n"
      "  tqdb index delete books lang\n"
      "`tqdb index create --help` says what each kind of index is for.");
}

}  // namespace tqdb::client
