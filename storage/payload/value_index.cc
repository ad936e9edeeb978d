#include "storage/payload/value_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
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

class IntegerIndex;
class DatetimeIndex;

// Values that have an order. Derived::Read(json) returns the Value of a JSON value, or nullopt if
// it is not of the kind. Integers and floats serve lists and ranges of numbers, times serve ranges
// of times.
template <typename Derived, typename Value>
class OrderedIndex : public ValueIndex {
 public:
  bool Add(uint64_t row, const json& value) override {
    const std::optional<Value> read = Derived::Read(value);
    if (!read) return false;
    postings_.Add(*read, row);
    return true;
  }
  void Remove(uint64_t row, const json& value) override {
    if (const std::optional<Value> read = Derived::Read(value)) postings_.Remove(*read, row);
  }
  void Retain(const RowSet& rows) override { postings_.Retain(rows); }
  bool Match(const FieldTest& test, const RowSet& strays, RowMatches& matches) const override {
    bool with_strays = false;
    std::vector<const RowSet*> sets;
    std::vector<uint64_t> rows;
    if (!Take(
            test, [&sets](const RowSet& whole) { sets.push_back(&whole); },
            [&](const Postings& postings) { postings.Collect(sets, rows); }, with_strays)) {
      return false;
    }
    matches.certain = Union(std::move(sets), std::move(rows));
    if (with_strays) matches.undecided = strays - matches.certain;
    return true;
  }
  bool ForEachValue(VisitValue visit) const override {
    if constexpr (std::is_same_v<Derived, IntegerIndex>) {
      postings_.Walk(false, nullptr, [&visit](int64_t value, const Postings& rows) {
        visit(value, rows);
        return true;
      });
      return true;
    }
    return false;
  }
  bool Walk(bool descending, const OrderedValue* from, VisitOrdered visit) const override {
    const Value* own = from == nullptr ? nullptr : std::get_if<Value>(from);
    if (from != nullptr && own == nullptr) return false;
    postings_.Walk(descending, own, visit);
    return true;
  }
  size_t memory_bytes() const override { return postings_.memory_bytes(); }

 protected:
  SortedPostings<Value> postings_;

 private:
  // Hands out the rows of the values that pass, as SortedPostings::ForRange does. Sets
  // `with_strays` if values that are not held may pass too. Example: 7.5 is not an integer, but it
  // is within 7 to 8. Returns false if the test is not served.
  template <typename Whole, typename Single>
  bool Take(const FieldTest& test, const Whole& whole, const Single& single,
            bool& with_strays) const {
    if constexpr (std::is_same_v<Derived, DatetimeIndex>) {
      const auto* time = std::get_if<TimeTest>(&test);
      if (time == nullptr) return false;
      postings_.ForRange([time](int64_t value) { return value < time->low; },
                         [time](int64_t value) { return value > time->high; }, whole, single);
      return true;
    } else if (const auto* range = std::get_if<NumberTest>(&test)) {
      with_strays = true;
      postings_.ForRange(
          [range](Value value) {
            const int order = Compare(value, range->low);
            return range->low_open ? order <= 0 : order < 0;
          },
          [range](Value value) {
            const int order = Compare(value, range->high);
            return range->high_open ? order >= 0 : order > 0;
          },
          whole, single);
      return true;
    } else {
      const auto* list = std::get_if<IntegerTest>(&test);
      if (list == nullptr) return false;
      for (const int64_t integer : list->values) {
        const std::optional<Value> value = Derived::Read(json(integer));
        // An integer above 2^53 that no double equals cannot be in an index of floats. A payload
        // that has this integer is a stray.
        if (!value) with_strays = true;
        const Postings* postings = value ? postings_.Find(*value) : nullptr;
        if (postings != nullptr) single(*postings);
      }
      return true;
    }
  }
};

// Numbers that are integers of 64 bits, however they are written: 7 and 7.0.
class IntegerIndex : public OrderedIndex<IntegerIndex, int64_t> {
 public:
  static std::optional<int64_t> Read(const json& value) { return AsInteger(value); }
};

// Numbers that a double equals exactly. Rounding others would make comparisons wrong.
class FloatIndex : public OrderedIndex<FloatIndex, double> {
 public:
  static std::optional<double> Read(const json& value) { return AsDouble(value); }
};

// Strings that are times (base/datetime.h), as microseconds since 1970.
class DatetimeIndex : public OrderedIndex<DatetimeIndex, int64_t> {
 public:
  static std::optional<int64_t> Read(const json& value) {
    if (!value.is_string()) return std::nullopt;
    return ParseDatetime(value.get_ref<const std::string&>());
  }
};

}  // namespace

std::optional<FieldValue> ToFieldValue(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (const std::optional<int64_t> integer = AsInteger(value)) return *integer;
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
