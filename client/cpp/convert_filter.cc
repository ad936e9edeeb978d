#include "client/cpp/convert_filter.h"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "client/cpp/convert.h"

namespace tqdb::client {
namespace {

using google::protobuf::RepeatedPtrField;
using google::protobuf::Timestamp;

constexpr int64_t kMicros = 1'000'000;
constexpr int32_t kNanosPerMicro = 1'000;

// Copies the bounds that are set.
template <typename T, typename Proto>
void BoundsToProto(const storage::Bounds<T>& bounds, Proto* proto) {
  if (bounds.gt) proto->set_gt(*bounds.gt);
  if (bounds.gte) proto->set_gte(*bounds.gte);
  if (bounds.lt) proto->set_lt(*bounds.lt);
  if (bounds.lte) proto->set_lte(*bounds.lte);
}

// Splits microseconds since 1970 into seconds and nanoseconds. The nanoseconds of a Timestamp must
// not be negative, so times before 1970 round their seconds down. Example: -1 us is -1 s and
// 999,999,000 ns.
void TimeToProto(int64_t micros, Timestamp* proto) {
  const int64_t fraction = (micros % kMicros + kMicros) % kMicros;
  proto->set_seconds((micros - fraction) / kMicros);
  proto->set_nanos(static_cast<int32_t>(fraction) * kNanosPerMicro);
}

void NumberToProto(const Number& number, v1::Number* proto) {
  if (!number.is_integer()) {
    proto->set_real(number.real());
  } else if (number.integer().fits_int64()) {
    proto->set_integer(number.integer().int64());
  } else {
    proto->set_unsigned_integer(number.integer().uint64());
  }
}

void IntegersToProto(const std::vector<Integer>& integers, v1::Integers* proto) {
  for (const Integer& integer : integers) {
    if (integer.fits_int64()) {
      proto->add_values(integer.int64());
    } else {
      proto->add_unsigned_values(integer.uint64());
    }
  }
}

v1::Presence PresenceToProto(Presence presence) {
  switch (presence) {
    case Presence::kExists: return v1::PRESENCE_EXISTS;
    case Presence::kIsEmpty: return v1::PRESENCE_IS_EMPTY;
    case Presence::kIsNull: return v1::PRESENCE_IS_NULL;
  }
  return v1::PRESENCE_UNSPECIFIED;
}

// Converts each kind of test of a payload key.
struct TestToProto {
  v1::FieldCondition* proto;

  void operator()(const MatchValue& match) const {
    v1::Match* own = proto->mutable_match();
    if (const auto* keyword = std::get_if<std::string>(&match.value)) own->set_keyword(*keyword);
    if (const auto* integer = std::get_if<Integer>(&match.value)) {
      if (integer->fits_int64()) {
        own->set_integer(integer->int64());
      } else {
        own->set_unsigned_integer(integer->uint64());
      }
    }
    if (const auto* boolean = std::get_if<bool>(&match.value)) own->set_boolean(*boolean);
  }
  void operator()(const MatchAny& match) const {
    v1::Match* own = proto->mutable_match();
    if (const auto* strings = std::get_if<std::vector<std::string>>(&match.any)) {
      own->mutable_any_keywords()->mutable_values()->Assign(strings->begin(), strings->end());
    } else {
      IntegersToProto(std::get<std::vector<Integer>>(match.any), own->mutable_any_integers());
    }
  }
  void operator()(const MatchExcept& match) const {
    v1::Match* own = proto->mutable_match();
    if (const auto* strings = std::get_if<std::vector<std::string>>(&match.except)) {
      own->mutable_except_keywords()->mutable_values()->Assign(strings->begin(), strings->end());
    } else {
      IntegersToProto(std::get<std::vector<Integer>>(match.except), own->mutable_except_integers());
    }
  }
  void operator()(const MatchText& match) const { proto->mutable_match()->set_text(match.text); }
  // Sends a range of doubles if doubles can say it, which servers of every version understand.
  void operator()(const NumberRange& range) const {
    Bounds<double> doubles;
    bool exact = true;
    for (const auto& [from, to] :
         {std::pair{&range.gt, &doubles.gt}, std::pair{&range.gte, &doubles.gte},
          std::pair{&range.lt, &doubles.lt}, std::pair{&range.lte, &doubles.lte}}) {
      if (!*from) continue;
      *to = (*from)->AsDouble();
      exact &= to->has_value();
    }
    if (exact) return BoundsToProto(doubles, proto->mutable_range());
    v1::NumberRange* own = proto->mutable_number_range();
    if (range.gt) NumberToProto(*range.gt, own->mutable_gt());
    if (range.gte) NumberToProto(*range.gte, own->mutable_gte());
    if (range.lt) NumberToProto(*range.lt, own->mutable_lt());
    if (range.lte) NumberToProto(*range.lte, own->mutable_lte());
  }
  void operator()(const DatetimeRange& range) const {
    v1::DatetimeRange* own = proto->mutable_datetime_range();
    if (range.gt) TimeToProto(*range.gt, own->mutable_gt());
    if (range.gte) TimeToProto(*range.gte, own->mutable_gte());
    if (range.lt) TimeToProto(*range.lt, own->mutable_lt());
    if (range.lte) TimeToProto(*range.lte, own->mutable_lte());
  }
  void operator()(const ValuesCount& count) const {
    BoundsToProto(count, proto->mutable_values_count());
  }
  void operator()(Presence presence) const { proto->set_presence(PresenceToProto(presence)); }
};

// Converts each kind of condition.
struct ConditionToProto {
  v1::Condition* proto;

  void operator()(const FieldCondition& condition) const {
    proto->mutable_field()->set_key(condition.key);
    std::visit(TestToProto{proto->mutable_field()}, condition.test);
  }
  void operator()(const HasId& condition) const {
    v1::HasId* has_id = proto->mutable_has_id();
    for (const PointId& id : condition.ids) ToProto(id, has_id->add_ids());
  }
  void operator()(const Nested& nested) const {
    proto->mutable_nested()->set_key(nested.key);
    ToProto(nested.filter, proto->mutable_nested()->mutable_filter());
  }
  void operator()(const Filter& filter) const { ToProto(filter, proto->mutable_filter()); }
};

void ConditionsToProto(const std::vector<Condition>& conditions,
                       RepeatedPtrField<v1::Condition>* list) {
  for (const Condition& condition : conditions) {
    std::visit(ConditionToProto{list->Add()}, condition.of);
  }
}

}  // namespace

HasId HasIds(absl::Span<const PointId> ids) { return {{ids.begin(), ids.end()}}; }

void ToProto(const Filter& filter, v1::Filter* proto) {
  ConditionsToProto(filter.must, proto->mutable_must());
  ConditionsToProto(filter.should, proto->mutable_should());
  ConditionsToProto(filter.must_not, proto->mutable_must_not());
  if (!filter.min_should) return;
  proto->mutable_min_should()->set_min_count(filter.min_should->min_count);
  ConditionsToProto(filter.min_should->conditions,
                    proto->mutable_min_should()->mutable_conditions());
}

}  // namespace tqdb::client
