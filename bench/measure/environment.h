// The environment of a measurement: machine, compiler and commit. Every line of output has it,
// because a figure without them means nothing a month later.
#ifndef TQDB_BENCH_MEASURE_ENVIRONMENT_H_
#define TQDB_BENCH_MEASURE_ENVIRONMENT_H_

#include <cstddef>
#include <string>

namespace tqdb::bench {

struct Environment {
  std::string cpu;       // model name, as Linux gives it
  std::string kernels;   // SIMD level of core in this process
  std::string compiler;  // compiler of this binary, for example "g++ 12.2.0"
  std::string commit;    // commit at which this binary was configured
  size_t cores = 1;      // number of cores that this process may use
};

Environment DescribeEnvironment();

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_ENVIRONMENT_H_
