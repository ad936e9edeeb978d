#include "tests/storage/payload/random_filter.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/datetime.h"
#include "base/json_number.h"
#include "tests/storage/payload/brute_force.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;
using testing::Gaussian;

template <typename T>
const T& Pick(Gaussian& random, const std::vector<T>& from) {
  return from[random.Below(from.size())];
}

const std::vector<std::string>& Strings() {
  static const auto& strings = *new std::vector<std::string>{"",
                                                             "red",
                                                             "green",
                                                             "blue",
                                                             "Blue",
                                                             "1",
                                                             "true",
                                                             "a red house",
                                                             "Green houses, red roofs",
                                                             "the blue-green sea",
                                                             "2023-02-08"};
  return strings;
}

const std::vector<std::string>& Times() {
  static const auto& times = *new std::vector<std::string>{"2023-02-08T10:49:00Z",
                                                           "2023-02-08T11:49:00+01:00",
                                                           "2023-02-08 10:49:00.5Z",
                                                           "2023-02-08T10:49:00.500001Z",
                                                           "1969-12-31T23:59:59.999999Z",
                                                           "1970-01-01",
                                                           "2023-02-08",
                                                           "2024-02-29T00:00:00-08:30",
                                                           "2023-02-08T10:49:00"};
  return times;
}

constexpr int64_t kMinInt64 = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxUint64 = std::numeric_limits<uint64_t>::max();

const std::vector<json>& Numbers() {
  static const auto& numbers = *new std::vector<json>{
      0, 1, 1.0, 2, 3, 3.5, -1, -0.0, 0.5, 100,
      // Neighbours that one double stands for.
      (int64_t{1} << 53) - 1, int64_t{1} << 53, (int64_t{1} << 53) + 1, 0x1p53, -(int64_t{1} << 53),
      -(int64_t{1} << 53) - 1, 1'768'907'725'507'217'521, 1'768'907'725'507'217'522,
      1'768'907'725'507'217'523,
      // The ends of int64, and doubles about them.
      kMaxInt64, kMaxInt64 - 1, uint64_t{1} << 63, (uint64_t{1} << 63) + 1, 0x1p63, 0x1p63 - 1024,
      0x1p63 + 2048, kMinInt64, kMinInt64 + 1, -0x1p63, -0x1p63 - 2048, -0x1p63 + 1024,
      // The end of uint64, and doubles about it.
      kMaxUint64, kMaxUint64 - 1, kMaxUint64 - 2047, 0x1p64, 0x1p64 - 2048, 0x1p64 + 4096, 1e300,
      -1e300};
  return numbers;
}

json RandomScalar(Gaussian& random) {
  switch (random.Below(8)) {
    case 0:
    case 1: return Pick(random, Strings());
    case 2:
    case 3: return Pick(random, Numbers());
    case 4: return random.Below(10);
    case 5: return Pick(random, Times());
    case 6: return random.Below(2) == 0;
    default: return nullptr;
  }
}

json RandomValue(Gaussian& random, const std::vector<json>& scalars) {
  const auto scalar = [&] {
    return random.Below(8) == 0 ? RandomScalar(random) : Pick(random, scalars);
  };
  switch (random.Below(10)) {
    case 0: return nullptr;
    case 1:
    case 2: {
      json array = json::array();
      for (size_t n = random.Below(4); n > 0; --n) array.push_back(scalar());
      if (random.Below(10) == 0) array.push_back(json::array({scalar()}));
      return array;
    }
    case 3: return random.Below(4) == 0 ? json::object() : scalar();
    default: return scalar();
  }
}

std::vector<json> ToJson(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

json RandomObject(Gaussian& random, int depth) {
  json object = json::object();
  const auto maybe = [&](const char* key, auto value) {
    if (random.Below(4) != 0) object[key] = value();
  };
  maybe("s", [&] { return RandomValue(random, ToJson(Strings())); });
  maybe("n", [&] { return RandomValue(random, Numbers()); });
  maybe("b", [&] { return RandomValue(random, {true, false}); });
  maybe("t", [&] { return RandomValue(random, ToJson(Times())); });
  if (depth == 0) return object;
  maybe("o", [&]() -> json {
    return random.Below(6) == 0 ? RandomScalar(random) : RandomObject(random, depth - 1);
  });
  maybe("l", [&] {
    json list = json::array();
    for (size_t n = random.Below(4); n > 0; --n) {
      list.push_back(random.Below(6) == 0 ? RandomScalar(random) : RandomObject(random, depth - 1));
    }
    return list;
  });
  return object;
}

// Returns a small integer, or one that payloads have.
Integer RandomInteger(Gaussian& random) {
  const std::optional<Integer> found = AsInteger(Pick(random, Numbers()));
  return found && random.Below(2) == 0 ? *found : Integer(static_cast<int>(random.Below(12)) - 1);
}

ValueList RandomList(Gaussian& random) {
  const size_t n = random.Below(5);
  if (random.Below(2) == 0) {
    std::vector<std::string> strings;
    while (strings.size() < n) strings.push_back(Pick(random, Strings()));
    return strings;
  }
  std::vector<Integer> integers(n == 0 ? 1 : n);  // an empty list reads back as one of strings
  for (Integer& integer : integers) integer = RandomInteger(random);
  // Messages hold the integers from 2^63 on behind the others. The order means nothing, but filters
  // are compared with it.
  std::stable_partition(integers.begin(), integers.end(),
                        [](const Integer& integer) { return integer.fits_int64(); });
  return integers;
}

template <typename T, typename Fn>
void FillBounds(Gaussian& random, Bounds<T>& bounds, const Fn& value) {
  T low = value(), high = value();
  if (high < low) std::swap(low, high);
  const bool closed = low == high;
  const size_t sides = random.Below(3);
  if (sides != 1) (closed || random.Below(2) == 0 ? bounds.gte : bounds.gt) = low;
  if (sides != 2) (closed || random.Below(2) == 0 ? bounds.lte : bounds.lt) = high;
}

FieldCondition RandomFieldCondition(Gaussian& random) {
  FieldCondition condition;
  condition.key = Pick(random, RandomKeys());
  switch (random.Below(11)) {
    case 0: condition.test = MatchValue{Pick(random, Strings())}; break;
    case 1: condition.test = MatchValue{RandomInteger(random)}; break;
    case 2: condition.test = MatchValue{random.Below(2) == 0}; break;
    case 3: condition.test = MatchAny{RandomList(random)}; break;
    case 4: condition.test = MatchExcept{RandomList(random)}; break;
    case 5:
      condition.test = MatchText{
          Pick(random, std::vector<std::string>{"red", "GREEN red", "house", "sea blue", "1"})};
      break;
    case 6:
    case 7:
      FillBounds(random, condition.test.emplace<NumberRange>(),
                 [&] { return *AsNumber(Pick(random, Numbers())); });
      break;
    case 8:
      FillBounds(random, condition.test.emplace<DatetimeRange>(),
                 [&] { return *ParseDatetime(Pick(random, Times())); });
      break;
    case 9:
      FillBounds(random, condition.test.emplace<ValuesCount>(),
                 [&] { return uint64_t{random.Below(5)}; });
      break;
    default:
      condition.test = Pick(
          random, std::vector<Presence>{Presence::kExists, Presence::kIsEmpty, Presence::kIsNull});
  }
  return condition;
}

Filter RandomFilterOfDepth(Gaussian& random, size_t num_ids, int depth);

Condition RandomCondition(Gaussian& random, size_t num_ids, int depth) {
  const size_t kind = random.Below(12);
  if (kind == 0) {
    HasId condition;
    for (size_t n = random.Below(6); n > 0; --n) {
      condition.ids.push_back(random.Below(8) == 0 ? PointId::Uuid(1, 2)
                                                   : PointId::Number(random.Below(num_ids)));
    }
    return {condition};
  }
  if (kind == 1 && depth > 0) {
    return {Nested{Pick(random, std::vector<std::string>{"l", "o", "l.l", "l[].o", "s"}),
                   RandomFilterOfDepth(random, num_ids, depth - 1)}};
  }
  if (kind == 2 && depth > 0) return {RandomFilterOfDepth(random, num_ids, depth - 1)};
  return {RandomFieldCondition(random)};
}

Filter RandomFilterOfDepth(Gaussian& random, size_t num_ids, int depth) {
  Filter filter;
  const auto fill = [&](std::vector<Condition>& list, size_t n) {
    for (; n > 0; --n) list.push_back(RandomCondition(random, num_ids, depth));
  };
  // There are few conditions, because each is seldom true, and a filter that never holds tests
  // little.
  const size_t parts = random.Below(16);
  if (parts < 7) fill(filter.must, 1 + random.Below(2));
  if (parts >= 4 && parts < 12) fill(filter.should, 1 + random.Below(5));
  if (parts >= 9 && parts < 14) fill(filter.must_not, 1 + random.Below(3));
  if (parts == 13 || parts == 14) {
    MinShould& least = filter.min_should.emplace();
    fill(least.conditions, 1 + random.Below(4));
    least.min_count = 1 + random.Below(least.conditions.size());
  }
  return filter;
}

}  // namespace

const std::vector<std::string>& RandomKeys() {
  static const auto& keys = *new std::vector<std::string>{
      "s",   "n",     "b",   "t",     "s",     "n",     "t", "o.s", "o.n",     "l.s",
      "l.n", "l[].t", "l.b", "l.l.s", "o.l.n", "l.o.t", "o", "l",   "missing", kDottedKey};
  return keys;
}

json RandomPayload(Gaussian& random) {
  json payload = RandomObject(random, 2);
  if (random.Below(3) == 0) payload["x.y"] = RandomScalar(random);
  return payload;
}

Filter RandomFilter(Gaussian& random, size_t num_ids) {
  return RandomFilterOfDepth(random, num_ids, 2);
}

}  // namespace tqdb::storage
