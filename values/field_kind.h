// The kinds of index that a payload key can have.
#ifndef TQDB_VALUES_FIELD_KIND_H_
#define TQDB_VALUES_FIELD_KIND_H_

#include <cstdint>

namespace tqdb::storage {

// Each kind indexes values of one type and answers the conditions that are named. The numbers are
// part of the disk format.
enum class FieldKind : uint8_t {
  kKeyword = 1,   // strings as a whole: MatchValue, MatchAny, MatchExcept
  kInteger = 2,   // integers of 64 bits: MatchValue, MatchAny, MatchExcept, NumberRange
  kFloat = 3,     // numbers: MatchValue, MatchAny, MatchExcept, NumberRange
  kBool = 4,      // booleans: MatchValue
  kDatetime = 5,  // strings that are times: DatetimeRange
  kText = 6,      // words of strings: MatchText
};

// Returns whether a byte from disk or from a message is one of the kinds.
inline bool IsFieldKind(uint8_t value) { return value >= 1 && value <= 6; }

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_FIELD_KIND_H_
