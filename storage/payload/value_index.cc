#include "storage/payload/value_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/datetime.h"
#include "base/ending_allocator.h"
#include "base/json_number.h"
#include "base/words.h"
#include "storage/payload/postings.h"
#include "storage/payload/sorted_postings.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;

// Returns the union of sets and single rows, as Postings::Collect gathers them. One union of all is
// far cheaper than one for each value.
RowSet Union(std::vector<const RowSet*> sets, std::vector<uint64_t> rows) {
  const RowSet others = RowSet::Of(std::move(rows));
  if (sets.empty()) return others;
  sets.push_back(&others);
  return RowSet::UnionOf(sets);
}

// A map from strings to rows. A string without rows is dropped, so that the words of deleted texts
// do not stay forever.
class StringPostings {
 public:
  void Add(const std::string& string, uint64_t row) { map_[string].Add(row); }
  void Remove(const std::string& string, uint64_t row) {
    const auto it = map_.find(string);
    if (it == map_.end()) return;
    it->second.Remove(row);
    if (it->second.empty()) map_.erase(it);
  }
  void Retain(const RowSet& rows) {
    absl::erase_if(map_, [&rows](auto& entry) {
      entry.second.Retain(rows);
      return entry.second.empty();
    });
  }
  const Postings* Find(const std::string& string) const {
    const auto it = map_.find(string);
    return it == map_.end() ? nullptr : &it->second;
  }
  template <typename Fn>
  void ForEach(const Fn& fn) const {
    for (const auto& [string, postings] : map_) fn(string, postings);
  }
  size_t memory_bytes() const {
    size_t bytes = map_.capacity() * (sizeof(*map_.begin()) + 1);
    for (const auto& [string, postings] : map_) {
      if (string.capacity() > std::string().capacity()) bytes += string.capacity() + 1;
      bytes += postings.memory_bytes();
    }
    return bytes;
  }

 private:
  EndingHashMap<std::string, Postings> map_;
};

// Whole strings, by hash: keywords are looked up and never compared by order.
class KeywordIndex : public ValueIndex {
 public:
  bool Add(uint64_t row, const json& value) override {
    if (!value.is_string()) return false;
    postings_.Add(value.get_ref<const std::string&>(), row);
    return true;
  }
  void Remove(uint64_t row, const json& value) override {
    if (value.is_string()) postings_.Remove(value.get_ref<const std::string&>(), row);
  }
  void Retain(const RowSet& rows) override { postings_.Retain(rows); }
  bool Match(const FieldTest& test, const RowSet&, RowMatches& matches) const override {
    std::vector<const RowSet*> sets;
    std::vector<uint64_t> rows;
    if (!ForListed(test, [&](const Postings& postings) { postings.Collect(sets, rows); })) {
      return false;
    }
    matches.certain = Union(std::move(sets), std::move(rows));
    return true;
  }
  bool ForEachValue(VisitValue visit) const override {
    postings_.ForEach(
        [&visit](const std::string& value, const Postings& rows) { visit(value, rows); });
    return true;
  }
  size_t memory_bytes() const override { return postings_.memory_bytes(); }

 private:
  // Calls fn(postings) for the values of a list of strings. Returns false for other tests.
  template <typename Fn>
  bool ForListed(const FieldTest& test, const Fn& fn) const {
    const auto* keywords = std::get_if<KeywordTest>(&test);
    if (keywords == nullptr) return false;
    for (const std::string& keyword : keywords->values) {
      if (const Postings* postings = postings_.Find(keyword)) fn(*postings);
    }
    return true;
  }

  StringPostings postings_;
};

// Words of texts. A row matches if each word of the query is in one of its texts.
class TextIndex : public ValueIndex {
 public:
  bool Add(uint64_t row, const json& value) override {
    if (!value.is_string()) return false;
    for (WordReader words(value.get_ref<const std::string&>(), WordSide::kText); words.Next();) {
      postings_.Add(words.word(), row);
    }
    return true;
  }
  void Remove(uint64_t row, const json& value) override {
    if (!value.is_string()) return;
    for (WordReader words(value.get_ref<const std::string&>(), WordSide::kText); words.Next();) {
      postings_.Remove(words.word(), row);
    }
  }
  void Retain(const RowSet& rows) override { postings_.Retain(rows); }
  bool Match(const FieldTest& test, const RowSet&, RowMatches& matches) const override {
    if (!std::holds_alternative<WordsTest>(test)) return false;
    const std::vector<const Postings*> lists = FindWords(test);
    if (lists.empty()) return true;
    matches.certain = lists[0]->ToRowSet();
    for (size_t i = 1; i < lists.size() && !matches.certain.empty(); ++i) {
      matches.certain &= lists[i]->ToRowSet();
    }
    return true;
  }
  size_t memory_bytes() const override { return postings_.memory_bytes(); }

 private:
  // Returns the postings of the words of a test, the rarest first, so that intersections start
  // small. Returns an empty list if a word has no rows: nothing matches then.
  std::vector<const Postings*> FindWords(const FieldTest& test) const {
    std::vector<const Postings*> lists;
    for (const auto& [word, number] : std::get<WordsTest>(test).words) {
      const Postings* postings = postings_.Find(word);
      if (postings == nullptr) return {};
      lists.push_back(postings);
    }
    std::sort(lists.begin(), lists.end(),
              [](const Postings* a, const Postings* b) { return a->size() < b->size(); });
    return lists;
  }

  StringPostings postings_;
};

// Two sets of rows.
class BoolIndex : public ValueIndex {
 public:
  bool Add(uint64_t row, const json& value) override {
    if (!value.is_boolean()) return false;
    rows_[value.get<bool>()].Add(row);
    return true;
  }
  void Remove(uint64_t row, const json& value) override {
    if (value.is_boolean()) rows_[value.get<bool>()].Remove(row);
  }
  void Retain(const RowSet& rows) override {
    for (Postings& own : rows_) own.Retain(rows);
  }
  bool Match(const FieldTest& test, const RowSet&, RowMatches& matches) const override {
    const auto* match = std::get_if<BoolTest>(&test);
    if (match == nullptr) return false;
    matches.certain = rows_[match->value].ToRowSet();
    return true;
  }
  bool ForEachValue(VisitValue visit) const override {
    for (const bool value : {false, true}) visit(value, rows_[value]);
    return true;
  }
  size_t memory_bytes() const override { return rows_[0].memory_bytes() + rows_[1].memory_bytes(); }

 private:
  Postings rows_[2];  // rows with false, rows with true
};

// Returns a predicate for SortedPostings::Walk: whether a value comes before `from`.
template <typename From>
auto Before(bool descending, const From* from) {
  return [descending, from](const auto& value) {
    return from != nullptr && (descending ? Number(value) > *from : Number(value) < *from);
  };
}

// Numbers. Derived::Own(number) returns the Value that equals a number, or nullopt if there is
// none. Derived::kAll says whether every number is one that this index can hold.
//
// Integers of 64 bits that no Value equals are held apart. So a range takes from both parts, and a
// walk merges them.
template <typename Derived, typename Value>
class NumberIndex : public ValueIndex {
 public:
  bool Add(uint64_t row, const json& value) override {
    const std::optional<Number> number = AsNumber(value);
    if (!number) return false;
    if (const std::optional<Value> own = Derived::Own(*number)) {
      own_.Add(*own, row);
    } else if (const std::optional<Integer> other = number->AsInteger()) {
      others_.Add(*other, row);
    } else {
      return false;
    }
    return true;
  }
  void Remove(uint64_t row, const json& value) override {
    const std::optional<Number> number = AsNumber(value);
    if (!number) return;
    if (const std::optional<Value> own = Derived::Own(*number)) {
      own_.Remove(*own, row);
    } else if (const std::optional<Integer> other = number->AsInteger()) {
      others_.Remove(*other, row);
    }
  }
  void Retain(const RowSet& rows) override {
    own_.Retain(rows);
    others_.Retain(rows);
  }
  bool Match(const FieldTest& test, const RowSet& strays, RowMatches& matches) const override {
    std::vector<const RowSet*> sets;
    std::vector<uint64_t> rows;
    const auto single = [&](const Postings& postings) { postings.Collect(sets, rows); };
    bool with_strays = false;
    if (const auto* range = std::get_if<NumberTest>(&test)) {
      // A number that is not held may be within the range: 7.5 is no integer, but between 7 and 8.
      with_strays = !Derived::kAll;
      const auto below = [range](const auto& value) { return range->Below(value); };
      const auto above = [range](const auto& value) { return range->Above(value); };
      const auto whole = [&sets](const RowSet& set) { sets.push_back(&set); };
      own_.ForRange(below, above, whole, single);
      others_.ForRange(below, above, whole, single);
    } else if (const auto* list = std::get_if<IntegerTest>(&test)) {
      // Every integer of 64 bits is held, so no stray can equal one.
      for (const Integer& integer : list->values) {
        const std::optional<Value> own = Derived::Own(integer);
        const Postings* postings = own ? own_.Find(*own) : others_.Find(integer);
        if (postings != nullptr) single(*postings);
      }
    } else {
      return false;
    }
    matches.certain = Union(std::move(sets), std::move(rows));
    if (with_strays) matches.undecided = strays - matches.certain;
    return true;
  }
  bool Walk(bool descending, const OrderedValue* from, VisitOrdered visit) const override {
    if (from != nullptr && !Derived::Holds(*from)) return false;
    // The next one of the others, and its rows.
    std::optional<Integer> next;
    const Postings* next_rows = nullptr;
    const auto take = [&](const Integer& value, const Postings& rows) {
      next = value;
      next_rows = &rows;
      return false;
    };
    others_.Walk(descending, Before(descending, from), take);
    const auto visit_next = [&] {
      if (!visit(*next, *next_rows)) return false;
      const Integer last = *std::exchange(next, std::nullopt);
      others_.Walk(
          descending,
          [&](const Integer& value) { return descending ? value >= last : value <= last; }, take);
      return true;
    };
    bool go_on = true;
    own_.Walk(descending, Before(descending, from), [&](const Value& value, const Postings& rows) {
      const Number number = value;
      while (go_on && next && (descending ? *next > number : *next < number)) go_on = visit_next();
      return go_on = go_on && visit(number, rows);
    });
    while (go_on && next) go_on = visit_next();
    return true;
  }
  size_t memory_bytes() const override { return own_.memory_bytes() + others_.memory_bytes(); }

 protected:
  SortedPostings<Value> own_;
  SortedPostings<Integer> others_;  // integers that no Value equals
};

// Numbers that are integers of 64 bits, however they are written: 7 and 7.0. Those from 2^63 on are
// the others.
class IntegerIndex : public NumberIndex<IntegerIndex, int64_t> {
 public:
  static constexpr bool kAll = false;
  static std::optional<int64_t> Own(const Number& number) {
    const std::optional<Integer> integer = number.AsInteger();
    return integer && integer->fits_int64() ? std::optional<int64_t>(integer->int64())
                                            : std::nullopt;
  }
  static bool Holds(const Number& number) { return number.is_integer(); }
  bool ForEachValue(VisitValue visit) const override {
    const auto none = [](const auto&) { return false; };
    const auto each = [&visit](const Integer& value, const Postings& rows) {
      visit(value, rows);
      return true;
    };
    own_.Walk(/*descending=*/false, none, each);
    others_.Walk(/*descending=*/false, none, each);
    return true;
  }
};

// All numbers. Integers that no double equals are the others: rounding them would make comparisons
// wrong.
class FloatIndex : public NumberIndex<FloatIndex, double> {
 public:
  static constexpr bool kAll = true;
  static std::optional<double> Own(const Number& number) { return number.AsDouble(); }
  static bool Holds(const Number& number) { return !number.is_integer() || !number.AsDouble(); }
};

// Strings that are times (base/datetime.h), as microseconds since 1970.
class DatetimeIndex : public ValueIndex {
 public:
  bool Add(uint64_t row, const json& value) override {
    const std::optional<int64_t> time = Read(value);
    if (time) postings_.Add(*time, row);
    return time.has_value();
  }
  void Remove(uint64_t row, const json& value) override {
    if (const std::optional<int64_t> time = Read(value)) postings_.Remove(*time, row);
  }
  void Retain(const RowSet& rows) override { postings_.Retain(rows); }
  bool Match(const FieldTest& test, const RowSet&, RowMatches& matches) const override {
    const auto* range = std::get_if<TimeTest>(&test);
    if (range == nullptr) return false;
    std::vector<const RowSet*> sets;
    std::vector<uint64_t> rows;
    postings_.ForRange([range](int64_t time) { return time < range->low; },
                       [range](int64_t time) { return time > range->high; },
                       [&sets](const RowSet& set) { sets.push_back(&set); },
                       [&](const Postings& postings) { postings.Collect(sets, rows); });
    matches.certain = Union(std::move(sets), std::move(rows));
    return true;
  }
  bool Walk(bool descending, const OrderedValue* from, VisitOrdered visit) const override {
    if (from != nullptr && !from->is_integer()) return false;
    postings_.Walk(descending, Before(descending, from), visit);
    return true;
  }
  size_t memory_bytes() const override { return postings_.memory_bytes(); }

 private:
  static std::optional<int64_t> Read(const json& value) {
    if (!value.is_string()) return std::nullopt;
    return ParseDatetime(value.get_ref<const std::string&>());
  }

  SortedPostings<int64_t> postings_;
};

}  // namespace

std::optional<FieldValue> ToFieldValue(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (const std::optional<Integer> integer = AsInteger(value)) return *integer;
  return std::nullopt;
}

ValueClass ClassOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInteger:
    case FieldKind::kFloat: return ValueClass::kNumber;
    case FieldKind::kBool: return ValueClass::kBool;
    default: return ValueClass::kString;
  }
}

std::unique_ptr<ValueIndex> ValueIndex::Create(FieldKind kind) {
  switch (kind) {
    case FieldKind::kKeyword: return std::make_unique<KeywordIndex>();
    case FieldKind::kInteger: return std::make_unique<IntegerIndex>();
    case FieldKind::kFloat: return std::make_unique<FloatIndex>();
    case FieldKind::kBool: return std::make_unique<BoolIndex>();
    case FieldKind::kDatetime: return std::make_unique<DatetimeIndex>();
    case FieldKind::kText: return std::make_unique<TextIndex>();
  }
  return nullptr;
}

}  // namespace tqdb::storage
