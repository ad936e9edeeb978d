// Data sets in a directory. A set is a pair of files: NAME.base.{f16,f32,i8}.npy with the rows and
// NAME.query.{f16,f32,i8}.npy with the queries.
#ifndef TQDB_BENCH_DATA_DATA_SETS_H_
#define TQDB_BENCH_DATA_DATA_SETS_H_

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/data/matrix.h"

namespace tqdb::bench {

// Paths of a set.
struct DataSetFiles {
  std::string name;
  std::string base;
  std::string query;
};

// A set in memory.
struct DataSet {
  std::string name;
  Matrix base;
  Matrix queries;
};

// Returns the sets in the order of their names: all of them, or the ones in `names`. NotFound if
// the directory has no set, if it has not all of `names`, or if a base has no queries.
absl::StatusOr<std::vector<DataSetFiles>> FindDataSets(const std::string& directory,
                                                       const std::vector<std::string>& names = {});

// Largest numbers of rows and queries that are kept.
struct DataSetLimits {
  size_t rows = std::numeric_limits<size_t>::max();
  size_t queries = std::numeric_limits<size_t>::max();
};
// Reads the first rows and queries of a set. InvalidArgument if base and queries differ in dim, or
// if a file is empty.
absl::StatusOr<DataSet> ReadDataSet(const DataSetFiles& files, const DataSetLimits& limits);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_DATA_SETS_H_
