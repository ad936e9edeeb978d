#include "bench/measure/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace tqdb::bench {
namespace {

std::string Cell(const Record::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const auto* number = std::get_if<double>(&value)) return FormatNumber(*number);
  if (const auto* count = std::get_if<uint64_t>(&value)) return absl::StrCat(*count);
  return absl::StrCat(std::get<int>(value));
}

// Returns false for NaN and infinity, which JSON does not have. They are left out, because null
// would have to be handled by every reader.
bool Printable(const Record::Value& value) {
  const auto* number = std::get_if<double>(&value);
  return number == nullptr || std::isfinite(*number);
}

bool IsNumber(const Record::Value& value) {
  return !std::holds_alternative<std::string>(value) && !std::holds_alternative<bool>(value);
}

}  // namespace

const Record::Value* Record::Find(const std::string& key) const {
  for (const auto& [name, value] : fields_) {
    if (name == key) return &value;
  }
  return nullptr;
}

Record& Record::SetValue(const std::string& key, Value value) {
  for (auto& [name, old] : fields_) {
    if (name != key) continue;
    old = std::move(value);
    return *this;
  }
  fields_.emplace_back(key, std::move(value));
  return *this;
}

std::string FormatNumber(double value) {
  const double magnitude = std::fabs(value);
  if (!std::isfinite(value)) return "-";
  if (magnitude >= 1000) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.4g", value);
}

Report::Report(RunInfo info, bool json, std::ostream& out)
    : info_(std::move(info)), json_(json), out_(out) {}

Report::~Report() {
  if (!json_) PrintTable();
}

void Report::Add(const Record& record) {
  if (!json_) {
    records_.push_back(record);
    return;
  }
  nlohmann::ordered_json line = {{"bench", info_.bench},
                                 {"cpu", info_.environment.cpu},
                                 {"kernels", info_.environment.kernels},
                                 {"threads", info_.threads},
                                 {"compiler", info_.environment.compiler},
                                 {"commit", info_.environment.commit},
                                 {"seed", info_.seed}};
  for (const auto& [key, value] : record.fields()) {
    if (!Printable(value)) continue;
    std::visit([&line, &name = key](const auto& plain) { line[name] = plain; }, value);
  }
  // Names from the file system need not be UTF-8.
  out_ << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
}

void Report::PrintTable() const {
  if (records_.empty()) return;
  const Environment& environment = info_.environment;
  out_ << info_.bench << ": " << environment.cpu << ", " << environment.kernels << " kernels, "
       << info_.threads << (info_.threads == 1 ? " thread, " : " threads, ") << environment.compiler
       << ", commit " << environment.commit << ", seed " << info_.seed << "\n\n";

  const std::vector<std::string> shared = SharedKeys();
  if (!shared.empty()) {
    size_t width = 0;
    for (const std::string& key : shared) width = std::max(width, key.size());
    for (const std::string& key : shared) {
      out_ << key << std::string(width - key.size() + 2, ' ') << Cell(*records_.front().Find(key))
           << '\n';
    }
    out_ << '\n';
  }
  if (records_.size() > 1) PrintColumns(shared);
  out_.flush();
}

std::vector<std::string> Report::SharedKeys() const {
  std::vector<std::string> shared;
  for (const auto& [key, value] : records_.front().fields()) {
    const std::string& name = key;
    const auto& first = value;
    const bool same = std::all_of(records_.begin(), records_.end(), [&](const Record& record) {
      const Record::Value* field = record.Find(name);
      return field != nullptr && *field == first;
    });
    if (same) shared.push_back(key);
  }
  return shared;
}

void Report::PrintColumns(const std::vector<std::string>& left_out) const {
  const auto contains = [](const std::vector<std::string>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  std::vector<std::string> titles;
  for (const Record& record : records_) {
    for (const auto& [key, value] : record.fields()) {
      if (!contains(left_out, key) && !contains(titles, key)) titles.push_back(key);
    }
  }
  std::vector<std::vector<std::string>> lines = {titles};
  std::vector<bool> is_text(titles.size(), false);
  for (const Record& record : records_) {
    std::vector<std::string> line;
    for (size_t c = 0; c < titles.size(); ++c) {
      const Record::Value* field = record.Find(titles[c]);
      line.push_back(field == nullptr ? "" : Cell(*field));
      if (field != nullptr && !IsNumber(*field)) is_text[c] = true;
    }
    lines.push_back(std::move(line));
  }
  for (const std::vector<std::string>& line : lines) {
    std::string text;
    for (size_t c = 0; c < titles.size(); ++c) {
      size_t width = 0;
      for (const std::vector<std::string>& other : lines) width = std::max(width, other[c].size());
      const std::string padding(width - line[c].size(), ' ');
      absl::StrAppend(&text, c == 0 ? "" : "  ",
                      is_text[c] ? line[c] + padding : padding + line[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out_ << text << '\n';
  }
}

}  // namespace tqdb::bench
