#include "bench/measure/scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tqdb::bench {
namespace {

constexpr int kExitInterrupted = 130;
constexpr uint64_t kStatBlockBytes = 512;  // unit of st_blocks, whatever the file system

// The scratch directories that exist. The thread that handles signals removes them.
class Registry {
 public:
  void Add(const std::string& path) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    paths_.insert(path);
  }
  void Remove(const std::string& path) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    paths_.erase(path);
  }
  // Other threads may still create files while the first round removes the trees. Two more rounds
  // remove these files.
  void RemoveTrees() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    for (int round = 0; round < 3; ++round) {
      for (const std::string& path : paths_) {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
      }
      absl::SleepFor(absl::Milliseconds(20));
    }
  }

 private:
  absl::Mutex mutex_;
  std::set<std::string> paths_ ABSL_GUARDED_BY(mutex_);
};

Registry& ScratchRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Create(
    const std::string& parent) {
  std::string base = parent;
  if (base.empty()) {
    const char* from_environment = std::getenv("TMPDIR");
    base = from_environment != nullptr && *from_environment != '\0' ? from_environment : "/tmp";
  }
  std::string path = absl::StrCat(base, "/tqdb-bench.XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("no directory can be made in ", base, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(std::move(path)));
}

ScratchDirectory::ScratchDirectory(std::string path) : path_(std::move(path)) {
  ScratchRegistry().Add(path_);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  ScratchRegistry().Remove(path_);
}

DiskUse MeasureDisk(const std::string& path) {
  DiskUse use;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(path, error);
  while (!error && entry != std::filesystem::recursive_directory_iterator()) {
    struct stat info;
    if (lstat(entry->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      use.bytes += static_cast<uint64_t>(info.st_size);
      use.allocated_bytes += static_cast<uint64_t>(info.st_blocks) * kStatBlockBytes;
    }
    entry.increment(error);
  }
  return use;
}

void CleanScratchOnSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ScratchRegistry();  // makes it before any thread can need it
  std::thread([signals] {
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    ScratchRegistry().RemoveTrees();
    std::_Exit(kExitInterrupted);
  }).detach();
}

}  // namespace tqdb::bench
