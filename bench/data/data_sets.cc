#include "bench/data/data_sets.h"

#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/data/npy.h"

namespace tqdb::bench {
namespace {

constexpr const char* kTypes[] = {"f32", "f16", "i8"};

// Returns the NAME of "NAME.KIND.TYPE.npy", or "" for other names.
std::string NameOf(const std::string& file, const std::string& kind) {
  for (const char* type : kTypes) {
    const std::string suffix = absl::StrCat(".", kind, ".", type, ".npy");
    if (absl::EndsWith(file, suffix)) return file.substr(0, file.size() - suffix.size());
  }
  return "";
}

// Returns the sets of `found` that are in `names`. NotFound names the first one that is missing.
absl::StatusOr<std::vector<DataSetFiles>> Choose(const std::string& directory,
                                                 const std::vector<std::string>& names,
                                                 const std::vector<DataSetFiles>& found) {
  const std::set<std::string> wanted(names.begin(), names.end());
  std::set<std::string> missing = wanted;
  std::vector<DataSetFiles> chosen;
  for (const DataSetFiles& files : found) {
    missing.erase(files.name);
    if (wanted.count(files.name) != 0) chosen.push_back(files);
  }
  if (!missing.empty()) {
    return absl::NotFoundError(
        absl::StrCat("--set: ", directory, " has no set '", *missing.begin(), "'"));
  }
  return chosen;
}

}  // namespace

absl::StatusOr<std::vector<DataSetFiles>> FindDataSets(const std::string& directory,
                                                       const std::vector<std::string>& names) {
  std::error_code error;
  std::map<std::string, DataSetFiles> sets;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("--data: ", directory, ": ", error.message()));
  }
  for (const std::filesystem::directory_entry& entry : entries) {
    const std::string file = entry.path().filename().string();
    if (const std::string name = NameOf(file, "base"); !name.empty()) {
      sets[name].base = entry.path().string();
    }
    if (const std::string name = NameOf(file, "query"); !name.empty()) {
      sets[name].query = entry.path().string();
    }
  }
  std::vector<DataSetFiles> found;
  for (auto& [name, files] : sets) {
    if (files.base.empty()) continue;
    if (files.query.empty()) {
      return absl::NotFoundError(absl::StrCat("--data: ", files.base, " has no ", name,
                                              ".query.{f16,f32,i8}.npy beside it"));
    }
    files.name = name;
    found.push_back(std::move(files));
  }
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrCat("--data: ", directory, " holds no NAME.base.{f16,f32,i8}.npy"));
  }
  return names.empty() ? found : Choose(directory, names, found);
}

absl::StatusOr<DataSet> ReadDataSet(const DataSetFiles& files, const DataSetLimits& limits) {
  DataSet set;
  set.name = files.name;
  TQDB_ASSIGN_OR_RETURN(set.base, ReadNpy(files.base));
  TQDB_ASSIGN_OR_RETURN(set.queries, ReadNpy(files.query));
  if (set.base.dim != set.queries.dim) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.query, ": dim ", set.queries.dim, ", but its base has ", set.base.dim));
  }
  set.base.Truncate(limits.rows);
  set.queries.Truncate(limits.queries);
  if (set.base.rows == 0 || set.queries.rows == 0) {
    return absl::InvalidArgumentError(absl::StrCat("set ", files.name, " has no rows"));
  }
  return set;
}

}  // namespace tqdb::bench
