#include "client/cli/input/vector_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/input/jsonl_reader.h"
#include "client/cli/input/matrix_source.h"

namespace tqdb::client {
namespace {

// A format that is not read here, and a command that converts it. Python's packages for it are many
// times the size of this program.
struct ForeignFormat {
  const char* ending;
  const char* conversion;  // with $0 for the path without its ending
};

constexpr ForeignFormat kForeignFormats[] = {
    {".parquet",
     "python3 -c \"import pandas; pandas.read_parquet('$0.parquet').to_json('$0.jsonl', "
     "orient='records', lines=True, double_precision=15)\", then import $0.jsonl with "
     "--payload-rest"},
    {".feather",
     "python3 -c \"import pandas; pandas.read_feather('$0.feather').to_json('$0.jsonl', "
     "orient='records', lines=True, double_precision=15)\", then import $0.jsonl with "
     "--payload-rest"},
    {".arrow",
     "python3 -c \"import pandas; pandas.read_feather('$0.arrow').to_json('$0.jsonl', "
     "orient='records', lines=True, double_precision=15)\", then import $0.jsonl with "
     "--payload-rest"},
    {".hdf5",
     "python3 -c \"import h5py, numpy; numpy.save('$0.npy', h5py.File('$0.hdf5')['train'])\", with "
     "the name of your data set for train, then import $0.npy"},
    {".h5",
     "python3 -c \"import h5py, numpy; numpy.save('$0.npy', h5py.File('$0.h5')['train'])\", with "
     "the name of your data set for train, then import $0.npy"},
    {".csv",
     "python3 -c \"import numpy; numpy.save('$0.npy', numpy.loadtxt('$0.csv', delimiter=','))\", "
     "if it holds numbers alone, then import $0.npy"},
    {".tsv",
     "python3 -c \"import numpy; numpy.save('$0.npy', numpy.loadtxt('$0.tsv'))\", if it holds "
     "numbers alone, then import $0.npy"},
    {".json",
     "jq -c '.[]' $0.json > $0.jsonl, if it is one array of objects, then import $0.jsonl"},
};

// Returns InvalidArgument for a name that tells none of our formats.
absl::Status UnknownFormat(const std::string& path) {
  for (const ForeignFormat& foreign : kForeignFormats) {
    if (!absl::EndsWithIgnoreCase(path, foreign.ending)) continue;
    const std::string stem = path.substr(0, path.size() - std::string(foreign.ending).size());
    std::string how = foreign.conversion;
    for (size_t at = how.find("$0"); at != how.npos; at = how.find("$0", at + stem.size())) {
      how.replace(at, 2, stem);
    }
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", foreign.ending, " is not read directly. Convert it: ", how));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": the name ends in none of .",
                   absl::StrJoin(std::begin(kSourceFormats), std::end(kSourceFormats), ", ."),
                   ", .jsonl.gz, .ndjson; give --format"));
}

// Returns one of kSourceFormats. The standard input has no name, so it is JSON lines.
absl::StatusOr<std::string> FormatOf(const SourceOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string& path = options.path;
  if (path == "-" || absl::EndsWithIgnoreCase(path, ".ndjson") ||
      absl::EndsWithIgnoreCase(path, ".jsonl.gz") || absl::EndsWithIgnoreCase(path, ".ndjson.gz")) {
    return "jsonl";
  }
  for (const char* format : kSourceFormats) {
    if (absl::EndsWithIgnoreCase(path, absl::StrCat(".", format))) return format;
  }
  return UnknownFormat(path);
}

// Returns InvalidArgument if two of the files are the standard input.
absl::Status CheckStandardInput(const SourceOptions& options) {
  int uses = 0;
  for (const std::string* path : {&options.path, &options.payloads_path, &options.ids_path}) {
    uses += *path == "-" ? 1 : 0;
  }
  if (uses <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "- is given for several files, and there is one standard input");
}

}  // namespace

absl::Status Validate(const SourceOptions& options) {
  absl::StatusOr<std::string> format = FormatOf(options);
  if (!format.ok()) return format.status();
  const bool lines = *format == "jsonl";
  if (lines && (!options.payloads_path.empty() || !options.ids_path.empty() ||
                !options.vector_name.empty())) {
    return absl::InvalidArgumentError(
        "--payloads, --ids and --vector-name go with files of vectors; JSON lines hold ids, names "
        "and payloads themselves");
  }
  if (!lines && (!options.vector_field.empty() || options.payload_rest)) {
    return absl::InvalidArgumentError("--vector-field and --payload-rest go with JSON lines");
  }
  if (!options.array.empty() && *format != "npz") {
    return absl::InvalidArgumentError("--array goes with .npz");
  }
  if (!lines && !options.id_field.empty() && options.payloads_path.empty()) {
    return absl::InvalidArgumentError("--id-field needs --payloads");
  }
  if (!options.id_field.empty() && !options.ids_path.empty()) {
    return absl::InvalidArgumentError("--id-field and --ids: give one of them");
  }
  if (!options.vector_field.empty() && options.vector_field == options.id_field) {
    return absl::InvalidArgumentError("--id-field and --vector-field name the same key");
  }
  return CheckStandardInput(options);
}

absl::StatusOr<std::unique_ptr<VectorSource>> VectorSource::Open(const SourceOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<std::string> format = FormatOf(options);
  if (!format.ok()) return format.status();
  if (*format == "jsonl") return JsonlReader::Open(options);
  absl::StatusOr<std::unique_ptr<MatrixReader>> matrix =
      OpenMatrix({.path = options.path,
                  .format = *format,
                  .array = options.array,
                  .interrupted = options.interrupted});
  if (!matrix.ok()) return matrix.status();
  return MatrixSource::Open(*std::move(matrix), options);
}

}  // namespace tqdb::client
