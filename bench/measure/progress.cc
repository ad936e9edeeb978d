#include "bench/measure/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <utility>

namespace tqdb::bench {

ProgressBar StartProgress(std::string label, uint64_t total) {
  ProgressBar::Options options;
  options.label = std::move(label);
  if (total > 0) options.total = total;
  if (isatty(STDERR_FILENO) == 1) options.mode = ProgressBar::Mode::kBar;
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.width = size.ws_col;
  options.unit = "";
  options.transient = true;
  return ProgressBar(std::move(options), std::cerr);
}

}  // namespace tqdb::bench
