// A second implementation of filters, written from values/filter.h without regard to speed. It is
// the oracle of the randomised tests. It reads the JSON form of a filter.
#ifndef TQDB_TESTS_STORAGE_PAYLOAD_BRUTE_FORCE_H_
#define TQDB_TESTS_STORAGE_PAYLOAD_BRUTE_FORCE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace tqdb::storage {

// Returns whether a filter holds. `id` is a number, or a string with a UUID. Keys of the filter are
// names with dots between them and without quotes, or kDottedKey.
bool BruteForceMatches(const nlohmann::json& filter, const nlohmann::json& id,
                       const nlohmann::json& payload);

// The key, in quotes, of the member named "x.y".
inline constexpr char kDottedKey[] = "\"x.y\"";

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_PAYLOAD_BRUTE_FORCE_H_
