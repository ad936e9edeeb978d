#include "bench/data/ground_truth.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "bench/measure/parallel.h"
#include "core/scan/top_k.h"
#include "core/space/vector_space.h"

namespace tqdb::bench {
namespace {

// A tile of four queries by three rows has twelve sums. With their operands they fill the sixteen
// registers of SSE2, the baseline of this build. 30 billion multiply-adds take about three seconds
// on one core.
constexpr size_t kQueryTile = 4;
constexpr size_t kRowTile = 3;
// Queries of one pass over the rows. All of them visit a chunk of rows while it is in the cache.
constexpr size_t kQueriesPerPass = 64;
constexpr size_t kChunkBytes = 128 << 10;
// Candidates kept beyond k, so that the rounding of a float sum cannot push a true neighbour out.
constexpr size_t kSlack = 16;

typedef float Float4 __attribute__((vector_size(16)));

Float4 Load(const float* x) {
  Float4 v;
  std::memcpy(&v, x, sizeof(v));
  return v;
}

// Computes a tile of inner products: dots[q][r] = <queries + q * dim, rows + r * dim>.
void DotTile(const float* queries, const float* rows, size_t dim,
             float dots[kQueryTile][kRowTile]) {
  Float4 sums[kQueryTile][kRowTile] = {};
  size_t i = 0;
  for (; i + 4 <= dim; i += 4) {
    Float4 q[kQueryTile], x[kRowTile];
    for (size_t a = 0; a < kQueryTile; ++a) q[a] = Load(queries + a * dim + i);
    for (size_t b = 0; b < kRowTile; ++b) x[b] = Load(rows + b * dim + i);
    for (size_t a = 0; a < kQueryTile; ++a) {
      for (size_t b = 0; b < kRowTile; ++b) sums[a][b] += q[a] * x[b];
    }
  }
  for (size_t a = 0; a < kQueryTile; ++a) {
    for (size_t b = 0; b < kRowTile; ++b) {
      const Float4 s = sums[a][b];
      float dot = (s[0] + s[1]) + (s[2] + s[3]);
      for (size_t j = i; j < dim; ++j) dot += queries[a * dim + j] * rows[b * dim + j];
      dots[a][b] = dot;
    }
  }
}

float Dot(const float* a, const float* b, size_t dim) {
  double sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += double{a[i]} * b[i];
  return static_cast<float>(sum);
}

// Turns inner products into the order of rows under a metric, for one query. The score is factor *
// <q, x> + term, with factor and term of the row. So one loop serves all metrics. Example: -|q -
// x|^2 and 2 <q, x> - |x|^2 differ by |q|^2, which is the same for all rows.
struct RowTerms {
  std::vector<float> factor;
  std::vector<float> term;
};

// Computes the terms of all rows.
RowTerms MakeRowTerms(Metric metric, MatrixView rows, size_t threads) {
  RowTerms terms;
  terms.factor.assign(rows.rows(), 1);
  terms.term.assign(rows.rows(), 0);
  if (metric == Metric::kDot) return terms;
  ParallelFor(threads, rows.rows(), 1024, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      const float squared = Dot(rows.row(r).data(), rows.row(r).data(), rows.dim());
      if (metric == Metric::kCosine) {
        terms.factor[r] = 1 / std::sqrt(squared);
      } else {
        terms.factor[r] = 2;
        terms.term[r] = -squared;
      }
    }
  });
  return terms;
}

// The search of up to kQueriesPerPass queries in all rows.
class TileSearch {
 public:
  TileSearch(Metric metric, MatrixView rows, const RowTerms& terms, size_t k)
      : metric_(metric), rows_(rows), terms_(terms), k_(k) {}

  // Fills the neighbours of `count` queries (count, dim).
  void Run(const float* queries, size_t count, std::vector<uint64_t>* neighbors) const {
    const size_t dim = rows_.dim();
    // The last tile is filled up with queries that are zero, so that all tiles are full.
    const size_t tiles = (count + kQueryTile - 1) / kQueryTile;
    std::vector<float> padded(tiles * kQueryTile * dim);
    std::copy_n(queries, count * dim, padded.data());
    std::vector<TopK> top(padded.size() / dim,
                          TopK(k_ + kSlack, -std::numeric_limits<float>::infinity()));
    const size_t chunk = std::max<size_t>(1, kChunkBytes / (dim * sizeof(float)));
    for (size_t begin = 0; begin < rows_.rows(); begin += chunk) {
      const size_t end = std::min(begin + chunk, rows_.rows());
      for (size_t tile = 0; tile < tiles; ++tile) {
        RunTile(padded.data() + tile * kQueryTile * dim, begin, end,
                top.data() + tile * kQueryTile);
      }
    }
    for (size_t q = 0; q < count; ++q) neighbors[q] = Rescore(queries + q * dim, top[q].Take());
  }

 private:
  // Scores rows [begin, end) for the queries of one tile.
  void RunTile(const float* tile, size_t begin, size_t end, TopK* top) const {
    const size_t dim = rows_.dim();
    float dots[kQueryTile][kRowTile];
    size_t r = begin;
    for (; r + kRowTile <= end; r += kRowTile) {
      DotTile(tile, rows_.data() + r * dim, dim, dots);
      for (size_t q = 0; q < kQueryTile; ++q) {
        for (size_t b = 0; b < kRowTile; ++b) Push(top[q], r + b, dots[q][b]);
      }
    }
    for (; r < end; ++r) {
      for (size_t q = 0; q < kQueryTile; ++q) {
        Push(top[q], r, Dot(tile + q * dim, rows_.row(r).data(), dim));
      }
    }
  }

  void Push(TopK& top, size_t row, float dot) const {
    const float score = terms_.factor[row] * dot + terms_.term[row];
    if (score >= top.threshold()) top.Push({score, row, PointId::Number(row)});
  }

  // Returns the best k candidates by their exact scores.
  std::vector<uint64_t> Rescore(const float* query, std::vector<Hit> hits) const {
    for (Hit& hit : hits) {
      hit.score = ExactScore(metric_, query, rows_.row(hit.row).data(), rows_.dim());
    }
    std::sort(hits.begin(), hits.end(), RanksBefore);
    std::vector<uint64_t> rows;
    for (size_t i = 0; i < std::min(k_, hits.size()); ++i) rows.push_back(hits[i].row);
    return rows;
  }

  const Metric metric_;
  const MatrixView rows_;
  const RowTerms& terms_;
  const size_t k_;
};

}  // namespace

Neighbors ExactNeighbors(Metric metric, MatrixView rows, MatrixView queries, size_t k,
                         size_t threads) {
  assert(rows.dim() == queries.dim());
  const RowTerms terms = MakeRowTerms(metric, rows, threads);
  const TileSearch search(metric, rows, terms, k);
  Neighbors neighbors(queries.rows());
  ParallelFor(threads, queries.rows(), kQueriesPerPass, [&](size_t begin, size_t end) {
    search.Run(queries.row(begin).data(), end - begin, neighbors.data() + begin);
  });
  return neighbors;
}

double Recall(const Neighbors& truth, const Neighbors& found, size_t k) {
  assert(truth.size() == found.size());
  size_t hits = 0, wanted = 0;
  for (size_t q = 0; q < truth.size(); ++q) {
    const size_t true_k = std::min(k, truth[q].size());
    const size_t found_k = std::min(k, found[q].size());
    wanted += true_k;
    for (size_t i = 0; i < true_k; ++i) {
      const auto end = found[q].begin() + static_cast<ptrdiff_t>(found_k);
      hits += std::find(found[q].begin(), end, truth[q][i]) != end ? 1 : 0;
    }
  }
  return wanted == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(wanted);
}

}  // namespace tqdb::bench
