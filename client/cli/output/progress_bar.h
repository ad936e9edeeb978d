// Progress of a long command: a bar that is redrawn on a terminal, plain lines elsewhere.
#ifndef TQDB_CLIENT_CLI_OUTPUT_PROGRESS_BAR_H_
#define TQDB_CLIENT_CLI_OUTPUT_PROGRESS_BAR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tqdb::client {

struct ProgressState {
  uint64_t done = 0;                             // rows
  std::optional<uint64_t> total = std::nullopt;  // rows, when known
  double fraction = 0;                           // of the work, 0..1; 0 means unknown
  double elapsed_s = 0;
};

// "import [=====>    ]  45%  27,000 of 60,000 rows  41,234 rows/s  0:01 left", at most `width`
// columns: parts are left out on a narrow terminal. Once the fraction is 1, the time taken stands
// in place of the time left. Without `with_bar`, the bar is left out.
std::string RenderProgress(const std::string& label, const ProgressState& state, size_t width,
                           bool with_bar);

// Not thread-safe.
class ProgressBar {
 public:
  enum class Mode { kOff, kLines, kBar };

  ProgressBar(std::string label, std::optional<uint64_t> total, Mode mode, size_t width,
              std::ostream& out, std::function<absl::Time()> now = absl::Now);
  // A bar that was not finished is left as it is, on a line of its own.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Redraws at most ten times a second, or writes a line every five seconds.
  void Update(uint64_t done, double fraction);
  // Draws the last state, whatever the clock says, and ends the line.
  void Finish(uint64_t done, double fraction = 1);

 private:
  void Draw(uint64_t done, double fraction, bool last);

  const std::string label_;
  const std::optional<uint64_t> total_;
  const Mode mode_;
  const size_t width_;
  std::ostream& out_;
  const std::function<absl::Time()> now_;
  const absl::Time start_;
  absl::Time last_drawn_;
  bool line_open_ = false;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_PROGRESS_BAR_H_
