// NumPy's .npy files, read whole into float32.
//
// Accepted: format versions 1.0 and 2.0, one- and two-dimensional arrays in row-major order, of
// little-endian float16, float32 or int8. A one-dimensional array is one row.
#ifndef TQDB_BENCH_NPY_H_
#define TQDB_BENCH_NPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "bench/matrix.h"

namespace tqdb::bench {

// NotFound when the file cannot be opened, InvalidArgument for what is not described above,
// DataLoss when it is shorter or longer than its header says. Messages name the path.
absl::StatusOr<Matrix> ReadNpy(const std::string& path);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_NPY_H_
