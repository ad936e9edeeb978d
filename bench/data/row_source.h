// The rows that a benchmark runs over: generated ones, or the rows of a real set, repeated as often
// as needed. They are made piece by piece, because a large benchmark has more rows than fit into
// memory as floats.
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

// A source of rows. A row depends neither on the piece in which it is made nor on threads.
//
// Thread-safe: immutable.
class RowSource {
 public:
  virtual ~RowSource() = default;

  const std::string& name() const { return name_; }  // name in results
  size_t rows() const { return rows_; }
  size_t dim() const { return queries_.dim; }
  const Matrix& queries() const { return queries_; }
  // Returns rows [first, first + count), made on `threads` threads.
  virtual Matrix Rows(size_t first, size_t count, size_t threads) const = 0;
  // Returns all rows if they are in memory anyway, or null if they are made when asked for.
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
    std::string directory;  // directory of shapes, see FindShape
    size_t rows = 0;
    size_t dim = 0;
    size_t queries = 0;
    uint64_t seed = 1;
    size_t threads = 1;  // threads that make the queries
  };
  static absl::StatusOr<std::unique_ptr<GeneratedRows>> Create(const Options& options);

  Matrix Rows(size_t first, size_t count, size_t threads) const override;

 private:
  GeneratedRows(std::unique_ptr<ClusterTree> tree, const Options& options);

  const std::unique_ptr<ClusterTree> tree_;
};

// The rows of a set, and beyond its end the same rows again. A repeated row gets some noise of its
// own. Otherwise rows would be equal, and chance would decide which of them are the best of a
// query.
class TiledRows final : public RowSource {
 public:
  static constexpr float kNoise = 0.02f;  // norm of the noise, over the norm of the row

  // Makes a source of max(rows, set.base.rows) rows. Requires: `set` is not empty.
  TiledRows(DataSet set, size_t rows, uint64_t seed);

  Matrix Rows(size_t first, size_t count, size_t threads) const override;
  const Matrix* whole() const override { return rows() == base_.rows ? &base_ : nullptr; }

 private:
  const Matrix base_;
  const uint64_t seed_;
};

// Returns the least number of rows that take `megabytes` (of a million bytes) at `row_bytes` each.
size_t RowsThatFill(size_t megabytes, size_t row_bytes);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_ROW_SOURCE_H_
