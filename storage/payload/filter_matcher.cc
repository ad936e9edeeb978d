#include "storage/payload/filter_matcher.h"

#include <utility>

namespace tqdb::storage {

namespace {

// Limit of the work of one min_should: conditions times count. Each step is a union of sets. Above
// the limit the union of all conditions is taken as an upper bound, and payloads decide.
constexpr uint64_t kMaxThresholdSteps = 4'096;

// Returns the matches between a lower and an upper bound. Requires: `certain` is in `possible`.
RowMatches FromBounds(RowSet certain, RowSet possible) {
  possible -= certain;
  return {std::move(certain), std::move(possible)};
}

// Sets a to "a and b". Exact answers, the usual case, need one operation in place of four.
void And(RowMatches& a, const RowMatches& b) {
  if (a.exact() && b.exact()) {
    a.certain &= b.certain;
    return;
  }
  RowSet possible = a.possible();
  possible &= b.possible();
  a.certain &= b.certain;
  a = FromBounds(std::move(a.certain), std::move(possible));
}

// Sets a to "a or b".
void Or(RowMatches& a, const RowMatches& b) {
  a.certain |= b.certain;
  if (a.exact() && b.exact()) return;
  a.undecided |= b.undecided;
  a.undecided -= a.certain;
}

// Counts one more set. Element i of `at_least` has the rows that are in at least i + 1 of the sets
// so far. Elements are updated from the last one down, because each needs the old state of the one
// before it.
void Count(std::vector<RowSet>& at_least, const RowSet& rows) {
  for (size_t i = at_least.size() - 1; i > 0; --i) at_least[i] |= at_least[i - 1] & rows;
  at_least[0] |= rows;
}

}  // namespace

RowMatches FilterMatcher::Match(const PreparedGroup& group) const {
  RowMatches matches{index_.rows(), {}};
  for (const PreparedCondition& condition : group.must) {
    And(matches, Match(condition));
    if (matches.certain.empty() && matches.undecided.empty()) return matches;
  }
  if (!group.should.empty()) {
    RowMatches any;
    for (const PreparedCondition& condition : group.should) Or(any, Match(condition));
    And(matches, any);
  }
  if (group.min_count > 0) And(matches, AtLeast(group.min_should, group.min_count));
  for (const PreparedCondition& condition : group.must_not) {
    const RowMatches excluded = Match(condition);
    if (matches.exact() && excluded.exact()) {
      matches.certain -= excluded.certain;
      continue;
    }
    RowSet possible = matches.possible() - excluded.certain;
    RowSet certain = matches.certain - excluded.certain - excluded.undecided;
    matches = FromBounds(std::move(certain), std::move(possible));
  }
  return matches;
}

RowMatches FilterMatcher::Match(const PreparedCondition& condition) const {
  if (const auto* field = std::get_if<PreparedField>(&condition.of)) {
    const FieldIndex* index = index_.Find(field->path);
    // Nothing is known of a key without an index.
    if (index == nullptr) return {{}, index_.rows()};
    return index->Match(field->test, index_.rows());
  }
  if (const auto* ids = std::get_if<PreparedIds>(&condition.of)) return MatchIds(*ids);
  if (const auto* nested = std::get_if<PreparedNested>(&condition.of)) {
    return {{}, PossibleAt(nested->path, nested->group)};
  }
  return Match(std::get<PreparedGroup>(condition.of));
}

RowMatches FilterMatcher::MatchIds(const PreparedIds& ids) const {
  RowMatches matches;
  for (const PointId& id : ids.ids) {
    const std::optional<uint64_t> row = find_row_(id);
    if (row && index_.rows().Contains(*row)) matches.certain.Add(*row);
  }
  return matches;
}

RowMatches FilterMatcher::AtLeast(const std::vector<PreparedCondition>& conditions,
                                  uint64_t count) const {
  if (count * conditions.size() > kMaxThresholdSteps) {
    RowSet possible;
    for (const PreparedCondition& condition : conditions) possible |= Match(condition).possible();
    return {{}, std::move(possible)};
  }
  std::vector<RowSet> certain(count), possible(count);
  for (const PreparedCondition& condition : conditions) {
    const RowMatches matches = Match(condition);
    Count(certain, matches.certain);
    Count(possible, matches.possible());
  }
  return FromBounds(std::move(certain.back()), std::move(possible.back()));
}

RowSet FilterMatcher::PossibleAt(const KeyPath& at, const PreparedGroup& group) const {
  RowSet rows = index_.rows();
  for (const PreparedCondition& condition : group.must) rows &= PossibleAt(at, condition);
  for (const auto* list : {&group.should, &group.min_should}) {
    if (list->empty()) continue;
    RowSet any;
    for (const PreparedCondition& condition : *list) any |= PossibleAt(at, condition);
    rows &= any;
  }
  return rows;
}

RowSet FilterMatcher::PossibleAt(const KeyPath& at, const PreparedCondition& condition) const {
  if (const auto* field = std::get_if<PreparedField>(&condition.of)) {
    // kIsEmpty and a count of 0 are satisfied by absence. One object may lack a value that another
    // object of the row has. So the index, which knows only the row as a whole, cannot rule them
    // out.
    const auto* presence = std::get_if<Presence>(&field->test);
    const auto* count = std::get_if<CountTest>(&field->test);
    const bool by_absence = (presence != nullptr && *presence == Presence::kIsEmpty) ||
                            (count != nullptr && count->low == 0);
    const FieldIndex* index = index_.Find(at.Join(field->path));
    if (index == nullptr || by_absence) return index_.rows();
    return index->Match(field->test, index_.rows()).possible();
  }
  if (const auto* ids = std::get_if<PreparedIds>(&condition.of)) return MatchIds(*ids).certain;
  if (const auto* nested = std::get_if<PreparedNested>(&condition.of)) {
    return PossibleAt(at.Join(nested->path), nested->group);
  }
  return PossibleAt(at, std::get<PreparedGroup>(condition.of));
}

}  // namespace tqdb::storage
