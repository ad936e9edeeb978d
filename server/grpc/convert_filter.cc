#include "server/grpc/convert_filter.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/datetime.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"

namespace tqdb::server {

namespace {

using google::protobuf::RepeatedPtrField;
using google::protobuf::Timestamp;

constexpr int64_t kMicros = 1'000'000;
constexpr int32_t kNanosPerMicro = 1'000;

absl::Status Empty(const std::string& field, absl::string_view need) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is empty; set ", need));
}

// Checks the number of values in a list before they are copied, so that a message cannot use much
// memory for nothing.
absl::Status CheckCount(int64_t count, const std::string& field) {
  if (static_cast<size_t>(count) <= storage::kMaxListValues) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " has ", count, " values; at most ",
                                                 storage::kMaxListValues, " are allowed"));
}

absl::StatusOr<storage::ValueList> ListFromProto(const v1::Keywords& list,
                                                 const std::string& field) {
  TQDB_RETURN_IF_ERROR(CheckCount(list.values_size(), field));
  return std::vector<std::string>(list.values().begin(), list.values().end());
}

absl::StatusOr<storage::ValueList> ListFromProto(const v1::Integers& list,
                                                 const std::string& field) {
  TQDB_RETURN_IF_ERROR(
      CheckCount(int64_t{list.values_size()} + list.unsigned_values_size(), field));
  std::vector<storage::Integer> values(list.values().begin(), list.values().end());
  values.insert(values.end(), list.unsigned_values().begin(), list.unsigned_values().end());
  return values;
}

absl::Status MatchFromProto(const v1::Match& match, const std::string& field,
                            storage::FieldCondition& condition) {
  const auto any = [&](const auto& list) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(storage::ValueList values,
                          ListFromProto(list, absl::StrCat(field, ".any")));
    condition.test = storage::MatchAny{std::move(values)};
    return absl::OkStatus();
  };
  const auto except = [&](const auto& list) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(storage::ValueList values,
                          ListFromProto(list, absl::StrCat(field, ".except")));
    condition.test = storage::MatchExcept{std::move(values)};
    return absl::OkStatus();
  };
  switch (match.form_case()) {
    case v1::Match::kKeyword:
      condition.test = storage::MatchValue{match.keyword()};
      return absl::OkStatus();
    case v1::Match::kInteger:
      condition.test = storage::MatchValue{match.integer()};
      return absl::OkStatus();
    case v1::Match::kUnsignedInteger:
      condition.test = storage::MatchValue{match.unsigned_integer()};
      return absl::OkStatus();
    case v1::Match::kBoolean:
      condition.test = storage::MatchValue{match.boolean()};
      return absl::OkStatus();
    case v1::Match::kAnyKeywords: return any(match.any_keywords());
    case v1::Match::kAnyIntegers: return any(match.any_integers());
    case v1::Match::kExceptKeywords: return except(match.except_keywords());
    case v1::Match::kExceptIntegers: return except(match.except_integers());
    case v1::Match::kText:
      condition.test = storage::MatchText{match.text()};
      return absl::OkStatus();
    case v1::Match::FORM_NOT_SET: break;
  }
  return Empty(field, "a value, a list or text");
}

// Copies the bounds that a range of numbers or counts has.
template <typename Proto, typename T>
void BoundsFromProto(const Proto& proto, storage::Bounds<T>& bounds) {
  if (proto.has_gt()) bounds.gt = proto.gt();
  if (proto.has_gte()) bounds.gte = proto.gte();
  if (proto.has_lt()) bounds.lt = proto.lt();
  if (proto.has_lte()) bounds.lte = proto.lte();
}

// Sets `bound` to a number.
absl::Status NumberFromProto(const v1::Number& number, const std::string& field,
                             std::optional<storage::Number>& bound) {
  switch (number.of_case()) {
    case v1::Number::kReal: bound = number.real(); return absl::OkStatus();
    case v1::Number::kInteger: bound = number.integer(); return absl::OkStatus();
    case v1::Number::kUnsignedInteger: bound = number.unsigned_integer(); return absl::OkStatus();
    case v1::Number::OF_NOT_SET: break;
  }
  return Empty(field, "real, integer or unsigned_integer");
}

// Sets `bound` to a time in microseconds since 1970. Smaller parts of the time are cut off.
absl::Status TimeFromProto(const Timestamp& time, const std::string& field,
                           std::optional<int64_t>& bound) {
  const bool good = time.seconds() >= storage::kMinDatetime / kMicros &&
                    time.seconds() <= storage::kMaxDatetime / kMicros && time.nanos() >= 0 &&
                    time.nanos() < kMicros * kNanosPerMicro;
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", time.seconds(), " seconds and ", time.nanos(),
                     " nanos; need a time of the years 0000 to 9999 and 0 to 999999999 nanos"));
  }
  bound = time.seconds() * kMicros + time.nanos() / kNanosPerMicro;
  return absl::OkStatus();
}

// Sets the bounds of a range whose bounds are messages. convert(message, field, bound) sets one.
template <typename Proto, typename T, typename Fn>
absl::Status BoundsFromProto(const Proto& range, const std::string& field, const Fn& convert,
                             storage::Bounds<T>& bounds) {
  const auto read = [&](bool has, const auto& value, const char* name, std::optional<T>& bound) {
    return has ? convert(value, absl::StrCat(field, ".", name), bound) : absl::OkStatus();
  };
  TQDB_RETURN_IF_ERROR(read(range.has_gt(), range.gt(), "gt", bounds.gt));
  TQDB_RETURN_IF_ERROR(read(range.has_gte(), range.gte(), "gte", bounds.gte));
  TQDB_RETURN_IF_ERROR(read(range.has_lt(), range.lt(), "lt", bounds.lt));
  return read(range.has_lte(), range.lte(), "lte", bounds.lte);
}

absl::StatusOr<storage::Presence> PresenceFromProto(v1::Presence presence,
                                                    const std::string& field) {
  switch (presence) {
    case v1::PRESENCE_EXISTS: return storage::Presence::kExists;
    case v1::PRESENCE_IS_EMPTY: return storage::Presence::kIsEmpty;
    case v1::PRESENCE_IS_NULL: return storage::Presence::kIsNull;
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          field, " is ", static_cast<int>(presence),
          "; allowed: PRESENCE_EXISTS (1), PRESENCE_IS_EMPTY (2), PRESENCE_IS_NULL (3)"));
  }
}

absl::StatusOr<storage::FieldCondition> FieldFromProto(const v1::FieldCondition& field_condition,
                                                       const std::string& field) {
  storage::FieldCondition condition;
  condition.key = field_condition.key();
  switch (field_condition.test_case()) {
    case v1::FieldCondition::kMatch:
      TQDB_RETURN_IF_ERROR(
          MatchFromProto(field_condition.match(), absl::StrCat(field, ".match"), condition));
      return condition;
    case v1::FieldCondition::kRange:
      BoundsFromProto(field_condition.range(), condition.test.emplace<storage::NumberRange>());
      return condition;
    // Errors call the two fields below `range`, as the checks of ValidateFilter do, which know all
    // kinds of range by that name.
    case v1::FieldCondition::kNumberRange:
      TQDB_RETURN_IF_ERROR(BoundsFromProto(field_condition.number_range(),
                                           absl::StrCat(field, ".range"), NumberFromProto,
                                           condition.test.emplace<storage::NumberRange>()));
      return condition;
    case v1::FieldCondition::kDatetimeRange:
      TQDB_RETURN_IF_ERROR(BoundsFromProto(field_condition.datetime_range(),
                                           absl::StrCat(field, ".range"), TimeFromProto,
                                           condition.test.emplace<storage::DatetimeRange>()));
      return condition;
    case v1::FieldCondition::kValuesCount:
      BoundsFromProto(field_condition.values_count(),
                      condition.test.emplace<storage::ValuesCount>());
      return condition;
    case v1::FieldCondition::kPresence: {
      TQDB_ASSIGN_OR_RETURN(condition.test, PresenceFromProto(field_condition.presence(),
                                                              absl::StrCat(field, ".presence")));
      return condition;
    }
    case v1::FieldCondition::TEST_NOT_SET: break;
  }
  return Empty(field, "match, range, number_range, datetime_range, values_count or presence");
}

absl::StatusOr<storage::HasId> HasIdFromProto(const v1::HasId& has_id, const std::string& field) {
  TQDB_RETURN_IF_ERROR(CheckCount(has_id.ids_size(), field));
  storage::HasId condition;
  for (int i = 0; i < has_id.ids_size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(
        PointId id, IdFromProto(has_id.ids(i), [&] { return absl::StrCat(field, "[", i, "]"); }));
    condition.ids.push_back(id);
  }
  return condition;
}

absl::StatusOr<storage::Filter> GroupFromProto(const v1::Filter& proto, const std::string& field);

absl::StatusOr<storage::Condition> ConditionFromProto(const v1::Condition& condition,
                                                      const std::string& field) {
  switch (condition.of_case()) {
    case v1::Condition::kField: {
      TQDB_ASSIGN_OR_RETURN(auto of, FieldFromProto(condition.field(), field));
      return storage::Condition{std::move(of)};
    }
    case v1::Condition::kHasId: {
      TQDB_ASSIGN_OR_RETURN(auto of,
                            HasIdFromProto(condition.has_id(), absl::StrCat(field, ".has_id")));
      return storage::Condition{std::move(of)};
    }
    case v1::Condition::kNested: {
      TQDB_ASSIGN_OR_RETURN(auto filter, GroupFromProto(condition.nested().filter(),
                                                        absl::StrCat(field, ".nested.filter")));
      return storage::Condition{storage::Nested{condition.nested().key(), std::move(filter)}};
    }
    case v1::Condition::kFilter: {
      TQDB_ASSIGN_OR_RETURN(auto of, GroupFromProto(condition.filter(), field));
      return storage::Condition{std::move(of)};
    }
    case v1::Condition::OF_NOT_SET: break;
  }
  return Empty(field, "field, has_id, nested or filter");
}

absl::StatusOr<std::vector<storage::Condition>> ConditionsFromProto(
    const RepeatedPtrField<v1::Condition>& list, const std::string& field) {
  std::vector<storage::Condition> conditions;
  for (int i = 0; i < list.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(storage::Condition condition,
                          ConditionFromProto(list[i], absl::StrCat(field, "[", i, "]")));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

// Returns the filter of a group and of the groups within it. The recursion is bounded, because
// protobuf reads no message that is nested deeper than 100.
absl::StatusOr<storage::Filter> GroupFromProto(const v1::Filter& proto, const std::string& field) {
  storage::Filter filter;
  TQDB_ASSIGN_OR_RETURN(filter.must,
                        ConditionsFromProto(proto.must(), absl::StrCat(field, ".must")));
  TQDB_ASSIGN_OR_RETURN(filter.should,
                        ConditionsFromProto(proto.should(), absl::StrCat(field, ".should")));
  TQDB_ASSIGN_OR_RETURN(filter.must_not,
                        ConditionsFromProto(proto.must_not(), absl::StrCat(field, ".must_not")));
  if (proto.has_min_should()) {
    storage::MinShould& least = filter.min_should.emplace();
    least.min_count = proto.min_should().min_count();
    TQDB_ASSIGN_OR_RETURN(least.conditions,
                          ConditionsFromProto(proto.min_should().conditions(),
                                              absl::StrCat(field, ".min_should.conditions")));
  }
  return filter;
}

}  // namespace

absl::StatusOr<storage::Filter> FilterFromProto(const v1::Filter& filter,
                                                const std::string& field) {
  TQDB_ASSIGN_OR_RETURN(storage::Filter converted, GroupFromProto(filter, field));
  TQDB_RETURN_IF_ERROR(storage::ValidateFilter(converted, field));
  return converted;
}

}  // namespace tqdb::server
