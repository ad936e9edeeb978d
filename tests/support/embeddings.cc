#include "tests/support/embeddings.h"

#include <cstdio>
#include <cstdlib>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/npy_reader.h"
#include "tests/support/source_path.h"

namespace tqdb::testing {
namespace {

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

Embeddings LoadNpy(const std::string& path) {
  absl::StatusOr<NpyReader> reader = NpyReader::Open(path, {NpyType::kFloat16});
  if (!reader.ok()) Fail(reader.status());
  Embeddings out;
  out.rows = reader->header().rows;
  out.dim = reader->header().dim;
  out.values.resize(out.rows * out.dim);
  for (size_t i = 0; i < out.rows; ++i) {
    const absl::Span<float> row = absl::MakeSpan(out.values).subspan(i * out.dim, out.dim);
    if (absl::Status status = reader->ReadRow(row); !status.ok()) Fail(status);
  }
  return out;
}

Embeddings SampleBase() { return LoadNpy(SourcePath("deploy/sample/wordnet-512.base.f16.npy")); }
Embeddings SampleQueries() {
  return LoadNpy(SourcePath("deploy/sample/wordnet-512.query.f16.npy"));
}

}  // namespace tqdb::testing
