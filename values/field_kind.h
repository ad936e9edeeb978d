// What the index of a payload key is for.
#ifndef TQDB_VALUES_FIELD_KIND_H_
#define TQDB_VALUES_FIELD_KIND_H_

#include <cstdint>

namespace tqdb::storage {

// Values are part of the disk format.
enum class FieldKind : uint8_t {
  kKeyword = 1,   // strings as a whole: MatchValue, MatchAny, MatchExcept
  kInteger = 2,   // integers of 64 bits: the same, and NumberRange
  kFloat = 3,     // numbers: the same
  kBool = 4,      // MatchValue
  kDatetime = 5,  // strings that are times: DatetimeRange
  kText = 6,      // words of strings: MatchText
};

inline bool IsFieldKind(uint8_t value) { return value >= 1 && value <= 6; }

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_FIELD_KIND_H_
