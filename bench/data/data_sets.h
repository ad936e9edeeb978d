// Data sets in a directory: every NAME.base.{f16,f32,i8}.npy with its NAME.query.{f16,f32,i8}.npy.
#ifndef TQDB_BENCH_DATA_DATA_SETS_H_
#define TQDB_BENCH_DATA_DATA_SETS_H_

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/data/matrix.h"

namespace tqdb::bench {

struct DataSetFiles {
  std::string name;
  std::string base;  // paths
  std::string query;
};

struct DataSet {
  std::string name;
  Matrix base;
  Matrix queries;
};

// In name order, only those of `names` unless it is empty. NotFound when the directory has none,
// not one of `names`, or a base without its queries.
absl::StatusOr<std::vector<DataSetFiles>> FindDataSets(const std::string& directory,
                                                       const std::vector<std::string>& names = {});

struct DataSetLimits {
  size_t rows = std::numeric_limits<size_t>::max();
  size_t queries = std::numeric_limits<size_t>::max();
};
// The first rows and queries of a set. InvalidArgument when base and queries differ in dim, or a
// file is empty.
absl::StatusOr<DataSet> ReadDataSet(const DataSetFiles& files, const DataSetLimits& limits);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_DATA_SETS_H_
