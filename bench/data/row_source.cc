#include "bench/data/row_source.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/data/gaussian.h"
#include "bench/measure/parallel.h"
#include "core/codec/prng.h"

namespace tqdb::bench {
namespace {

// Key of the stream of noise. It differs from all streams of a cluster tree.
constexpr uint64_t kTileStream = 5000;

double Norm(const float* row, size_t dim) {
  double squares = 0;
  for (size_t i = 0; i < dim; ++i) squares += double{row[i]} * row[i];
  return std::sqrt(squares);
}

}  // namespace

RowSource::RowSource(std::string name, size_t rows, Matrix queries)
    : name_(std::move(name)), rows_(rows), queries_(std::move(queries)) {}

absl::StatusOr<std::unique_ptr<GeneratedRows>> GeneratedRows::Create(const Options& options) {
  TQDB_ASSIGN_OR_RETURN(ClusterTreeShape shape, FindShape(options.directory, options.dim));
  ClusterTree::Options tree;
  tree.rows = options.rows;
  tree.seed = options.seed;
  return std::unique_ptr<GeneratedRows>(
      new GeneratedRows(std::make_unique<ClusterTree>(std::move(shape), tree), options));
}

GeneratedRows::GeneratedRows(std::unique_ptr<ClusterTree> tree, const Options& options)
    : RowSource(absl::StrCat("generated ", tree->shape().name), options.rows,
                tree->Queries(options.queries, options.threads)),
      tree_(std::move(tree)) {}

Matrix GeneratedRows::Rows(size_t first, size_t count, size_t threads) const {
  return tree_->Rows(first, count, threads);
}

TiledRows::TiledRows(DataSet set, size_t rows, uint64_t seed)
    : RowSource(rows > set.base.rows ? absl::StrCat(set.name, " tiled") : set.name,
                std::max(rows, set.base.rows), std::move(set.queries)),
      base_(std::move(set.base)),
      seed_(RandomWord(seed, kTileStream)) {}

Matrix TiledRows::Rows(size_t first, size_t count, size_t threads) const {
  Matrix rows(count, base_.dim);
  ParallelFor(threads, count, 256, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const size_t row = first + i;
      const float* original = base_.row(row % base_.rows);
      std::copy_n(original, base_.dim, rows.row(i));
      if (row < base_.rows) continue;
      const double scale =
          kNoise * Norm(original, base_.dim) / std::sqrt(static_cast<double>(base_.dim));
      AddGaussian(RandomWord(seed_, row), static_cast<float>(scale), rows.row(i), base_.dim);
    }
  });
  return rows;
}

size_t RowsThatFill(size_t megabytes, size_t row_bytes) {
  return (megabytes * 1'000'000 + row_bytes - 1) / row_bytes;
}

}  // namespace tqdb::bench
