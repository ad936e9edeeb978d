// What a measurement was taken on: every line of output carries it.
#ifndef TQDB_BENCH_MEASURE_ENVIRONMENT_H_
#define TQDB_BENCH_MEASURE_ENVIRONMENT_H_

#include <cstddef>
#include <string>

namespace tqdb::bench {

struct Environment {
  std::string cpu;       // model name, as the kernel gives it
  std::string kernels;   // SIMD level of core in this process
  std::string compiler;  // of this binary, for example "g++ 12.2.0"
  std::string commit;    // this binary was configured at
  size_t cores = 1;      // that this process may run on
};

Environment DescribeEnvironment();

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_ENVIRONMENT_H_
