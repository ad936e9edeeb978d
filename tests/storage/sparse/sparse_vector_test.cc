#include "values/sparse_vector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

namespace tqdb::storage {
namespace sparse_vector_test {

TEST(SparseVector, ValidOnesPass) {
  const SparseVector vectors[] = {
      {},
      {{0}, {1}},
      {{0, 1, 4'294'967'295}, {-1, 0, 1e15f}},
  };
  for (const SparseVector& vector : vectors) {
    EXPECT_TRUE(ValidateSparseVector(vector.view(), "v").ok());
  }
  SparseVector largest;
  largest.indices.resize(kMaxNonZeros);
  std::iota(largest.indices.begin(), largest.indices.end(), 7u);
  largest.values.resize(kMaxNonZeros, 1);
  EXPECT_TRUE(ValidateSparseVector(largest.view(), "v").ok());
}

TEST(SparseVector, MessagesNameFieldAndValue) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  const struct {
    SparseVector vector;
    std::string message;
  } cases[] = {
      {{{1, 2}, {1}}, "q has 2 indices and 1 values; need one of each"},
      {{{3, 3}, {1, 1}}, "q.indices has 3 twice; indices must be distinct"},
      {{{3, 5, 4}, {1, 1, 1}}, "q.indices[2] is 4 after 5; indices must ascend"},
      {{{3, 5}, {1, nan}}, "q.values[1] is nan; need a number of magnitude at most 1e+15"},
      {{{3}, {-infinity}}, "q.values[0] is -inf; need a number of magnitude at most 1e+15"},
      {{{3}, {2e15f}}, "q.values[0] is 2e+15; need a number of magnitude at most 1e+15"},
      {{std::vector<uint32_t>(65'537), std::vector<float>(65'537)},
       "q has 65537 entries; at most 65536 are allowed"},
  };
  for (const auto& [vector, message] : cases) {
    const absl::Status status = ValidateSparseVector(vector.view(), "q");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), message);
  }
}

}  // namespace sparse_vector_test
}  // namespace tqdb::storage
