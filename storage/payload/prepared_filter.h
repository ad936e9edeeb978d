// A filter made ready to be evaluated many times: paths split, lists hashed, words found.
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

// The object of a payload as it is stored: a JSON object, or "" for none, which is an empty one.
// DataLoss when it is neither: payloads are validated before they are stored.
absl::StatusOr<nlohmann::json> ParsePayload(absl::string_view payload);

// --- Tests of a field, prepared. What they mean: filter.h.

template <typename T>
struct OneOf {  // MatchValue, MatchAny; with `except`, MatchExcept
  absl::flat_hash_set<T> values;
  bool except = false;
};
using KeywordTest = OneOf<std::string>;
using IntegerTest = OneOf<int64_t>;

struct BoolTest {
  bool value = false;
};

struct WordsTest {
  absl::flat_hash_map<std::string, uint32_t> words;  // to 0..size-1; at most kMaxTextWords
};

struct NumberTest {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;  // the bound itself is outside
  bool high_open = false;
};

struct TimeTest {
  int64_t low = std::numeric_limits<int64_t>::min();  // both within
  int64_t high = std::numeric_limits<int64_t>::max();
};

struct CountTest {
  uint64_t low = 0;  // both within; low > high: none
  uint64_t high = std::numeric_limits<uint64_t>::max();
};

using FieldTest = std::variant<KeywordTest, IntegerTest, BoolTest, WordsTest, NumberTest, TimeTest,
                               CountTest, Presence>;

// --- Conditions, prepared.

struct PreparedCondition;

struct PreparedGroup {
  std::vector<PreparedCondition> must;
  std::vector<PreparedCondition> should;
  std::vector<PreparedCondition> must_not;
  std::vector<PreparedCondition> min_should;
  uint64_t min_count = 0;
};

struct PreparedField {
  KeyPath path;
  FieldTest test;
};

struct PreparedIds {
  absl::flat_hash_set<PointId> ids;
};

struct PreparedNested {
  KeyPath path;
  PreparedGroup group;
};

struct PreparedCondition {
  std::variant<PreparedField, PreparedIds, PreparedNested, PreparedGroup> of;
};

class PreparedFilter {
 public:
  // Validates: the errors are those of ValidateFilter.
  static absl::StatusOr<PreparedFilter> Create(const Filter& filter,
                                               absl::string_view field = "filter");

  // `payload` is an object. Allocates nothing, but for words longer than any before.
  bool Matches(const PointId& id, const nlohmann::json& payload) const;

  // False when the answer depends on the id alone.
  bool reads_payload() const { return reads_payload_; }
  const PreparedGroup& root() const { return *root_; }

 private:
  explicit PreparedFilter(PreparedGroup root);

  std::shared_ptr<const PreparedGroup> root_;
  bool reads_payload_ = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PREPARED_FILTER_H_
