#include "client/cli/output/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/text_format.h"

namespace tqdb::client {
namespace {

constexpr size_t kWidestBar = 40;
constexpr size_t kNarrowestBar = 10;
constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr absl::Duration kLineInterval = absl::Seconds(5);
// Rates and times left mean nothing before this.
constexpr double kShortestMeasured_s = 0.2;

std::string Bar(double fraction, size_t width) {
  const auto filled = static_cast<size_t>(fraction * static_cast<double>(width));
  std::string bar(filled, '=');
  if (filled < width) bar.push_back('>');
  bar.resize(width, ' ');
  return absl::StrCat("[", bar, "]");
}

}  // namespace

std::string RenderProgress(const std::string& label, const ProgressState& state, size_t width,
                           bool with_bar) {
  const double fraction = std::isfinite(state.fraction) ? std::clamp(state.fraction, 0.0, 1.0) : 0;
  const bool known = fraction > 0;
  std::string rows = WithThousands(state.done);
  if (state.total.has_value()) absl::StrAppend(&rows, " of ", WithThousands(*state.total));
  rows += " rows";
  std::string rate;
  if (state.elapsed_s >= kShortestMeasured_s) {
    const double per_second = static_cast<double>(state.done) / state.elapsed_s;
    rate = absl::StrCat(WithThousands(static_cast<uint64_t>(std::llround(per_second))), " rows/s");
  }
  std::string time;
  if (fraction >= 1) {
    time = absl::StrFormat("in %.1f s", state.elapsed_s);
  } else if (known && state.elapsed_s >= kShortestMeasured_s) {
    time = absl::StrCat(FormatClock(state.elapsed_s * (1 - fraction) / fraction), " left");
  }
  const std::string percent =
      known ? absl::StrFormat("%3d%%", static_cast<int>(fraction * 100)) : std::string();

  // From what matters most to what can be left out.
  std::string line = label;
  std::string tail;
  for (const std::string& part : {percent, rows, rate, time}) {
    if (part.empty()) continue;
    if (DisplayWidth(line) + DisplayWidth(tail) + 2 + DisplayWidth(part) > width) continue;
    absl::StrAppend(&tail, "  ", part);
  }
  const size_t used = DisplayWidth(line) + DisplayWidth(tail) + 3;  // a space and the brackets
  if (with_bar && known && width >= used + kNarrowestBar) {
    absl::StrAppend(&line, " ", Bar(fraction, std::min(width - used, kWidestBar)));
  }
  return Truncate(line + tail, width);
}

ProgressBar::ProgressBar(std::string label, std::optional<uint64_t> total, Mode mode, size_t width,
                         std::ostream& out, std::function<absl::Time()> now)
    : label_(std::move(label)),
      total_(total),
      mode_(mode),
      width_(width),
      out_(out),
      now_(std::move(now)),
      start_(now_()),
      last_drawn_(start_) {}

ProgressBar::~ProgressBar() {
  if (line_open_) out_ << '\n' << std::flush;
}

void ProgressBar::Update(uint64_t done, double fraction) {
  const absl::Duration interval = mode_ == Mode::kBar ? kRedrawInterval : kLineInterval;
  if (mode_ == Mode::kOff || now_() - last_drawn_ < interval) return;
  // All read is not all done: 100 % is for Finish.
  Draw(done, std::min(fraction, 0.999), /*last=*/false);
}

void ProgressBar::Finish(uint64_t done, double fraction) {
  if (mode_ != Mode::kOff) Draw(done, fraction, /*last=*/true);
}

void ProgressBar::Draw(uint64_t done, double fraction, bool last) {
  last_drawn_ = now_();
  const ProgressState state{done, total_, fraction, absl::ToDoubleSeconds(last_drawn_ - start_)};
  const bool with_bar = mode_ == Mode::kBar;
  const std::string line = RenderProgress(label_, state, width_, with_bar);
  if (with_bar) {
    out_ << '\r' << line << "\x1b[K";  // clears what a longer line left behind
    if (last) out_ << '\n';
    line_open_ = !last;
  } else {
    out_ << line << '\n';
  }
  out_.flush();
}

}  // namespace tqdb::client
