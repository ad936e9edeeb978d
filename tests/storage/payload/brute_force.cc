#include "tests/storage/payload/brute_force.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;

std::vector<std::string> Split(const std::string& key) {
  if (key == kDottedKey) return {"x.y"};
  std::vector<std::string> parts(1);
  for (const char c : key) {
    if (c == '.') {
      parts.emplace_back();
    } else if (c != '[' && c != ']') {
      parts.back() += c;
    }
  }
  return parts;
}

using Pointers = std::vector<const json*>;

// Goes along the path level by level and keeps everything that the keys so far lead to.
Pointers Found(const json& payload, const std::string& key) {
  Pointers level = {&payload};
  for (const std::string& part : Split(key)) {
    Pointers objects, next;
    for (const json* value : level) {
      if (value->is_object()) objects.push_back(value);
      if (!value->is_array()) continue;
      for (const json& element : *value) {
        if (element.is_object()) objects.push_back(&element);
      }
    }
    for (const json* object : objects) {
      if (object->contains(part)) next.push_back(&object->at(part));
    }
    level = next;
  }
  return level;
}

Pointers Values(const json& payload, const std::string& key) {
  Pointers values;
  for (const json* found : Found(payload, key)) {
    if (found->is_array()) {
      for (const json& element : *found) values.push_back(&element);
    } else {
      values.push_back(found);
    }
  }
  return values;
}

// Exact: a long double has at least 64 bits of mantissa here.
std::optional<long double> Exact(const json& value) {
  static_assert(std::numeric_limits<long double>::digits >= 64);
  if (value.is_number_unsigned()) return value.get<uint64_t>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number_float()) return value.get<double>();
  return std::nullopt;
}

bool Equal(const json& a, const json& b) {
  if (Exact(a) && Exact(b)) return *Exact(a) == *Exact(b);
  return a.type() == b.type() && a == b;
}

bool In(const json& value, const json& list) {
  return std::any_of(list.begin(), list.end(),
                     [&](const json& listed) { return Equal(value, listed); });
}

std::set<std::string> Words(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (isalnum(static_cast<unsigned char>(c))) {
      word += static_cast<char>(tolower(c));
    } else {
      if (!word.empty()) words.insert(word);
      word.clear();
    }
  }
  return words;
}

std::optional<absl::Time> Time(const json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  for (const char* format :
       {"%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d"}) {
    absl::Time time;
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &time, nullptr)) {
      return absl::FromUnixMicros(absl::ToUnixMicros(time));
    }
  }
  return std::nullopt;
}

template <typename T>
bool Within(const T& value, const json& bounds, std::optional<T> (*read)(const json&)) {
  for (const auto& [name, bound] : bounds.items()) {
    const T other = *read(bound);
    if (name == "gt" && !(value > other)) return false;
    if (name == "gte" && !(value >= other)) return false;
    if (name == "lt" && !(value < other)) return false;
    if (name == "lte" && !(value <= other)) return false;
  }
  return true;
}

bool FieldMatches(const json& condition, const json& payload) {
  const Pointers found = Found(payload, condition["key"]);
  const Pointers values = Values(payload, condition["key"]);
  if (condition.contains("values_count")) {
    std::vector<long double> counts;
    for (const json* each : found) {
      counts.push_back(each->is_null() ? 0 : each->is_array() ? each->size() : 1);
    }
    if (found.empty()) counts.push_back(0);
    return std::any_of(counts.begin(), counts.end(), [&](long double count) {
      return Within<long double>(count, condition["values_count"], Exact);
    });
  }
  if (condition.contains("range")) {
    const json& bounds = condition["range"];
    for (const json* value : values) {
      if (bounds.begin()->is_string()) {
        if (Time(*value) && Within<absl::Time>(*Time(*value), bounds, Time)) return true;
      } else if (Exact(*value) && Within<long double>(*Exact(*value), bounds, Exact)) {
        return true;
      }
    }
    return false;
  }
  const json& match = condition["match"];
  if (match.contains("text")) {
    std::set<std::string> missing = Words(match["text"]);
    for (const json* value : values) {
      if (!value->is_string()) continue;
      for (const std::string& word : Words(*value)) missing.erase(word);
    }
    return missing.empty();
  }
  for (const json* value : values) {
    if (value->is_null()) continue;
    if (match.contains("value") && Equal(*value, match["value"])) return true;
    if (match.contains("any") && In(*value, match["any"])) return true;
    if (match.contains("except") && !In(*value, match["except"])) return true;
  }
  return false;
}

bool ConditionMatches(const json& condition, const json& id, const json& payload) {
  if (condition.contains("key")) return FieldMatches(condition, payload);
  if (condition.contains("has_id")) return In(id, condition["has_id"]);
  if (condition.contains("exists")) return !Found(payload, condition["exists"]["key"]).empty();
  if (condition.contains("is_null")) {
    const Pointers values = Values(payload, condition["is_null"]["key"]);
    return std::any_of(values.begin(), values.end(),
                       [](const json* value) { return value->is_null(); });
  }
  if (condition.contains("is_empty")) {
    for (const json* found : Found(payload, condition["is_empty"]["key"])) {
      if (!found->is_null() && *found != json::array()) return false;
    }
    return true;
  }
  if (condition.contains("nested")) {
    for (const json* value : Values(payload, condition["nested"]["key"])) {
      if (value->is_object() && BruteForceMatches(condition["nested"]["filter"], id, *value)) {
        return true;
      }
    }
    return false;
  }
  return BruteForceMatches(condition, id, payload);
}

}  // namespace

bool BruteForceMatches(const json& filter, const json& id, const json& payload) {
  const auto holding = [&](const json& list) {
    size_t count = 0;
    for (const json& condition : list) count += ConditionMatches(condition, id, payload);
    return count;
  };
  if (filter.contains("must") && holding(filter["must"]) < filter["must"].size()) return false;
  if (filter.contains("must_not") && holding(filter["must_not"]) > 0) return false;
  if (filter.contains("should") && holding(filter["should"]) == 0) return false;
  if (!filter.contains("min_should")) return true;
  const json& least = filter["min_should"];
  return holding(least["conditions"]) >= least["min_count"].get<size_t>();
}

}  // namespace tqdb::storage
