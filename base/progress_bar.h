// Progress of long work: a bar that is redrawn on a terminal, plain lines elsewhere.
#ifndef TQDB_BASE_PROGRESS_BAR_H_
#define TQDB_BASE_PROGRESS_BAR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tqdb {

struct ProgressState {
  uint64_t done = 0;                             // units of work
  std::optional<uint64_t> total = std::nullopt;  // units, when known
  double fraction = 0;                           // of the work, 0..1; 0 means unknown
  double elapsed_s = 0;
  std::string unit = "rows";  // name of a unit, in the plural; may be empty
};

// Returns "import [=====>    ]  45%  27,000 of 60,000 rows  41,234 rows/s  0:01 left", at most
// `width` columns: parts are left out on a narrow terminal. Once the fraction is 1, the time taken
// stands in place of the time left. Without `with_bar`, the bar is left out.
std::string RenderProgress(const std::string& label, const ProgressState& state, size_t width,
                           bool with_bar);

// Thread-safe. Callers of Update and Add never wait for each other or for the terminal: while one
// of them draws, the others only count.
class ProgressBar {
 public:
  enum class Mode {
    kOff,
    kLines,  // a line every five seconds
    kBar,    // a bar, redrawn at most ten times a second
  };
  struct Options {
    std::string label = {};
    std::optional<uint64_t> total = std::nullopt;  // units of work, when known
    Mode mode = Mode::kOff;
    size_t width = 80;          // columns of the terminal
    std::string unit = "rows";  // name of a unit, in the plural; may be empty
    // Draws the bar at the start, and wipes it at the end, so that it never mixes with results.
    bool transient = false;
    std::function<absl::Time()> now = absl::Now;
  };

  ProgressBar(Options options, std::ostream& out);
  // Leaves a bar that was not finished on a line of its own, unless it is transient.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws, if it is time to, that `done` units are `fraction` of the work.
  void Update(uint64_t done, double fraction);
  // Draws, if it is time to, that `units` more are done; the fraction is that of the total.
  void Add(uint64_t units);
  // Prints a line of its own, above the bar. Prints nothing in mode kOff.
  void Say(const std::string& text);
  // Draws the last state, whatever the clock says, and ends the line.
  void Finish(uint64_t done, double fraction = 1);

 private:
  void Draw(uint64_t done, double fraction, bool last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const absl::Time start_;
  std::atomic<uint64_t> added_{0};  // units, by Add
  absl::Mutex mutex_;
  std::ostream& out_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_drawn_ ABSL_GUARDED_BY(mutex_);
  bool line_open_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tqdb

#endif  // TQDB_BASE_PROGRESS_BAR_H_
