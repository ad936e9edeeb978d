// Random payloads and random filters that have something to do with each other.
#ifndef TQDB_TESTS_STORAGE_PAYLOAD_RANDOM_FILTER_H_
#define TQDB_TESTS_STORAGE_PAYLOAD_RANDOM_FILTER_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/random.h"
#include "values/filter.h"

namespace tqdb::storage {

// The keys that payloads have, the paths between them, and one that none has.
const std::vector<std::string>& RandomKeys();

// Members of every type, absent and null ones among them, arrays, arrays of objects; numbers at the
// edges of int64 and double.
nlohmann::json RandomPayload(testing::Gaussian& random);

// Passes ValidateFilter. HasId names numbers below `num_ids`, and now and then a UUID.
Filter RandomFilter(testing::Gaussian& random, size_t num_ids);

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_PAYLOAD_RANDOM_FILTER_H_
