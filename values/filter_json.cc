#include "values/filter_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/datetime.h"
#include "base/json_number.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "values/json_parser.h"

namespace tqdb::storage {

namespace {

// Members keep their order, so that a filter prints as it was written.
using Json = nlohmann::ordered_json;

// Objects and arrays within each other. One level of filters takes at most six: filter, min_should,
// its conditions, a condition, its match, the list. Deeper text is refused before it is built.
constexpr size_t kMaxJsonDepth = 8 * kMaxFilterDepth;

// Returns a value as it is shown in messages, without its content if it has members.
std::string Shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  return Quoted(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// Returns InvalidArgument: the field, the value got and the value needed.
absl::Status Need(const std::string& field, const Json& got, absl::string_view need) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", Shown(got), "; need ", need));
}

// Builds the tree of a text and refuses members that appear twice. JSON parsers disagree about
// which of the two counts. Such a filter could mean different things to its sender and to tqdb.
class FilterTextReader : public JsonTreeBuilder<Json> {
  using Base = JsonTreeBuilder<Json>;

 public:
  // Begins messages with `field`.
  explicit FilterTextReader(absl::string_view field) : field_(field) {}

  // Returns the first fault of the text.
  const absl::Status& status() const { return status_; }

  bool start_object(size_t size) {
    members_.emplace_back();
    return CheckDepth() && Base::start_object(size);
  }
  bool start_array(size_t size) {
    members_.emplace_back();
    return CheckDepth() && Base::start_array(size);
  }
  bool end_object() {
    members_.pop_back();
    return Base::end_object();
  }
  bool end_array() {
    members_.pop_back();
    return Base::end_array();
  }
  bool key(std::string& name) {
    if (!members_.back().insert(name).second) {
      return Fail(" has the member ", Quoted(name), " twice in one object");
    }
    return Base::key(name);
  }
  template <typename Error>
  bool parse_error(size_t position, const std::string&, const Error& error) {
    constexpr int kOutOfRange = 406;  // the library's number for a number beyond every double
    if (error.id == kOutOfRange) return Fail(" is not JSON: a number is out of range");
    return Fail(" is not JSON: it goes wrong at byte ", position);
  }

 private:
  template <typename... Args>
  bool Fail(const Args&... args) {
    status_ = absl::InvalidArgumentError(absl::StrCat(field_, args...));
    return false;
  }
  bool CheckDepth() {
    if (members_.size() <= kMaxJsonDepth) return true;
    return Fail(" has more than ", kMaxJsonDepth, " levels of JSON");
  }

  const absl::string_view field_;
  std::vector<std::set<std::string>> members_;  // names seen in each object or array that is open
  absl::Status status_;
};

absl::StatusOr<Json> ParseText(absl::string_view text, absl::string_view field) {
  FilterTextReader reader(field);
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) return reader.status();
  return reader.TakeTree();
}

// Checks that a value is an object whose members are all known. A misspelt member must not be
// ignored: the filter would silently find more.
absl::Status CheckMembers(const Json& json, const std::string& field,
                          std::initializer_list<absl::string_view> known) {
  if (!json.is_object()) return Need(field, json, "an object");
  for (const auto& [name, value] : json.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".", Quoted(name), " is unknown; allowed are ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

// Reads a member that must be a string.
absl::StatusOr<std::string> ReadString(const Json& json, const char* name,
                                       const std::string& field) {
  const auto it = json.find(name);
  if (it == json.end()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " has no ", name, "; need a string"));
  }
  if (!it->is_string()) return Need(absl::StrCat(field, ".", name), *it, "a string");
  return it->get<std::string>();
}

// Reads a list of strings or of integers, not mixed.
absl::StatusOr<ValueList> ReadValueList(const Json& json, const std::string& field) {
  constexpr absl::string_view kNeed = "a list of strings or of integers of 64 bits";
  if (!json.is_array()) return Need(field, json, kNeed);
  std::vector<std::string> strings;
  std::vector<Integer> integers;
  for (size_t i = 0; i < json.size(); ++i) {
    const std::optional<Integer> integer = AsInteger(json[i]);
    if (json[i].is_string() && integers.empty()) {
      strings.push_back(json[i].get<std::string>());
    } else if (integer && strings.empty()) {
      integers.push_back(*integer);
    } else {
      return Need(absl::StrCat(field, "[", i, "]"), json[i], kNeed);
    }
  }
  if (!integers.empty()) return integers;
  return strings;
}

// Reads one bound.
template <typename T>
using ReadBound = absl::StatusOr<T> (*)(const Json&, const std::string& field);

// Reads the bounds of a range by `read`.
template <typename T>
absl::Status ReadBounds(const Json& json, const std::string& field, ReadBound<T> read,
                        Bounds<T>& bounds) {
  TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {"gt", "gte", "lt", "lte"}));
  for (const auto& [name, bound] : {std::pair{"gt", &bounds.gt}, std::pair{"gte", &bounds.gte},
                                    std::pair{"lt", &bounds.lt}, std::pair{"lte", &bounds.lte}}) {
    if (const auto it = json.find(name); it != json.end()) {
      TQDB_ASSIGN_OR_RETURN(*bound, read(*it, absl::StrCat(field, ".", name)));
    }
  }
  return absl::OkStatus();
}

// Each reads one bound of a kind of range.
absl::StatusOr<Number> ReadNumber(const Json& json, const std::string& field) {
  const std::optional<Number> number = AsNumber(json);
  if (!number) return Need(field, json, "a number, like the other bounds");
  return *number;
}

absl::StatusOr<int64_t> ReadDatetime(const Json& json, const std::string& field) {
  constexpr absl::string_view kNeed = "a time such as \"2023-02-08T10:49:00Z\"";
  if (!json.is_string()) return Need(field, json, kNeed);
  const std::optional<int64_t> micros = ParseDatetime(json.get_ref<const std::string&>());
  if (!micros) return Need(field, json, kNeed);
  return *micros;
}

absl::StatusOr<uint64_t> ReadCount(const Json& json, const std::string& field) {
  const std::optional<Integer> count = AsInteger(json);
  if (!count || !count->fits_uint64()) return Need(field, json, "a number of values");
  return count->uint64();
}

// Reads {"value": ..}, {"any": ..}, {"except": ..} or {"text": ..}.
absl::Status ReadMatch(const Json& json, const std::string& field, FieldCondition& condition) {
  TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {"value", "any", "except", "text"}));
  if (json.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " has ", json.size(), " members; need one of value, any, except, text"));
  }
  const Json& value = json.begin().value();
  const std::string own = absl::StrCat(field, ".", json.begin().key());
  if (json.contains("any")) {
    TQDB_ASSIGN_OR_RETURN(ValueList list, ReadValueList(value, own));
    condition.test = MatchAny{std::move(list)};
  } else if (json.contains("except")) {
    TQDB_ASSIGN_OR_RETURN(ValueList list, ReadValueList(value, own));
    condition.test = MatchExcept{std::move(list)};
  } else if (json.contains("text")) {
    if (!value.is_string()) return Need(own, value, "a string");
    condition.test = MatchText{value.get<std::string>()};
  } else if (value.is_string()) {
    condition.test = MatchValue{value.get<std::string>()};
  } else if (value.is_boolean()) {
    condition.test = MatchValue{value.get<bool>()};
  } else if (const std::optional<Integer> integer = AsInteger(value)) {
    condition.test = MatchValue{*integer};
  } else {
    return Need(
        own, value,
        "a string, an integer of 64 bits or a boolean; other numbers are compared by range");
  }
  return absl::OkStatus();
}

// Reads a range of numbers or of times. The type of the first bound decides, so a mixed range names
// the first bound that does not fit.
absl::Status ReadRange(const Json& json, const std::string& field, FieldCondition& condition) {
  const bool times = json.is_object() && !json.empty() && json.begin()->is_string();
  if (times) {
    return ReadBounds<int64_t>(json, field, ReadDatetime, condition.test.emplace<DatetimeRange>());
  }
  return ReadBounds<Number>(json, field, ReadNumber, condition.test.emplace<NumberRange>());
}

// Reads a condition on a key: it has exactly one test.
absl::StatusOr<FieldCondition> ReadFieldCondition(const Json& json, const std::string& field) {
  TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {"key", "match", "range", "values_count"}));
  FieldCondition condition;
  TQDB_ASSIGN_OR_RETURN(condition.key, ReadString(json, "key", field));
  if (json.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", json.size() - 1,
                     " members beside key; need one of match, range, values_count"));
  }
  if (const auto match = json.find("match"); match != json.end()) {
    TQDB_RETURN_IF_ERROR(ReadMatch(*match, absl::StrCat(field, ".match"), condition));
  } else if (const auto range = json.find("range"); range != json.end()) {
    TQDB_RETURN_IF_ERROR(ReadRange(*range, absl::StrCat(field, ".range"), condition));
  } else {
    TQDB_RETURN_IF_ERROR(ReadBounds<uint64_t>(json.at("values_count"),
                                              absl::StrCat(field, ".values_count"), ReadCount,
                                              condition.test.emplace<ValuesCount>()));
  }
  return condition;
}

// Reads a list of ids: numbers as JSON numbers and UUIDs as strings.
absl::StatusOr<HasId> ReadHasId(const Json& json, const std::string& field) {
  constexpr absl::string_view kNeed = "an integer of 0 to 2^64 - 1 or a UUID of 36 characters";
  if (!json.is_array()) return Need(field, json, "a list of ids");
  HasId condition;
  for (size_t i = 0; i < json.size(); ++i) {
    const Json& id = json[i];
    if (id.is_number_unsigned()) {
      condition.ids.push_back(PointId::Number(id.get<uint64_t>()));
      continue;
    }
    // Parse also takes numbers as text, which are not ids here.
    const auto parsed = id.is_string() ? PointId::Parse(id.get_ref<const std::string&>())
                                       : absl::StatusOr<PointId>(absl::InvalidArgumentError(""));
    if (!parsed.ok() || !parsed->is_uuid()) {
      return Need(absl::StrCat(field, "[", i, "]"), id, kNeed);
    }
    condition.ids.push_back(*parsed);
  }
  return condition;
}

absl::StatusOr<Filter> ReadFilter(const Json& json, const std::string& field);

// Reads a condition of any kind. Its members say which kind it is.
absl::StatusOr<Condition> ReadCondition(const Json& json, const std::string& field) {
  constexpr std::pair<const char*, Presence> kPresence[] = {{"exists", Presence::kExists},
                                                            {"is_empty", Presence::kIsEmpty},
                                                            {"is_null", Presence::kIsNull}};
  if (!json.is_object()) return Need(field, json, "a condition");
  if (json.contains("key")) {
    TQDB_ASSIGN_OR_RETURN(FieldCondition condition, ReadFieldCondition(json, field));
    return Condition{std::move(condition)};
  }
  if (json.contains("has_id")) {
    TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {"has_id"}));
    TQDB_ASSIGN_OR_RETURN(HasId condition,
                          ReadHasId(json["has_id"], absl::StrCat(field, ".has_id")));
    return Condition{std::move(condition)};
  }
  if (json.contains("nested")) {
    TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {"nested"}));
    const Json& nested = json["nested"];
    const std::string own = absl::StrCat(field, ".nested");
    TQDB_RETURN_IF_ERROR(CheckMembers(nested, own, {"key", "filter"}));
    TQDB_ASSIGN_OR_RETURN(std::string key, ReadString(nested, "key", own));
    if (!nested.contains("filter")) {
      return absl::InvalidArgumentError(absl::StrCat(own, " has no filter; need one"));
    }
    TQDB_ASSIGN_OR_RETURN(Filter filter,
                          ReadFilter(nested["filter"], absl::StrCat(own, ".filter")));
    return Condition{Nested{std::move(key), std::move(filter)}};
  }
  for (const auto& [name, presence] : kPresence) {
    if (!json.contains(name)) continue;
    TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {name}));
    const std::string own = absl::StrCat(field, ".", name);
    TQDB_RETURN_IF_ERROR(CheckMembers(json[name], own, {"key"}));
    TQDB_ASSIGN_OR_RETURN(std::string key, ReadString(json[name], "key", own));
    return Condition{FieldCondition{std::move(key), presence}};
  }
  for (const char* name : {"must", "should", "must_not", "min_should"}) {
    if (!json.contains(name)) continue;
    TQDB_ASSIGN_OR_RETURN(Filter filter, ReadFilter(json, field));
    return Condition{std::move(filter)};
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field,
                   json.empty() ? std::string(" is empty")
                                : absl::StrCat(".", Quoted(json.begin().key()), " is unknown"),
                   "; need a condition: key with match, range or values_count; exists, is_empty, "
                   "is_null; has_id; "
                   "nested; or must, should, must_not, min_should"));
}

// Reads a list of conditions.
absl::StatusOr<std::vector<Condition>> ReadConditions(const Json& json, const std::string& field) {
  if (!json.is_array()) return Need(field, json, "a list of conditions");
  std::vector<Condition> conditions;
  for (size_t i = 0; i < json.size(); ++i) {
    // It is moved once: g++ 12 takes a second move of the variant for a use of uninitialised
    // memory.
    absl::StatusOr<Condition> condition = ReadCondition(json[i], absl::StrCat(field, "[", i, "]"));
    TQDB_RETURN_IF_ERROR(condition.status());
    conditions.push_back(*std::move(condition));
  }
  return conditions;
}

// Reads a filter. Every part may be absent.
absl::StatusOr<Filter> ReadFilter(const Json& json, const std::string& field) {
  TQDB_RETURN_IF_ERROR(CheckMembers(json, field, {"must", "should", "must_not", "min_should"}));
  Filter filter;
  for (const auto& [name, list] :
       {std::pair{"must", &filter.must}, std::pair{"should", &filter.should},
        std::pair{"must_not", &filter.must_not}}) {
    if (!json.contains(name)) continue;
    TQDB_ASSIGN_OR_RETURN(*list, ReadConditions(json[name], absl::StrCat(field, ".", name)));
  }
  if (const auto it = json.find("min_should"); it != json.end()) {
    const std::string own = absl::StrCat(field, ".min_should");
    TQDB_RETURN_IF_ERROR(CheckMembers(*it, own, {"conditions", "min_count"}));
    for (const char* name : {"conditions", "min_count"}) {
      if (!it->contains(name)) {
        return absl::InvalidArgumentError(
            absl::StrCat(own, " has no ", name, "; need conditions and min_count"));
      }
    }
    MinShould& least = filter.min_should.emplace();
    TQDB_ASSIGN_OR_RETURN(least.conditions,
                          ReadConditions((*it)["conditions"], absl::StrCat(own, ".conditions")));
    TQDB_ASSIGN_OR_RETURN(least.min_count,
                          ReadCount((*it)["min_count"], absl::StrCat(own, ".min_count")));
  }
  return filter;
}

// --- Printing.

// --- Printing.
Json ToJson(const Filter& filter);

// Returns the bounds that are set, each as value(bound).
template <typename T, typename Fn>
Json BoundsToJson(const Bounds<T>& bounds, const Fn& value) {
  Json json = Json::object();
  for (const auto& [name, bound] : {std::pair{"gt", &bounds.gt}, std::pair{"gte", &bounds.gte},
                                    std::pair{"lt", &bounds.lt}, std::pair{"lte", &bounds.lte}}) {
    if (*bound) json[name] = value(**bound);
  }
  return json;
}

// Each returns a value of a match, or a list of them.
Json ValueToJson(const std::string& text) { return text; }
Json ValueToJson(bool value) { return value; }
Json ValueToJson(const Integer& integer) { return NumberToJson<Json>(integer); }
template <typename T>
Json ValueToJson(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(ValueToJson(value));
  return list;
}
template <typename Variant>
Json VariantToJson(const Variant& variant) {
  return std::visit([](const auto& held) { return ValueToJson(held); }, variant);
}

// Returns the members that a test adds to the key of its condition.
struct TestToJson {
  Json operator()(const MatchValue& match) const {
    return {{"match", {{"value", VariantToJson(match.value)}}}};
  }
  Json operator()(const MatchAny& match) const {
    return {{"match", {{"any", VariantToJson(match.any)}}}};
  }
  Json operator()(const MatchExcept& match) const {
    return {{"match", {{"except", VariantToJson(match.except)}}}};
  }
  Json operator()(const MatchText& match) const { return {{"match", {{"text", match.text}}}}; }
  Json operator()(const NumberRange& range) const {
    return {{"range",
             BoundsToJson(range, [](const Number& bound) { return NumberToJson<Json>(bound); })}};
  }
  Json operator()(const DatetimeRange& range) const {
    return {{"range", BoundsToJson(range, FormatDatetime)}};
  }
  Json operator()(const ValuesCount& count) const {
    return {{"values_count", BoundsToJson(count, [](uint64_t bound) { return bound; })}};
  }
  Json operator()(Presence) const { return nullptr; }  // has a form of its own, see ConditionToJson
};

// Returns a condition as JSON.
struct ConditionToJson {
  Json operator()(const FieldCondition& condition) const {
    Json json = {{"key", condition.key}};
    if (const auto* presence = std::get_if<Presence>(&condition.test)) {
      switch (*presence) {
        case Presence::kExists: return {{"exists", json}};
        case Presence::kIsEmpty: return {{"is_empty", json}};
        case Presence::kIsNull: return {{"is_null", json}};
      }
    }
    json.update(std::visit(TestToJson(), condition.test));
    return json;
  }
  Json operator()(const HasId& condition) const {
    Json ids = Json::array();
    for (const PointId& id : condition.ids) {
      ids.push_back(id.is_uuid() ? Json(id.ToString()) : Json(id.low));
    }
    return {{"has_id", ids}};
  }
  Json operator()(const Nested& nested) const {
    return {{"nested", {{"key", nested.key}, {"filter", ToJson(nested.filter)}}}};
  }
  Json operator()(const Filter& filter) const {
    Json json = ToJson(filter);
    if (json.empty()) json["must"] = Json::array();  // {} would not be read as a condition
    return json;
  }
};

Json ToJson(const std::vector<Condition>& conditions) {
  Json list = Json::array();
  for (const Condition& condition : conditions) {
    list.push_back(std::visit(ConditionToJson(), condition.of));
  }
  return list;
}

Json ToJson(const Filter& filter) {
  Json json = Json::object();
  if (!filter.must.empty()) json["must"] = ToJson(filter.must);
  if (!filter.should.empty()) json["should"] = ToJson(filter.should);
  if (!filter.must_not.empty()) json["must_not"] = ToJson(filter.must_not);
  if (filter.min_should) {
    json["min_should"] = {{"conditions", ToJson(filter.min_should->conditions)},
                          {"min_count", filter.min_should->min_count}};
  }
  return json;
}

}  // namespace

absl::StatusOr<Filter> FilterFromJson(absl::string_view text, absl::string_view field) {
  TQDB_ASSIGN_OR_RETURN(const Json json, ParseText(text, field));
  TQDB_ASSIGN_OR_RETURN(Filter filter, ReadFilter(json, std::string(field)));
  TQDB_RETURN_IF_ERROR(ValidateFilter(filter, field));
  return filter;
}

std::string FilterToJson(const Filter& filter) {
  return ToJson(filter).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tqdb::storage
