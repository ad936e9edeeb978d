#include "tests/e2e/payload_oracle.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tqdb::e2e {
namespace {

using ::tqdb::client::Condition;
using ::tqdb::client::FieldCondition;
using ::tqdb::client::Filter;
using ::tqdb::client::MatchAny;
using ::tqdb::client::MatchExcept;
using ::tqdb::client::MatchText;
using ::tqdb::client::MatchValue;
using ::tqdb::client::NumberRange;
using ::tqdb::client::PayloadIndexKind;
using ::tqdb::client::Presence;

constexpr int64_t kFirstDay = 1'700'006'400;  // 2023-11-15, in seconds since 1970
constexpr int64_t kDay = 86'400;
constexpr int kDays = 12;  // 2023-11-15 to 2023-11-26

uint64_t Draw(std::mt19937_64& random, uint64_t below) { return random() % below; }
bool Chance(std::mt19937_64& random, uint64_t percent) { return Draw(random, 100) < percent; }

std::string RandomTag(std::mt19937_64& random) {
  return std::string(1, static_cast<char>('a' + Draw(random, 6)));
}
int64_t RandomInteger(std::mt19937_64& random) {
  return static_cast<int64_t>(Draw(random, 41)) - 20;
}
const char* RandomWord(std::mt19937_64& random) {
  static constexpr const char* kWords[] = {"red", "Green", "blue", "tall", "SMALL", "old"};
  return kWords[Draw(random, std::size(kWords))];
}
std::string DayText(int day) { return absl::StrFormat("2023-11-%02dT00:00:00Z", 15 + day); }

Json RandomValue(const std::string& key, std::mt19937_64& random) {
  if (Chance(random, 3)) return nullptr;
  if (Chance(random, 4)) return Json::object({{"odd", true}});
  if (key == "tag") {
    if (Chance(random, 30)) return Json::array({RandomTag(random), RandomTag(random)});
    return Chance(random, 5) ? Json(7) : Json(RandomTag(random));
  }
  if (key == "n") {
    if (Chance(random, 20)) return Json::array({RandomInteger(random), RandomInteger(random)});
    if (Chance(random, 10)) return static_cast<double>(RandomInteger(random)) + 0.5;
    if (Chance(random, 10)) return static_cast<double>(RandomInteger(random));
    return Chance(random, 5) ? Json("many") : Json(RandomInteger(random));
  }
  if (key == "x") {
    const auto number = [&] { return static_cast<double>(RandomInteger(random)) / 8; };
    return Chance(random, 20) ? Json::array({number(), number()}) : Json(number());
  }
  if (key == "flag") return Chance(random, 5) ? Json("yes") : Json(Chance(random, 50));
  if (key == "when") {
    return Chance(random, 5) ? Json("soon") : Json(DayText(static_cast<int>(Draw(random, kDays))));
  }
  if (key == "text") {
    std::string text = RandomWord(random);
    for (uint64_t i = Draw(random, 4); i > 0; --i) absl::StrAppend(&text, " ", RandomWord(random));
    return text;
  }
  Json parts = Json::array();  // "parts"
  for (uint64_t i = Draw(random, 4); i > 0; --i) {
    parts.push_back({{"k", static_cast<int64_t>(Draw(random, 5))}});
  }
  return parts;
}

constexpr const char* kKeys[] = {"tag", "n", "x", "flag", "when", "text", "parts"};

void Collect(const Json& at, const std::vector<std::string>& path, size_t depth,
             std::vector<const Json*>& out) {
  if (depth == path.size()) {
    if (at.is_array()) {
      for (const Json& element : at) out.push_back(&element);
    } else {
      out.push_back(&at);
    }
  } else if (at.is_array()) {
    for (const Json& element : at) {
      if (element.is_object()) Collect(element, path, depth, out);
    }
  } else if (at.is_object() && at.contains(path[depth])) {
    Collect(at[path[depth]], path, depth + 1, out);
  }
}

// Returns whether some value at the path satisfies the test.
std::function<bool(const Json&)> Some(std::vector<std::string> path,
                                      std::function<bool(const Json&)> test) {
  return [path = std::move(path), test = std::move(test)](const Json& payload) {
    const std::vector<const Json*> values = ValuesAt(payload, path);
    return std::any_of(values.begin(), values.end(),
                       [&](const Json* value) { return test(*value); });
  };
}

Condition Field(std::string key, decltype(FieldCondition::test) test) {
  return {FieldCondition{std::move(key), std::move(test)}};
}

std::set<std::string> WordsOf(const std::string& text) {
  return absl::StrSplit(absl::AsciiStrToLower(text), ' ', absl::SkipEmpty());
}

std::set<std::string> WordsAt(const Json& payload, const std::string& key) {
  std::set<std::string> words;
  for (const Json* value : ValuesAt(payload, {key})) {
    if (value->is_string()) words.merge(WordsOf(value->get<std::string>()));
  }
  return words;
}

Probe NumberProbe(const std::string& key, double low, double high) {
  NumberRange range;
  range.gte = low;
  range.lt = high;
  return {Field(key, range), Some({key}, [low, high](const Json& value) {
            return value.is_number() && value >= low && value < high;
          })};
}

Probe SimpleProbe(std::mt19937_64& random) {
  switch (Draw(random, 10)) {
    case 0: {
      const std::string tag = RandomTag(random);
      return {Field("tag", MatchValue{tag}),
              Some({"tag"}, [tag](const Json& v) { return v == tag; })};
    }
    case 1: {
      const std::vector<std::string> tags = {RandomTag(random), RandomTag(random)};
      return {Field("tag", MatchAny{tags}),
              Some({"tag"}, [tags](const Json& v) { return v == tags[0] || v == tags[1]; })};
    }
    case 2: {
      const std::vector<std::string> tags = {RandomTag(random), RandomTag(random)};
      return {Field("tag", MatchExcept{tags}), Some({"tag"}, [tags](const Json& v) {
                return !v.is_null() && v != tags[0] && v != tags[1];
              })};
    }
    case 3: {
      const int64_t n = RandomInteger(random);
      return {Field("n", MatchValue{n}),
              Some({"n"}, [n](const Json& v) { return v.is_number() && v == n; })};
    }
    case 4: {
      const double low = static_cast<double>(RandomInteger(random));
      return NumberProbe("n", low, low + 1 + static_cast<double>(Draw(random, 20)));
    }
    case 5: {
      const double low = static_cast<double>(RandomInteger(random)) / 8;
      return NumberProbe("x", low, low + 1);
    }
    case 6: {
      const bool flag = Chance(random, 50);
      return {Field("flag", MatchValue{flag}),
              Some({"flag"}, [flag](const Json& v) { return v.is_boolean() && v == flag; })};
    }
    case 7: {
      const int from = static_cast<int>(Draw(random, kDays));
      const int to = from + 1 + static_cast<int>(Draw(random, 4));
      client::DatetimeRange range;
      range.gte = (kFirstDay + from * kDay) * 1'000'000;
      range.lt = (kFirstDay + to * kDay) * 1'000'000;
      // All times have the same form, so they are ordered as their texts are.
      const std::string low = DayText(from), high = DayText(to);
      return {Field("when", range), Some({"when"}, [low, high](const Json& v) {
                return v.is_string() && v != "soon" && v >= low && v < high;
              })};
    }
    case 8: {
      const std::string query = absl::StrCat(RandomWord(random), " ", RandomWord(random));
      return {Field("text", MatchText{query}), [query](const Json& payload) {
                const std::set<std::string> words = WordsAt(payload, "text");
                const std::set<std::string> wanted = WordsOf(query);
                return std::includes(words.begin(), words.end(), wanted.begin(), wanted.end());
              }};
    }
    default: {
      const auto k = static_cast<int64_t>(Draw(random, 5));
      return {Field("parts.k", MatchValue{k}),
              Some({"parts", "k"}, [k](const Json& v) { return v.is_number() && v == k; })};
    }
  }
}

}  // namespace

client::Point MakePayloadPoint(uint64_t id, const PointState& state) {
  client::NamedVector vector;
  vector.values.resize(kPayloadDim);
  std::mt19937_64 random(id);
  for (float& x : vector.values) x = static_cast<float>(Draw(random, 1000)) * 0.001f - 0.5f;
  vector.values[0] = static_cast<float>(state.batch);  // exact
  return {client::PointId::Number(id), {std::move(vector)}, state.payload.dump()};
}

absl::StatusOr<PointState> StateOfPoint(const client::Point& point) {
  PointState state;
  state.payload =
      point.payload.empty() ? Json::object() : Json::parse(point.payload, nullptr, false);
  if (state.payload.is_object() && point.vectors.size() == 1 && !point.vectors[0].values.empty()) {
    state.batch = static_cast<uint64_t>(point.vectors[0].values[0]);
    if (point.vectors == MakePayloadPoint(point.id.number(), state).vectors) return state;
  }
  return absl::DataLossError(absl::StrCat("point ", point.id.ToString(),
                                          " is not what any write made; its payload is ",
                                          point.payload));
}

const std::vector<IndexedKey>& IndexedKeys() {
  using K = PayloadIndexKind;
  static const std::vector<IndexedKey> keys = {
      {"owner", {K::kKeyword}},
      {"tag", {K::kKeyword, K::kText}},
      {"n", {K::kInteger, K::kFloat}},
      {"x", {K::kFloat}},
      {"flag", {K::kBool}},
      {"when", {K::kDatetime, K::kKeyword}},
      {"text", {K::kText, K::kKeyword}},
      {"parts.k", {K::kInteger, K::kFloat}},
  };
  return keys;
}

Json RandomPayload(const std::string& owner, std::mt19937_64& random) {
  Json payload = Json::object();
  if (Chance(random, 5)) return payload;
  payload["owner"] = owner;
  for (const char* key : kKeys) {
    if (Chance(random, 70)) payload[key] = RandomValue(key, random);
  }
  if (Chance(random, 30)) payload["meta"] = {{"a", RandomInteger(random)}, {"b", "kept"}};
  return payload;
}

std::vector<const Json*> ValuesAt(const Json& payload, const std::vector<std::string>& path) {
  std::vector<const Json*> values;
  Collect(payload, path, 0, values);
  return values;
}

Probe OwnerProbe(const std::string& owner) {
  return {Field("owner", MatchValue{owner}),
          Some({"owner"}, [owner](const Json& v) { return v == owner; })};
}

Probe Both(const Probe& a, const Probe& b) {
  Filter filter;
  filter.must = {a.condition, b.condition};
  return {{filter}, [a = a.holds, b = b.holds](const Json& p) { return a(p) && b(p); }};
}

std::string RandomWords(std::mt19937_64& random) {
  std::string words = RandomWord(random);
  if (Chance(random, 50)) absl::StrAppend(&words, " ", RandomWord(random));
  return words;
}

std::function<bool(const Json&)> HasAnyWord(const std::string& key, const std::string& query) {
  return [key, wanted = WordsOf(query)](const Json& payload) {
    const std::set<std::string> words = WordsAt(payload, key);
    return std::any_of(wanted.begin(), wanted.end(),
                       [&words](const std::string& word) { return words.contains(word); });
  };
}

Probe RandomProbe(std::mt19937_64& random) {
  const Probe a = SimpleProbe(random);
  if (Chance(random, 50)) return a;
  const Probe b = SimpleProbe(random);
  Filter filter;
  switch (Draw(random, 5)) {
    case 0: return Both(a, b);
    case 1:
      filter.should = {a.condition, b.condition};
      return {{filter}, [a = a.holds, b = b.holds](const Json& p) { return a(p) || b(p); }};
    case 2:
      filter.must_not = {a.condition};
      return {{filter}, [a = a.holds](const Json& p) { return !a(p); }};
    case 3: {
      const Probe c = SimpleProbe(random);
      filter.min_should = {.conditions = {a.condition, b.condition, c.condition}, .min_count = 2};
      return {{filter}, [a = a.holds, b = b.holds, c = c.holds](const Json& p) {
                return a(p) + b(p) + c(p) >= 2;
              }};
    }
    default:
      return {Field("tag", Presence::kIsEmpty), [](const Json& payload) {
                const std::vector<const Json*> values = ValuesAt(payload, {"tag"});
                return std::all_of(values.begin(), values.end(),
                                   [](const Json* v) { return v->is_null(); });
              }};
  }
}

Edit RandomEdit(const std::string& owner, std::mt19937_64& random) {
  const uint64_t kind = Draw(random, 100);
  if (kind < 40) {
    Json members = Json::object();
    for (uint64_t i = 1 + Draw(random, 3); i > 0; --i) {
      const char* key = kKeys[Draw(random, std::size(kKeys))];
      members[key] = RandomValue(key, random);
    }
    return {client::SetPayload{members.dump(), ""},
            [members](Json& payload) { payload.update(members); }};
  }
  if (kind < 55) {
    const Json members = {{"a", RandomInteger(random)}};
    return {client::SetPayload{members.dump(), "meta"},
            [members](Json& payload) { payload["meta"].update(members); }};
  }
  if (kind < 70) {
    const Json other = RandomPayload(owner, random);
    return {client::OverwritePayload{other.dump()}, [other](Json& payload) { payload = other; }};
  }
  if (kind < 95) {
    const std::string key = kKeys[Draw(random, std::size(kKeys) - 1)];
    return {client::DeletePayloadKeys{{key, "parts.k", "meta.b"}}, [key](Json& payload) {
              payload.erase(key);
              if (payload.contains("meta")) payload["meta"].erase("b");
              if (!payload.contains("parts")) return;
              Json& parts = payload["parts"];
              if (parts.is_object()) parts.erase("k");
              if (!parts.is_array()) return;
              for (Json& part : parts) part.erase("k");
            }};
  }
  return {client::ClearPayload(), [](Json& payload) { payload = Json::object(); }};
}

std::string DescribeDifference(const PointStates& expected, const PointStates& found) {
  const auto describe = [](const PointStates& states, uint64_t id) {
    const auto at = states.find(id);
    if (at == states.end()) return std::string("nothing");
    return absl::StrCat("batch ", at->second.batch, " ", at->second.payload.dump());
  };
  std::set<uint64_t> ids;
  for (const auto& [id, state] : expected) ids.insert(id);
  for (const auto& [id, state] : found) ids.insert(id);
  std::string first;
  size_t different = 0;
  for (uint64_t id : ids) {
    const auto a = expected.find(id), b = found.find(id);
    if (a != expected.end() && b != found.end() && a->second == b->second) continue;
    if (++different > 1) continue;
    first = absl::StrCat("; point ", id, " should be ", describe(expected, id), ", found ",
                         describe(found, id));
  }
  return absl::StrCat(different, " points differ", first);
}

}  // namespace tqdb::e2e
