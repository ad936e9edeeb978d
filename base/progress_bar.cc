#include "base/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/text_format.h"

namespace tqdb {
namespace {

constexpr size_t kWidestBar = 40;
constexpr size_t kNarrowestBar = 10;
constexpr char kWipeLine[] = "\r\x1b[K";
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
  const std::string unit = state.unit.empty() ? "" : absl::StrCat(" ", state.unit);
  rows += unit;
  std::string rate;
  if (state.elapsed_s >= kShortestMeasured_s) {
    const double per_second = static_cast<double>(state.done) / state.elapsed_s;
    rate = absl::StrCat(WithThousands(static_cast<uint64_t>(std::llround(per_second))), unit, "/s");
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

ProgressBar::ProgressBar(Options options, std::ostream& out)
    : options_(std::move(options)), start_(options_.now()), out_(out), last_drawn_(start_) {
  if (!options_.transient || options_.mode != Mode::kBar) return;
  absl::MutexLock lock(&mutex_);
  Draw(0, 0, /*last=*/false);
}

ProgressBar::~ProgressBar() {
  absl::MutexLock lock(&mutex_);
  if (line_open_) out_ << (options_.transient ? kWipeLine : "\n") << std::flush;
}

void ProgressBar::Update(uint64_t done, double fraction) {
  if (options_.mode == Mode::kOff) return;
  if (!mutex_.TryLock()) return;
  const absl::Duration interval = options_.mode == Mode::kBar ? kRedrawInterval : kLineInterval;
  // All read is not all done: 100 % is for Finish.
  if (options_.now() - last_drawn_ >= interval) {
    Draw(done, std::min(fraction, 0.999), /*last=*/false);
  }
  mutex_.Unlock();
}

void ProgressBar::Add(uint64_t units) {
  const uint64_t done = added_.fetch_add(units, std::memory_order_relaxed) + units;
  const uint64_t total = options_.total.value_or(0);
  Update(done, total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total));
}

void ProgressBar::Say(const std::string& text) {
  if (options_.mode == Mode::kOff) return;
  absl::MutexLock lock(&mutex_);
  out_ << (line_open_ ? kWipeLine : "") << text << '\n' << std::flush;
  line_open_ = false;
}

void ProgressBar::Finish(uint64_t done, double fraction) {
  if (options_.mode == Mode::kOff) return;
  absl::MutexLock lock(&mutex_);
  Draw(done, fraction, /*last=*/true);
}

void ProgressBar::Draw(uint64_t done, double fraction, bool last) {
  last_drawn_ = options_.now();
  const ProgressState state{done, options_.total, fraction,
                            absl::ToDoubleSeconds(last_drawn_ - start_), options_.unit};
  const bool with_bar = options_.mode == Mode::kBar;
  const std::string line = RenderProgress(options_.label, state, options_.width, with_bar);
  if (with_bar) {
    out_ << '\r' << line << "\x1b[K";  // clears what a longer line left behind
    if (last) out_ << '\n';
    line_open_ = !last;
  } else {
    out_ << line << '\n';
  }
  out_.flush();
}

}  // namespace tqdb
