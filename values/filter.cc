#include "values/filter.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "base/datetime.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "base/words.h"
#include "values/key_path.h"

namespace tqdb::storage {

namespace {

// Returns InvalidArgument with the arguments joined to a message.
template <typename... Args>
absl::Status Bad(const Args&... args) {
  return absl::InvalidArgumentError(absl::StrCat(args...));
}

// Each returns a bound as it is shown in messages.
std::string Show(const Number& value) {
  return value.is_integer() ? value.integer().ToString() : absl::StrCat(value.real());
}
std::string Show(uint64_t value) { return absl::StrCat(value); }
std::string Show(int64_t micros) {
  return micros < kMinDatetime || micros > kMaxDatetime ? absl::StrCat(micros, " us since 1970")
                                                        : FormatDatetime(micros);
}

// Each returns whether one bound is a possible value. An infinite or NaN bound would compare in
// ways that its sender hardly meant.
absl::Status CheckBound(const Number& value, absl::string_view field, absl::string_view name) {
  if (value.is_finite()) return absl::OkStatus();
  return Bad(field, ".", name, " is ", Show(value), "; need a finite number");
}
absl::Status CheckBound(uint64_t, absl::string_view, absl::string_view) { return absl::OkStatus(); }
absl::Status CheckBound(int64_t micros, absl::string_view field, absl::string_view name) {
  if (micros >= kMinDatetime && micros <= kMaxDatetime) return absl::OkStatus();
  return Bad(field, ".", name, " is ", Show(micros), "; need a time of the years 0000 to 9999");
}

// Checks the bounds of one range together. Bounds that leave nothing between them are a mistake of
// the caller's, and finding nothing would hide it.
template <typename T>
absl::Status CheckBounds(const Bounds<T>& bounds, const std::string& field) {
  struct Bound {
    const std::optional<T>& value;
    const char* name;
    bool strict;
  };
  const Bound lower[] = {{bounds.gt, "gt", true}, {bounds.gte, "gte", false}};
  const Bound upper[] = {{bounds.lt, "lt", true}, {bounds.lte, "lte", false}};
  bool any = false;
  for (const Bound& bound : {lower[0], lower[1], upper[0], upper[1]}) {
    if (!bound.value) continue;
    any = true;
    TQDB_RETURN_IF_ERROR(CheckBound(*bound.value, field, bound.name));
  }
  if (!any) return Bad(field, " has no bound; need gt, gte, lt or lte");
  for (const Bound& low : lower) {
    for (const Bound& high : upper) {
      if (!low.value || !high.value) continue;
      if (*low.value > *high.value) {
        return Bad(field, ": ", low.name, " ", Show(*low.value), " > ", high.name, " ",
                   Show(*high.value));
      }
      if (*low.value == *high.value && (low.strict || high.strict)) {
        return Bad(field, ": nothing is between ", low.name, " and ", high.name, " ",
                   Show(*low.value));
      }
    }
  }
  return absl::OkStatus();
}

// Checks the length of a list.
absl::Status CheckCount(size_t count, const std::string& field) {
  if (count <= kMaxListValues) return absl::OkStatus();
  return Bad(field, " has ", count, " values; at most ", kMaxListValues, " are allowed");
}

// Returns the number of values of either kind of list.
size_t Size(const ValueList& list) {
  return std::visit([](const auto& values) { return values.size(); }, list);
}

// Walks a filter and returns the first fault, with its path. Conditions are counted over all
// levels, and depth is bounded, so a hostile filter costs no more than its limits allow.
class Validator {
 public:
  // Checks a filter at `depth`: 1 for the outermost. `field` is its path in messages.
  absl::Status Check(const Filter& filter, const std::string& field, size_t depth) {
    if (depth > kMaxFilterDepth) {
      return Bad(field, " is a filter within ", depth - 1, " others; at most ", kMaxFilterDepth - 1,
                 " are allowed");
    }
    TQDB_RETURN_IF_ERROR(CheckList(filter.must, absl::StrCat(field, ".must"), depth));
    TQDB_RETURN_IF_ERROR(CheckList(filter.should, absl::StrCat(field, ".should"), depth));
    TQDB_RETURN_IF_ERROR(CheckList(filter.must_not, absl::StrCat(field, ".must_not"), depth));
    if (!filter.min_should) return absl::OkStatus();
    const MinShould& least = *filter.min_should;
    if (least.min_count < 1 || least.min_count > least.conditions.size()) {
      return Bad(field, ".min_should.min_count is ", least.min_count,
                 "; need 1 to the number of conditions, which is ", least.conditions.size());
    }
    return CheckList(least.conditions, absl::StrCat(field, ".min_should.conditions"), depth);
  }

 private:
  // Checks the conditions of one list of the filter.
  absl::Status CheckList(const std::vector<Condition>& conditions, const std::string& field,
                         size_t depth) {
    for (size_t i = 0; i < conditions.size(); ++i) {
      const std::string own = absl::StrCat(field, "[", i, "]");
      if (++conditions_ > kMaxConditions) {
        return Bad(own, " is one condition too many; at most ", kMaxConditions,
                   " are allowed in a filter");
      }
      TQDB_RETURN_IF_ERROR(
          std::visit([&](const auto& condition) { return CheckCondition(condition, own, depth); },
                     conditions[i].of));
    }
    return absl::OkStatus();
  }

  // One overload for each kind of condition.
  absl::Status CheckCondition(const FieldCondition& condition, const std::string& field, size_t) {
    TQDB_RETURN_IF_ERROR(CheckKey(condition.key, field));
    return std::visit([&](const auto& test) { return CheckTest(test, field); }, condition.test);
  }
  absl::Status CheckCondition(const HasId& condition, const std::string& field, size_t) {
    return CheckCount(condition.ids.size(), absl::StrCat(field, ".has_id"));
  }
  absl::Status CheckCondition(const Nested& condition, const std::string& field, size_t depth) {
    const std::string own = absl::StrCat(field, ".nested");
    TQDB_RETURN_IF_ERROR(CheckKey(condition.key, own));
    return Check(condition.filter, absl::StrCat(own, ".filter"), depth + 1);
  }
  absl::Status CheckCondition(const Filter& filter, const std::string& field, size_t depth) {
    return Check(filter, field, depth + 1);
  }

  static absl::Status CheckKey(const std::string& key, const std::string& field) {
    const absl::Status status = KeyPath::Parse(key).status();
    return status.ok() ? status : Bad(field, ".", status.message());
  }

  // One overload for each test of a field condition.
  static absl::Status CheckTest(const MatchValue&, const std::string&) { return absl::OkStatus(); }
  static absl::Status CheckTest(const MatchAny& match, const std::string& field) {
    return CheckCount(Size(match.any), absl::StrCat(field, ".match.any"));
  }
  static absl::Status CheckTest(const MatchExcept& match, const std::string& field) {
    return CheckCount(Size(match.except), absl::StrCat(field, ".match.except"));
  }
  static absl::Status CheckTest(const MatchText& match, const std::string& field) {
    if (match.text.size() > kMaxTextBytes) {
      return Bad(field, ".match.text has ", match.text.size(), " bytes; at most ", kMaxTextBytes,
                 " are allowed");
    }
    std::set<std::string> words;
    for (WordReader reader(match.text, WordSide::kQuery); reader.Next();)
      words.insert(reader.word());
    if (words.empty()) {
      return Bad(field, ".match.text is ", Quoted(match.text), "; need at least one word");
    }
    if (words.size() > kMaxTextWords) {
      return Bad(field, ".match.text has ", words.size(), " different words; at most ",
                 kMaxTextWords, " are allowed");
    }
    return absl::OkStatus();
  }
  static absl::Status CheckTest(const NumberRange& range, const std::string& field) {
    return CheckBounds(range, absl::StrCat(field, ".range"));
  }
  static absl::Status CheckTest(const DatetimeRange& range, const std::string& field) {
    return CheckBounds(range, absl::StrCat(field, ".range"));
  }
  static absl::Status CheckTest(const ValuesCount& count, const std::string& field) {
    return CheckBounds(count, absl::StrCat(field, ".values_count"));
  }
  static absl::Status CheckTest(Presence, const std::string&) { return absl::OkStatus(); }

  size_t conditions_ = 0;  // seen so far, over all levels
};

}  // namespace

// Compares part by part, since MinShould has no comparison of its own.
bool operator==(const Filter& a, const Filter& b) {
  const bool lists = a.must == b.must && a.should == b.should && a.must_not == b.must_not;
  if (!lists || a.min_should.has_value() != b.min_should.has_value()) return false;
  return !a.min_should || (a.min_should->min_count == b.min_should->min_count &&
                           a.min_should->conditions == b.min_should->conditions);
}

absl::Status ValidateFilter(const Filter& filter, absl::string_view field) {
  return Validator().Check(filter, std::string(field), 1);
}

}  // namespace tqdb::storage
