// The commands create, list, info, update and drop.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/collection_flags.h"
#include "client/cli/output/index_table.h"
#include "client/cli/output/table.h"

namespace tqdb::client {
namespace {

// Prints a table of the sparse spaces. A quarantined collection has configurations but no figures,
// which then show as zero.
void PrintSparseSpaces(const CollectionInfo& info, std::ostream& out) {
  Table table(
      {{"sparse space"}, {"modifier"}, {"vectors", Align::kRight}, {"memory", Align::kRight}});
  for (const SparseSpaceConfig& config : info.config.sparse_spaces) {
    SparseSpaceInfo held;
    for (const SparseSpaceInfo& candidate : info.sparse_spaces) {
      if (candidate.name == config.name) held = candidate;
    }
    table.AddRow({config.name, std::string(SparseModifierName(config.modifier)),
                  WithThousands(held.rows), FormatBytes(held.memory_bytes)});
  }
  table.Print(out);
}

// Prints everything about a collection, for people.
void PrintInfo(const CollectionInfo& info, std::ostream& out) {
  out << "collection  " << info.name << '\n';
  out << "status      " << CollectionStatusName(info.status);
  if (!info.error.empty()) out << ": " << info.error;
  out << '\n';
  out << "points      " << WithThousands(info.points) << '\n';
  out << "writes      " << WithThousands(info.sequence) << ", digest " << info.digest << '\n';
  out << "disk        " << FormatBytes(info.disk_bytes);
  if (info.points > 0) out << absl::StrFormat(", %.0f bytes a point", info.disk_bytes_per_point);
  out << "\nmemory      " << FormatBytes(info.memory_bytes);
  if (info.points > 0) out << absl::StrFormat(", %.0f bytes a point", info.memory_bytes_per_point);
  out << "; write buffers " << FormatBytes(info.write_buffer_bytes) << '\n';
  for (const auto& [key, value] : info.config.metadata) {
    out << "metadata    " << Truncate(key, 60) << " = " << Truncate(value, 200) << '\n';
  }
  Table table({{"space"},
               {"dim", Align::kRight},
               {"metric"},
               {"bits", Align::kRight},
               {"residual"},
               {"centering"},
               {"originals"},
               {"vectors", Align::kRight},
               {"code bytes", Align::kRight},
               {"smaller than f32", Align::kRight},
               {"means", Align::kRight}});
  for (size_t i = 0; i < info.config.vector_spaces.size(); ++i) {
    const VectorSpaceConfig& config = info.config.vector_spaces[i];
    VectorSpaceInfo held;
    for (const VectorSpaceInfo& candidate : info.vector_spaces) {
      if (candidate.name == config.name) held = candidate;
    }
    table.AddRow({config.name.empty() ? "(unnamed)" : config.name, absl::StrCat(config.dim),
                  std::string(MetricName(config.metric)), absl::StrCat(config.code_bits),
                  std::string(ResidualName(config.residual)),
                  std::string(CenteringName(config.centering)),
                  std::string(StoreVectorsName(config.store_vectors)), WithThousands(held.rows),
                  absl::StrCat(held.code_bytes), absl::StrFormat("%.2fx", held.ratio_to_f32),
                  absl::StrCat(held.mean_versions)});
  }
  out << '\n';
  table.Print(out);
  if (!info.config.sparse_spaces.empty()) {
    out << '\n';
    PrintSparseSpaces(info, out);
  }
  if (info.payload_indexes.empty()) return;
  out << '\n';
  PrintIndexes(info, out);
}

// Prints the collection that a call returned, or its error, and returns the exit code.
int Report(const absl::StatusOr<CollectionInfo>& info, CommandContext& context) {
  if (!info.ok()) return context.Fail(info.status());
  if (context.json()) {
    context.Print(ToJson(*info));
  } else {
    PrintInfo(*info, context.out());
  }
  return kExitOk;
}

// Options of create.
struct CreateOptions {
  std::string collection;
  uint32_t dim = 0;
  std::vector<std::string> spaces;
  CollectionFlags flags;
};

// Creates a collection. All errors of the command line are found before the server is asked.
int RunCreate(const CreateOptions& options, CommandContext& context) {
  CollectionConfig config;
  if ((options.dim == 0) == options.spaces.empty()) {
    return context.FailUsage("give either --dim, for one unnamed space, or --space, once a space");
  }
  if (options.dim > 0) config.vector_spaces.push_back(MakeSpace(options.flags, "", options.dim));
  for (const std::string& text : options.spaces) {
    absl::StatusOr<VectorSpaceConfig> space = ParseSpace(options.flags, text);
    if (!space.ok()) return context.FailUsage(std::string(space.status().message()));
    config.vector_spaces.push_back(*std::move(space));
  }
  auto sparse = ParseSparseSpaces(options.flags.sparse);
  if (!sparse.ok()) return context.FailUsage(std::string(sparse.status().message()));
  config.sparse_spaces = *std::move(sparse);
  auto metadata = ParseMetadata(options.flags.metadata);
  if (!metadata.ok()) return context.FailUsage(std::string(metadata.status().message()));
  config.metadata = *std::move(metadata);
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  return Report((*client)->CreateCollection(options.collection, config), context);
}

// Prints one line for each collection. The error of a quarantined one stands in place of its
// spaces.
int RunList(CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<std::vector<CollectionInfo>> all = (*client)->ListCollections();
  if (!all.ok()) return context.Fail(all.status());
  if (context.json()) {
    for (const CollectionInfo& info : *all) context.Print(ToJson(info));
    return kExitOk;
  }
  if (all->empty()) {
    context.out() << "No collections.\n";
    return kExitOk;
  }
  Table table({{"collection"},
               {"points", Align::kRight},
               {"disk", Align::kRight},
               {"memory", Align::kRight},
               {"status"},
               {"spaces"}});
  for (const CollectionInfo& info : *all) {
    std::string spaces;
    for (const VectorSpaceConfig& space : info.config.vector_spaces) {
      absl::StrAppend(&spaces, spaces.empty() ? "" : "; ", space.name,
                      space.name.empty() ? "" : " ", space.dim, " ", MetricName(space.metric));
    }
    for (const SparseSpaceConfig& space : info.config.sparse_spaces) {
      absl::StrAppend(&spaces, "; ", space.name, " sparse");
    }
    table.AddRow({info.name, WithThousands(info.points), FormatBytes(info.disk_bytes),
                  FormatBytes(info.memory_bytes), std::string(CollectionStatusName(info.status)),
                  info.error.empty() ? spaces : info.error});
  }
  table.Print(context.out(), context.table_width());
  return kExitOk;
}

int RunInfo(const std::string& collection, CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  return Report((*client)->GetCollection(collection), context);
}

// Options of update.
struct UpdateOptions {
  std::string collection;
  std::vector<std::string> metadata;
  bool clear = false;
};

int RunUpdate(const UpdateOptions& options, CommandContext& context) {
  if (options.clear != options.metadata.empty()) {
    return context.FailUsage("give either --metadata KEY=VALUE or --clear-metadata");
  }
  auto metadata = ParseMetadata(options.metadata);
  if (!metadata.ok()) return context.FailUsage(std::string(metadata.status().message()));
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  return Report((*client)->UpdateCollection(options.collection, *metadata), context);
}

// Options of drop.
struct DropOptions {
  std::string collection;
  bool yes = false;
};

// Removes a collection. It cannot be undone, so the user must type its name, or give --yes where
// nobody can type.
int RunDrop(const DropOptions& options, CommandContext& context) {
  if (!options.yes) {
    if (!context.terminal().in_is_tty) {
      return context.FailUsage("drop removes a collection for good: confirm with --yes");
    }
    context.err() << "Remove collection \"" << options.collection
                  << "\" and all of its points? Type its name to confirm: " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != options.collection)
      return context.FailUsage("not confirmed; nothing was removed");
  }
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::Status status = (*client)->DeleteCollection(options.collection);
  if (!status.ok()) return context.Fail(status);
  if (context.json()) {
    Json out;
    out["dropped"] = options.collection;
    context.Print(out);
  } else {
    context.out() << "Dropped " << options.collection << ".\n";
  }
  return kExitOk;
}

}  // namespace

void AddCreateCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("create", "Create a collection");
  auto options = std::make_shared<CreateOptions>();
  sub.Add("collection", options->collection, "Name of the new collection").Required();
  sub.Add("--dim", options->dim, "Dimensions of the vectors, 1 to 16384").Positive();
  sub.Add("--space", options->spaces,
          "A named vector space, instead of --dim: name=title,dim=384[,metric=dot]"
          "[,code-bits=4][,residual=qjl][,centering=auto][,store-vectors=f32]; may repeat");
  AddCollectionFlags(sub, options->flags);
  sub.Footer(
      "Examples:\n"
      "  tqdb create books --dim 768\n"
      "  tqdb create books --dim 768 --metric dot --code-bits 2 --store-vectors none\n"
      "  tqdb create films --space name=title,dim=384 --space name=poster,dim=512,metric=dot\n"
      "  tqdb create texts --dim 384 --sparse terms:idf");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunCreate(*options, context); };
  });
}

void AddListCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("list", "List the collections");
  sub.Footer("Examples:\n  tqdb list\n  tqdb list --json | jq -r .name");
  sub.OnChosen([&context] { context.command() = [&context] { return RunList(context); }; });
}

void AddInfoCommand(FlagSet app, CommandContext& context) {
  FlagSet sub =
      app.AddCommand("info", "Describe a collection: options, size, state, payload indexes");
  auto collection = std::make_shared<std::string>();
  sub.Add("collection", *collection, "Name of the collection").Required();
  sub.Footer("Examples:\n  tqdb info books\n  tqdb info books --json");
  sub.OnChosen([collection, &context] {
    context.command() = [collection, &context] { return RunInfo(*collection, context); };
  });
}

void AddUpdateCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("update", "Replace the metadata of a collection");
  auto options = std::make_shared<UpdateOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("--metadata", options->metadata,
          "KEY=VALUE; may repeat. Together they replace all that was there");
  sub.AddSwitch("--clear-metadata", options->clear, "Remove all metadata");
  sub.Footer("Examples:\n  tqdb update books --metadata model=ada-002 --metadata owner=search");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunUpdate(*options, context); };
  });
}

void AddDropCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("drop", "Remove a collection and all of its points");
  auto options = std::make_shared<DropOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.AddSwitch("-y,--yes", options->yes, "Do not ask");
  sub.Footer("Examples:\n  tqdb drop books --yes");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunDrop(*options, context); };
  });
}

}  // namespace tqdb::client
