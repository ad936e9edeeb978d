// Directories that must not outlive the program. A benchmark may write many gigabytes, and a
// user who presses Ctrl-C must not have to look for them.
#ifndef TQDB_BENCH_MEASURE_SCRATCH_H_
#define TQDB_BENCH_MEASURE_SCRATCH_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tqdb::bench {

// A new empty directory. It is removed with all its contents when the object is destroyed, and also
// when SIGINT or SIGTERM ends the program.
class ScratchDirectory {
 public:
  // Makes a directory in `parent`. Empty means TMPDIR, or /tmp if that is not set. The choice
  // matters for results: a durable write costs what an fsync costs on this disk.
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Create(const std::string& parent);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::string path);
  const std::string path_;
};

// Sums over all files below a path. Files that vanish during the walk count 0.
struct DiskUse {
  uint64_t bytes = 0;  // lengths of the files
  // Blocks of the files, as du counts them. RocksDB reserves space ahead of writes.
  uint64_t allocated_bytes = 0;
};
DiskUse MeasureDisk(const std::string& path);

// From now on SIGINT and SIGTERM remove every scratch directory and end the program with code 130.
// Called first thing in main, because threads inherit the mask. Child processes are told to die
// with their parent (see base/process.h).
void CleanScratchOnSignals();

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SCRATCH_H_
