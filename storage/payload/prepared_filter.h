// A filter made ready to be evaluated many times.
//
// The simple idea: walk the filter for every payload. A search may evaluate a filter a million
// times. So everything that does not depend on the payload is done once, before. Keys are split
// into path segments, and lists become hash sets. The words of a text are numbered, and the bounds
// of whole numbers become closed intervals. Example: `count > 3` and `count <= 9` become 4 to 9,
// and `value in [...]` with 10,000 values is one look-up.
//
// Both evaluators share the prepared form: this file evaluates it against a payload,
// filter_matcher.h against the indexes. Tests run both on the same filters and compare.
//
// Left out: reordering of conditions, and stopping the parser early. A payload is parsed as a whole
// before it is evaluated, and the parser takes most of the time.
//
// Immutable; any number of threads may evaluate one.
#ifndef TQDB_STORAGE_PAYLOAD_PREPARED_FILTER_H_
#define TQDB_STORAGE_PAYLOAD_PREPARED_FILTER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "values/filter.h"
#include "values/key_path.h"
#include "values/types.h"

namespace tqdb::storage {

// Returns the object of a stored payload. The empty text, a point without payload, gives an empty
// object. Integers beyond 64 bits become doubles (json_parser.h). DataLoss if the text is not a
// JSON object. Payloads are validated before they are stored, so this is damage and not bad input.
absl::StatusOr<nlohmann::json> ParsePayload(absl::string_view payload);

// --- Prepared tests of the values of a key. values/filter.h says what each of them means.

// MatchValue and MatchAny; with `except`, MatchExcept.
template <typename T>
struct OneOf {
  absl::flat_hash_set<T> values;
  bool except = false;  // whether a value must be outside of the list
};
using KeywordTest = OneOf<std::string>;
using IntegerTest = OneOf<Integer>;

struct BoolTest {
  bool value = false;
};

// MatchText.
struct WordsTest {
  // Words to the numbers 0..size-1. A bit mask of 64 bits records which words were seen, hence at
  // most kMaxTextWords.
  absl::flat_hash_map<std::string, uint32_t> words;
};

// NumberRange. Bounds stay as they are, with a flag each. An open bound cannot be closed by taking
// the next number: integers of 64 bits lie between two doubles, and doubles between two integers.
struct NumberTest {
  Number low = -std::numeric_limits<double>::infinity();
  Number high = std::numeric_limits<double>::infinity();
  bool low_open = false;   // whether `low` itself is outside
  bool high_open = false;  // whether `high` itself is outside

  // Return whether a number is on the wrong side of one bound.
  bool Below(const Number& number) const { return low_open ? number <= low : number < low; }
  bool Above(const Number& number) const { return high_open ? number >= high : number > high; }
};

// DatetimeRange: low <= time <= high, in microseconds since 1970. No time passes if low > high.
struct TimeTest {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
};

// ValuesCount: low <= count <= high. No count passes if low > high.
struct CountTest {
  uint64_t low = 0;
  uint64_t high = std::numeric_limits<uint64_t>::max();
};

using FieldTest = std::variant<KeywordTest, IntegerTest, BoolTest, WordsTest, NumberTest, TimeTest,
                               CountTest, Presence>;

// --- Prepared conditions.

struct PreparedCondition;

// A filter: all of `must`, any of `should` (unless empty), none of `must_not`, and at least
// `min_count` of `min_should`.
struct PreparedGroup {
  std::vector<PreparedCondition> must;
  std::vector<PreparedCondition> should;
  std::vector<PreparedCondition> must_not;
  std::vector<PreparedCondition> min_should;
  uint64_t min_count = 0;
};

// A test of the values of a key.
struct PreparedField {
  KeyPath path;
  FieldTest test;
};

// HasId.
struct PreparedIds {
  absl::flat_hash_set<PointId> ids;
};

// Nested: the group must hold for one of the objects at `path`, with its keys relative to it.
struct PreparedNested {
  KeyPath path;
  PreparedGroup group;
};

struct PreparedCondition {
  std::variant<PreparedField, PreparedIds, PreparedNested, PreparedGroup> of;
};

// A filter, ready for evaluation. Copies share the prepared form.
class PreparedFilter {
 public:
  // Validates and prepares a filter. Errors are those of ValidateFilter; `field` begins their
  // messages.
  static absl::StatusOr<PreparedFilter> Create(const Filter& filter,
                                               absl::string_view field = "filter");

  // Returns whether a point matches. Requires: `payload` is an object. Allocates nothing, unless a
  // word of a text is longer than all words before it.
  bool Matches(const PointId& id, const nlohmann::json& payload) const;

  // Returns false if the filter depends on the id alone, so that no payload need be read.
  bool reads_payload() const { return reads_payload_; }
  const PreparedGroup& root() const { return *root_; }

 private:
  explicit PreparedFilter(PreparedGroup root);

  std::shared_ptr<const PreparedGroup> root_;
  bool reads_payload_ = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PREPARED_FILTER_H_
