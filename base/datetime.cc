#include "base/datetime.h"

#include <chrono>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace tqdb::storage {

namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kDaySeconds = 86'400;

// Takes exactly `digits` digits off the front. Returns -1 when they are not there.
int TakeNumber(absl::string_view& text, size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!absl::ascii_isdigit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

// Takes one of `characters` off the front. Returns false when none is there.
bool TakeOneOf(absl::string_view& text, absl::string_view characters) {
  if (text.empty() || characters.find(text[0]) == characters.npos) return false;
  text.remove_prefix(1);
  return true;
}

// Returns the seconds east of UTC that the end of a time says. No text means UTC.
std::optional<int64_t> ParseOffset(absl::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int64_t sign = text[0] == '-' ? -1 : 1;
  if (!TakeOneOf(text, "+-")) return std::nullopt;
  const int hours = TakeNumber(text, 2);
  if (hours < 0 || hours > 23) return std::nullopt;
  int minutes = 0;
  if (!text.empty()) {
    TakeOneOf(text, ":");
    minutes = TakeNumber(text, 2);
  }
  if (minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

}  // namespace

std::optional<int64_t> ParseDatetime(absl::string_view text) {
  const int year = TakeNumber(text, 4);
  if (year < 0 || !TakeOneOf(text, "-")) return std::nullopt;
  const int month = TakeNumber(text, 2);
  if (month < 0 || !TakeOneOf(text, "-")) return std::nullopt;
  const int day = TakeNumber(text, 2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  int64_t seconds = int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * kDaySeconds;
  if (text.empty()) return seconds * kMicros;

  if (!TakeOneOf(text, "Tt ")) return std::nullopt;
  const int hour = TakeNumber(text, 2);
  if (hour < 0 || hour > 23 || !TakeOneOf(text, ":")) return std::nullopt;
  const int minute = TakeNumber(text, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  const bool has_seconds = TakeOneOf(text, ":");
  const int second = has_seconds ? TakeNumber(text, 2) : 0;
  if (second < 0 || second > 60) return std::nullopt;  // 60 is a leap second
  int64_t fraction = 0;
  if (has_seconds && TakeOneOf(text, ".,")) {
    int64_t unit = kMicros;
    if (text.empty() || !absl::ascii_isdigit(text[0])) return std::nullopt;
    for (; !text.empty() && absl::ascii_isdigit(text[0]); text.remove_prefix(1)) {
      // From the seventh digit on the unit is 0, so these digits are dropped.
      unit /= 10;
      fraction += unit * (text[0] - '0');
    }
  }
  const std::optional<int64_t> offset = ParseOffset(text);
  if (!offset) return std::nullopt;
  seconds += hour * 3600 + minute * 60 + second - *offset;
  const int64_t micros = seconds * kMicros + fraction;
  if (micros < kMinDatetime || micros > kMaxDatetime) return std::nullopt;
  return micros;
}

std::string FormatDatetime(int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(micros)};
  const std::chrono::sys_days days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  std::string text =
      absl::StrFormat("%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (const int64_t fraction = clock.subseconds().count(); fraction != 0) {
    text += absl::StrFormat(".%06d", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

}  // namespace tqdb::storage
