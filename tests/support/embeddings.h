// Real embeddings for tests: the sample set that the product ships.
#ifndef TQDB_TESTS_SUPPORT_EMBEDDINGS_H_
#define TQDB_TESTS_SUPPORT_EMBEDDINGS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "base/matrix_view.h"

namespace tqdb::testing {

struct Embeddings {
  size_t rows = 0;
  size_t dim = 0;
  std::vector<float> values;

  MatrixView view() const { return {values.data(), rows, dim}; }
};

// Reads a float16 .npy. Aborts with a message for anything else.
Embeddings LoadNpy(const std::string& path);
// deploy/sample: base rows and query rows of Universal Sentence Encoder embeddings, dim 512.
Embeddings SampleBase();
Embeddings SampleQueries();

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_EMBEDDINGS_H_
