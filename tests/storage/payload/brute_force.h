// The meaning of filters once more, straight from values/filter.h and with no thought of
// speed: the oracle of the randomised tests. It reads the JSON form of a filter.
#ifndef TQDB_TESTS_STORAGE_PAYLOAD_BRUTE_FORCE_H_
#define TQDB_TESTS_STORAGE_PAYLOAD_BRUTE_FORCE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace tqdb::storage {

// `id` as JSON has it: a number, or a string with a UUID. Keys are names without quotes, dots
// between them, and kDottedKey.
bool BruteForceMatches(const nlohmann::json& filter, const nlohmann::json& id,
                       const nlohmann::json& payload);

// A key in quotes, of the member named "x.y".
inline constexpr char kDottedKey[] = "\"x.y\"";

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_PAYLOAD_BRUTE_FORCE_H_
