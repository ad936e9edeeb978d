// Directories and processes that must not outlive the program.
#ifndef TQDB_BENCH_MEASURE_SCRATCH_H_
#define TQDB_BENCH_MEASURE_SCRATCH_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tqdb::bench {

// A new empty directory, removed with all it holds when the object goes, or when the program ends
// by SIGINT or SIGTERM.
class ScratchDirectory {
 public:
  // Below `parent`; empty: below TMPDIR, else /tmp. A durable write costs what the disk there
  // costs.
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Create(const std::string& parent);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::string path);
  const std::string path_;
};

// Sums over all files below a path; files that vanish meanwhile count nothing.
struct DiskUse {
  uint64_t bytes = 0;  // lengths of the files
  uint64_t allocated_bytes =
      0;  // blocks given to them, space set aside ahead of writes included: du
};
DiskUse MeasureDisk(const std::string& path);

// From now on SIGINT and SIGTERM remove every scratch directory and end the program with code 130.
// Called first thing in main, because threads inherit the mask. Child processes are told to die
// with their parent (see base/process.h).
void CleanScratchOnSignals();

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SCRATCH_H_
