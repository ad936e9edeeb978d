// The rows that a benchmark runs over, made piece by piece: generated ones, or those of a real set,
// repeated as often as it takes.
#ifndef TQDB_BENCH_DATA_ROW_SOURCE_H_
#define TQDB_BENCH_DATA_ROW_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/data/cluster_tree.h"
#include "bench/data/data_sets.h"
#include "bench/data/matrix.h"

namespace tqdb::bench {

// Thread-safe: immutable. A row does not depend on the piece it is made in, or on threads.
class RowSource {
 public:
  virtual ~RowSource() = default;

  const std::string& name() const { return name_; }  // as results give it
  size_t rows() const { return rows_; }
  size_t dim() const { return queries_.dim; }
  const Matrix& queries() const { return queries_; }
  // Rows [first, first + count), on `threads` threads.
  virtual Matrix Rows(size_t first, size_t count, size_t threads) const = 0;
  // All rows() rows, where they lie in memory; null where they are made when they are asked for.
  virtual const Matrix* whole() const { return nullptr; }

 protected:
  RowSource(std::string name, size_t rows, Matrix queries);

 private:
  const std::string name_;
  const size_t rows_;
  const Matrix queries_;
};

// Rows of a cluster tree.
class GeneratedRows final : public RowSource {
 public:
  struct Options {
    std::string directory;  // of shapes, as FindShape takes it
    size_t rows = 0;
    size_t dim = 0;
    size_t queries = 0;
    uint64_t seed = 1;
    size_t threads = 1;  // that make the queries
  };
  static absl::StatusOr<std::unique_ptr<GeneratedRows>> Create(const Options& options);

  Matrix Rows(size_t first, size_t count, size_t threads) const override;

 private:
  GeneratedRows(std::unique_ptr<ClusterTree> tree, const Options& options);

  const std::unique_ptr<ClusterTree> tree_;
};

// A set as it is, and beyond its end again from its beginning. Every row of a repeat is off its
// original by noise of its own, so that no two rows are equal and the best of a query are not drawn
// by lot.
class TiledRows final : public RowSource {
 public:
  static constexpr float kNoise = 0.02f;  // norm of the noise over that of the row

  // max(rows, set.base.rows) rows. `set` is not empty.
  TiledRows(DataSet set, size_t rows, uint64_t seed);

  Matrix Rows(size_t first, size_t count, size_t threads) const override;
  const Matrix* whole() const override { return rows() == base_.rows ? &base_ : nullptr; }

 private:
  const Matrix base_;
  const uint64_t seed_;
};

// The least number of rows that take `megabytes` (of a million bytes) at `row_bytes` each.
size_t RowsThatFill(size_t megabytes, size_t row_bytes);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_ROW_SOURCE_H_
