// Random payloads, and random filters on the keys and values that these payloads have.
#ifndef TQDB_TESTS_STORAGE_PAYLOAD_RANDOM_FILTER_H_
#define TQDB_TESTS_STORAGE_PAYLOAD_RANDOM_FILTER_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/random.h"
#include "values/filter.h"

namespace tqdb::storage {

// The keys of the payloads, the paths to them, and one key that no payload has.
const std::vector<std::string>& RandomKeys();

// Returns a payload with members of every type, missing and null ones, arrays, and arrays of
// objects. Numbers are also taken from the edges of int64 and double.
nlohmann::json RandomPayload(testing::Gaussian& random);

// Returns a filter that ValidateFilter accepts. HasId names numbers below `num_ids`, and sometimes
// a UUID.
Filter RandomFilter(testing::Gaussian& random, size_t num_ids);

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_PAYLOAD_RANDOM_FILTER_H_
