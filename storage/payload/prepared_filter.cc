#include "storage/payload/prepared_filter.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/datetime.h"
#include "base/json_number.h"
#include "base/status_macros.h"
#include "base/words.h"
#include "storage/payload/payload_walk.h"
#include "values/json_parser.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;

// --- Preparing. ValidateFilter has accepted the filter, so nothing below can fail.

KeyPath PathOf(const std::string& key) { return *KeyPath::Parse(key); }

FieldTest OneOfList(const ValueList& list, bool except) {
  if (const auto* strings = std::get_if<std::vector<std::string>>(&list)) {
    return KeywordTest{{strings->begin(), strings->end()}, except};
  }
  const auto& integers = std::get<std::vector<Integer>>(list);
  return IntegerTest{{integers.begin(), integers.end()}, except};
}

// Narrows [low, high] to the whole numbers within the bounds. Returns false if none is left.
// Example: gt 3 and lte 9 narrow it to 4..9. `gt` the largest number leaves nothing; adding 1 to it
// would overflow.
template <typename T>
bool Close(const Bounds<T>& bounds, T& low, T& high) {
  constexpr T kMin = std::numeric_limits<T>::min();
  constexpr T kMax = std::numeric_limits<T>::max();
  if (bounds.gte) low = std::max(low, *bounds.gte);
  if (bounds.lte) high = std::min(high, *bounds.lte);
  if ((bounds.gt && *bounds.gt == kMax) || (bounds.lt && *bounds.lt == kMin)) return false;
  if (bounds.gt) low = std::max<T>(low, *bounds.gt + 1);
  if (bounds.lt) high = std::min<T>(high, *bounds.lt - 1);
  return low <= high;
}

// Turns each kind of test into its prepared form.
struct TestPreparer {
  FieldTest operator()(const MatchValue& match) const {
    if (const auto* keyword = std::get_if<std::string>(&match.value)) {
      return KeywordTest{{*keyword}};
    }
    if (const auto* integer = std::get_if<Integer>(&match.value)) return IntegerTest{{*integer}};
    return BoolTest{std::get<bool>(match.value)};
  }
  FieldTest operator()(const MatchAny& match) const { return OneOfList(match.any, false); }
  FieldTest operator()(const MatchExcept& match) const { return OneOfList(match.except, true); }
  FieldTest operator()(const MatchText& match) const {
    WordsTest test;
    for (WordReader words(match.text, WordSide::kQuery); words.Next();) {
      test.words.try_emplace(words.word(), static_cast<uint32_t>(test.words.size()));
    }
    return test;
  }
  FieldTest operator()(const NumberRange& range) const {
    NumberTest test;
    if (range.gte) test.low = *range.gte;
    if (range.lte) test.high = *range.lte;
    // The narrower of two bounds on the same side counts. If both are equal, the open one counts.
    if (range.gt && *range.gt >= test.low) test.low = *range.gt, test.low_open = true;
    if (range.lt && *range.lt <= test.high) test.high = *range.lt, test.high_open = true;
    return test;
  }
  FieldTest operator()(const DatetimeRange& range) const {
    TimeTest test;
    // An interval with low > high holds nothing.
    if (!Close(range, test.low, test.high)) test.low = 1, test.high = 0;
    return test;
  }
  FieldTest operator()(const ValuesCount& count) const {
    CountTest test;
    if (!Close(count, test.low, test.high)) test.low = 1, test.high = 0;
    return test;
  }
  FieldTest operator()(Presence presence) const { return presence; }
};

PreparedGroup Prepare(const Filter& filter);

// Turns each kind of condition into its prepared form.
struct ConditionPreparer {
  PreparedCondition operator()(const FieldCondition& condition) const {
    return {PreparedField{PathOf(condition.key), std::visit(TestPreparer(), condition.test)}};
  }
  PreparedCondition operator()(const HasId& condition) const {
    return {PreparedIds{{condition.ids.begin(), condition.ids.end()}}};
  }
  PreparedCondition operator()(const Nested& nested) const {
    return {PreparedNested{PathOf(nested.key), Prepare(nested.filter)}};
  }
  PreparedCondition operator()(const Filter& filter) const { return {Prepare(filter)}; }
};

std::vector<PreparedCondition> Prepare(const std::vector<Condition>& conditions) {
  std::vector<PreparedCondition> prepared;
  prepared.reserve(conditions.size());
  for (const Condition& condition : conditions) {
    prepared.push_back(std::visit(ConditionPreparer(), condition.of));
  }
  return prepared;
}

PreparedGroup Prepare(const Filter& filter) {
  PreparedGroup group;
  group.must = Prepare(filter.must);
  group.should = Prepare(filter.should);
  group.must_not = Prepare(filter.must_not);
  if (filter.min_should) {
    group.min_should = Prepare(filter.min_should->conditions);
    group.min_count = filter.min_should->min_count;
  }
  return group;
}

// Returns whether any condition of the group, inner groups included, is about the payload.
bool ReadsPayload(const PreparedGroup& group) {
  for (const auto* list : {&group.must, &group.should, &group.must_not, &group.min_should}) {
    for (const PreparedCondition& condition : *list) {
      if (std::holds_alternative<PreparedIds>(condition.of)) continue;
      const auto* inner = std::get_if<PreparedGroup>(&condition.of);
      if (inner == nullptr || ReadsPayload(*inner)) return true;
    }
  }
  return false;
}

// --- Evaluating.

// Evaluates a test on the values at `path` of `object`.
struct TestEvaluator {
  const json& object;
  absl::Span<const std::string> path;

  bool operator()(const KeywordTest& test) const {
    return AnyValue(object, path, [&test](const json& value) {
      if (value.is_null()) return false;
      const bool listed =
          value.is_string() && test.values.contains(value.get_ref<const std::string&>());
      return listed != test.except;
    });
  }
  bool operator()(const IntegerTest& test) const {
    return AnyValue(object, path, [&test](const json& value) {
      if (value.is_null()) return false;
      const std::optional<Integer> integer = AsInteger(value);
      return (integer && test.values.contains(*integer)) != test.except;
    });
  }
  bool operator()(const BoolTest& test) const {
    return AnyValue(object, path, [&test](const json& value) {
      return value.is_boolean() && value.get<bool>() == test.value;
    });
  }
  bool operator()(const WordsTest& test) const {
    // One bit for each word of the query. Words are collected over all values of the key, because
    // they may be spread over the elements of an array.
    static_assert(kMaxTextWords <= 64);
    uint64_t missing = ~uint64_t{0} >> (64 - test.words.size());
    return AnyValue(object, path, [&](const json& value) {
      if (!value.is_string()) return false;
      for (WordReader words(value.get_ref<const std::string&>(), WordSide::kText); words.Next();) {
        const auto it = test.words.find(words.word());
        if (it != test.words.end()) missing &= ~(uint64_t{1} << it->second);
        if (missing == 0) return true;
      }
      return false;
    });
  }
  bool operator()(const NumberTest& test) const {
    return AnyValue(object, path, [&test](const json& value) {
      const std::optional<Number> number = AsNumber(value);
      return number && !test.Below(*number) && !test.Above(*number);
    });
  }
  bool operator()(const TimeTest& test) const {
    return AnyValue(object, path, [&test](const json& value) {
      if (!value.is_string()) return false;
      const std::optional<int64_t> time = ParseDatetime(value.get_ref<const std::string&>());
      return time && *time >= test.low && *time <= test.high;
    });
  }
  bool operator()(const CountTest& test) const {
    const auto within = [&test](uint64_t count) { return count >= test.low && count <= test.high; };
    // Nothing found counts as 0, so the test may also pass without any call of the function below.
    bool found = false;
    const bool any = AnyFound(object, path, [&](const json& value) {
      found = true;
      return within(value.is_array() ? value.size() : value.is_null() ? 0 : 1);
    });
    return any || (!found && within(0));
  }
  bool operator()(Presence presence) const {
    switch (presence) {
      case Presence::kExists: return AnyFound(object, path, [](const json&) { return true; });
      case Presence::kIsEmpty:
        return !AnyFound(object, path, [](const json& value) {
          return !value.is_null() && !(value.is_array() && value.empty());
        });
      case Presence::kIsNull:
        return AnyValue(object, path, [](const json& value) { return value.is_null(); });
    }
    return false;
  }
};

bool Holds(const PreparedGroup& group, const PointId& id, const json& object);

// Evaluates a condition on a point, or on one object of it inside a nested condition.
struct ConditionEvaluator {
  const PointId& id;
  const json& object;

  bool operator()(const PreparedField& field) const {
    return std::visit(TestEvaluator{object, field.path.segments()}, field.test);
  }
  bool operator()(const PreparedIds& ids) const { return ids.ids.contains(id); }
  bool operator()(const PreparedNested& nested) const {
    return AnyValue(object, nested.path.segments(), [&](const json& value) {
      return value.is_object() && Holds(nested.group, id, value);
    });
  }
  bool operator()(const PreparedGroup& group) const { return Holds(group, id, object); }
};

bool Holds(const PreparedGroup& group, const PointId& id, const json& object) {
  const auto holds = [&](const PreparedCondition& condition) {
    return std::visit(ConditionEvaluator{id, object}, condition.of);
  };
  if (!std::all_of(group.must.begin(), group.must.end(), holds)) return false;
  if (std::any_of(group.must_not.begin(), group.must_not.end(), holds)) return false;
  if (!group.should.empty() && !std::any_of(group.should.begin(), group.should.end(), holds)) {
    return false;
  }
  // Stops counting as soon as enough conditions hold.
  uint64_t count = 0;
  for (size_t i = 0; i < group.min_should.size() && count < group.min_count; ++i) {
    count += holds(group.min_should[i]);
  }
  return count >= group.min_count;
}

}  // namespace

absl::StatusOr<json> ParsePayload(absl::string_view payload) {
  if (payload.empty()) return json::object();
  json parsed = ParseJson<json>(payload);
  if (!parsed.is_object()) return absl::DataLossError("a stored payload is not a JSON object");
  return parsed;
}

PreparedFilter::PreparedFilter(PreparedGroup root)
    : root_(std::make_shared<const PreparedGroup>(std::move(root))),
      reads_payload_(ReadsPayload(*root_)) {}

absl::StatusOr<PreparedFilter> PreparedFilter::Create(const Filter& filter,
                                                      absl::string_view field) {
  TQDB_RETURN_IF_ERROR(ValidateFilter(filter, field));
  return PreparedFilter(Prepare(filter));
}

bool PreparedFilter::Matches(const PointId& id, const json& payload) const {
  return Holds(*root_, id, payload);
}

}  // namespace tqdb::storage
