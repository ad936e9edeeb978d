// The command generate: writes the rows that the other commands generate or tile to files. So other
// programs can be measured on the same rows.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/data_sets.h"
#include "bench/data/npy.h"
#include "bench/data/row_source.h"
#include "bench/measure/progress.h"

namespace tqdb::bench {
namespace {

struct GenerateFlags {
  CommonFlags common;
  std::string generator;
  std::string data;
  std::string set;
  size_t rows = 100'000;
  size_t dim = 1536;
  size_t queries = 1000;
  std::string out;
};

constexpr size_t kPieceRows = 4096;

absl::StatusOr<std::unique_ptr<RowSource>> OpenSource(const GenerateFlags& flags) {
  if (flags.data.empty()) {
    GeneratedRows::Options options;
    options.directory = flags.generator;
    options.rows = flags.rows;
    options.dim = flags.dim;
    options.queries = flags.queries;
    options.seed = flags.common.seed;
    options.threads = flags.common.ThreadCount();
    TQDB_ASSIGN_OR_RETURN(std::unique_ptr<RowSource> source, GeneratedRows::Create(options));
    return source;
  }
  TQDB_ASSIGN_OR_RETURN(const std::vector<DataSetFiles> sets,
                        FindDataSets(flags.data, {flags.set}));
  TQDB_ASSIGN_OR_RETURN(DataSet set, ReadDataSet(sets.front(), {flags.rows, flags.queries}));
  return std::make_unique<TiledRows>(std::move(set), flags.rows, flags.common.seed);
}

absl::Status RunGenerate(const GenerateFlags& flags) {
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<RowSource> source, OpenSource(flags));
  const std::string base_path = absl::StrCat(flags.out, ".base.f32.npy");
  const std::string query_path = absl::StrCat(flags.out, ".query.f32.npy");
  TQDB_ASSIGN_OR_RETURN(NpyWriter base,
                        NpyWriter::Create(base_path, source->rows(), source->dim()));
  ProgressBar progress = StartProgress("generate", source->rows());
  for (size_t begin = 0; begin < source->rows(); begin += kPieceRows) {
    const size_t count = std::min(kPieceRows, source->rows() - begin);
    base.Append(source->Rows(begin, count, flags.common.ThreadCount()));
    progress.Add(count);
  }
  TQDB_RETURN_IF_ERROR(base.Close());
  const Matrix& queries = source->queries();
  TQDB_ASSIGN_OR_RETURN(NpyWriter query, NpyWriter::Create(query_path, queries.rows, queries.dim));
  query.Append(queries);
  TQDB_RETURN_IF_ERROR(query.Close());
  flags.common.StartReport("generate")
      ->Add(Record()
                .Set("set", source->name())
                .Set("rows", uint64_t{source->rows()})
                .Set("queries", uint64_t{queries.rows})
                .Set("dim", uint64_t{source->dim()})
                .Set("base", base_path)
                .Set("query", query_path));
  return absl::OkStatus();
}

}  // namespace

Command AddGenerateCommand(FlagSet app) {
  auto flags = std::make_shared<GenerateFlags>();
  FlagSet command =
      app.AddCommand("generate", "Write rows and queries as float32 files for other programs");
  Flag generator = command.Add("--generator", flags->generator,
                               "Directory of generator.NAME.{spectrum,mean}.f32.npy");
  Flag dim =
      command.Add("--dim", flags->dim, "Of generated rows").InRange(kMinDim, kMaxDim).ShowDefault();
  Flag data = command
                  .Add("--data", flags->data,
                       "Rows of a real set in this directory instead, tiled as "
                       "scan does where --rows is more than it has")
                  .Excludes(generator)
                  .Excludes(dim);
  data.Needs(command.Add("--set", flags->set, "Its name").Needs(data));
  command.Add("--rows", flags->rows, "Rows to write").InRange(1, 1 << 30).ShowDefault();
  command.Add("--queries", flags->queries, "Queries to write, of a set at most what it has")
      .InRange(1, 1 << 20)
      .ShowDefault();
  command.Add("--out", flags->out, "PREFIX.base.f32.npy and PREFIX.query.f32.npy are made")
      .Required();
  AddCommonFlags(command, &flags->common);
  command.Footer("Example: tqdb-bench generate --generator sets --rows 100000 --out /tmp/rows");
  return {command, [flags] { return RunGenerate(*flags); }};
}

}  // namespace tqdb::bench
