#include "tests/support/embeddings.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/float16.h"
#include "tests/support/source_path.h"

namespace tqdb::testing {

namespace {

[[noreturn]] void Fail(const std::string& path, const char* why) {
  std::fprintf(stderr, "%s: %s\n", path.c_str(), why);
  std::abort();
}

}  // namespace

Embeddings LoadNpy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(path, "cannot be read");
  std::stringstream content;
  content << file.rdbuf();
  const std::string bytes = content.str();
  if (bytes.size() < 10 || bytes.compare(1, 5, "NUMPY") != 0 || bytes[6] != 1)
    Fail(path, "is no .npy of version 1");
  const size_t header_size =
      static_cast<uint8_t>(bytes[8]) | static_cast<size_t>(static_cast<uint8_t>(bytes[9])) << 8;
  const std::string header = bytes.substr(10, header_size);
  if (header.find("'<f2'") == std::string::npos) Fail(path, "is not float16");
  Embeddings out;
  const size_t shape = header.find("'shape': (");
  if (shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "'shape': (%zu, %zu)", &out.rows, &out.dim) != 2) {
    Fail(path, "is not two-dimensional");
  }
  const uint8_t* data = reinterpret_cast<const uint8_t*>(bytes.data()) + 10 + header_size;
  if (bytes.size() != 10 + header_size + out.rows * out.dim * 2) Fail(path, "has the wrong size");
  out.values.resize(out.rows * out.dim);
  for (size_t i = 0; i < out.values.size(); ++i) {
    out.values[i] = HalfToFloat(static_cast<uint16_t>(data[2 * i] | data[2 * i + 1] << 8));
  }
  return out;
}

Embeddings SampleBase() { return LoadNpy(SourcePath("deploy/sample/wordnet-512.base.f16.npy")); }
Embeddings SampleQueries() {
  return LoadNpy(SourcePath("deploy/sample/wordnet-512.query.f16.npy"));
}

}  // namespace tqdb::testing
