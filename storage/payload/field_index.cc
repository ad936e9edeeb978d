#include "storage/payload/field_index.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "storage/payload/payload_walk.h"

namespace tqdb::storage {

namespace {

using nlohmann::json;

// Returns whether a test is a MatchExcept.
bool IsExcept(const FieldTest& test) {
  const auto* keywords = std::get_if<KeywordTest>(&test);
  const auto* integers = std::get_if<IntegerTest>(&test);
  return (keywords != nullptr && keywords->except) || (integers != nullptr && integers->except);
}

// Returns the type of values that can pass a test, for tests other than presence and count.
ValueClass ClassOf(const FieldTest& test) {
  if (std::holds_alternative<BoolTest>(test)) return ValueClass::kBool;
  const bool number =
      std::holds_alternative<IntegerTest>(test) || std::holds_alternative<NumberTest>(test);
  return number ? ValueClass::kNumber : ValueClass::kString;
}

}  // namespace

FieldIndex::FieldIndex(KeyPath path, FieldKind kind)
    : path_(std::move(path)), kind_(kind), values_(ValueIndex::Create(kind)) {}

bool FieldIndex::Add(uint64_t row, const json& payload) {
  if (rows_.Contains(row)) return false;
  rows_.Add(row);
  bool found = false, filled = false, null = false, stray = false;
  size_t values = 0;
  AnyFound(payload, path_.segments(), [&](const json& value) {
    found = true;
    filled |= !value.is_null() && !(value.is_array() && value.empty());
    return false;
  });
  if (!found) return true;
  // Both walks return false to go on: every value must be seen, not only the first one.
  AnyValue(payload, path_.segments(), [&](const json& value) {
    if (value.is_null()) {
      null = true;
    } else {
      ++values;
      stray |= !values_->Add(row, value);
    }
    return false;
  });
  found_.Add(row);
  if (filled) filled_.Add(row);
  if (null) nulls_.Add(row);
  if (values > 0) valued_.Add(row);
  if (values > 1) several_.Add(row);
  if (stray) strays_.Add(row);
  return true;
}

void FieldIndex::Remove(uint64_t row, const json& payload) {
  if (!rows_.Contains(row)) return;
  AnyValue(payload, path_.segments(), [&](const json& value) {
    if (!value.is_null()) values_->Remove(row, value);
    return false;
  });
  for (RowSet* rows : RowSets()) rows->Remove(row);
}

void FieldIndex::Retain(const RowSet& rows) {
  values_->Retain(rows);
  for (RowSet* own : RowSets()) *own &= rows;
}

RowMatches FieldIndex::MatchSeen(const FieldTest& test) const {
  RowMatches matches;
  if (const auto* presence = std::get_if<Presence>(&test)) {
    switch (*presence) {
      case Presence::kExists: matches.certain = found_; break;
      case Presence::kIsEmpty: matches.certain = rows_ - filled_; break;
      case Presence::kIsNull: matches.certain = nulls_; break;
    }
    return matches;
  }
  // Sizes of arrays are not kept, so counts are left to the payloads. Rows without values have the
  // count 0 and can be ruled out if the test wants more.
  if (const auto* count = std::get_if<CountTest>(&test)) {
    matches.undecided = count->low > 0 ? filled_ : rows_;
    return matches;
  }
  // The kind does not serve the test. If both are about the same type (words of a keyword index),
  // any row with a value may pass. If not, only a stray can have a value of the right type.
  if (!values_->Match(test, strays_, matches)) {
    matches.undecided = ClassOf(test) == ClassOf(kind_) ? valued_ : strays_;
  }
  if (!IsExcept(test)) return matches;
  // `matches` has the rows with a value of the list. The test asks for rows with a value outside of
  // it. A row with several values may have both kinds, so it is undecided.
  RowMatches others;
  others.undecided = (matches.certain & several_) | matches.undecided;
  others.certain = valued_ - matches.certain - matches.undecided;
  return others;
}

RowMatches FieldIndex::Match(const FieldTest& test, const RowSet& all) const {
  RowMatches matches = MatchSeen(test);
  if (!all.IsSubsetOf(rows_)) matches.undecided |= all - rows_;
  return matches;
}

size_t FieldIndex::memory_bytes() const {
  size_t bytes = sizeof(*this) + values_->memory_bytes();
  for (const RowSet* rows : {&rows_, &found_, &filled_, &nulls_, &valued_, &several_, &strays_}) {
    bytes += rows->memory_bytes();
  }
  return bytes;
}

}  // namespace tqdb::storage
