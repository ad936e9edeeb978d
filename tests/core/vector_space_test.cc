#include "core/space/vector_space.h"

#include <atomic>
#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/support/all_kernels.h"
#include "tests/support/embeddings.h"
#include "tests/support/random.h"

namespace tqdb {
namespace vector_space_test {

using testing::Gaussian;

std::unique_ptr<VectorSpace> MakeSpace(size_t dim, Metric metric = Metric::kCosine, int bits = 4,
                                       Residual residual = Residual::kQjl,
                                       const Kernels* kernels = nullptr) {
  CodecOptions options;
  options.dim = dim;
  options.metric = metric;
  options.code_bits = bits;
  options.residual = residual;
  return std::move(VectorSpace::Create(options, kernels)).value();
}

// Encodes rows under the space's current mean and appends them with ids and row numbers first,
// first + 1, ...
std::vector<Slot> AppendAll(VectorSpace& space, MatrixView rows, uint64_t first = 0) {
  std::vector<uint8_t> codes(rows.rows() * space.codec().code_bytes());
  space.codec().Encode(rows, space.current_mean().get(), codes.data());
  std::vector<Slot> slots;
  for (size_t r = 0; r < rows.rows(); ++r) {
    slots.push_back(*space.Append(PointId::Number(first + r), first + r,
                                  codes.data() + r * space.codec().code_bytes()));
  }
  return slots;
}

std::vector<Hit> SearchOne(const VectorSpace& space, absl::Span<const float> query,
                           SearchOptions options = {}) {
  return std::move(space.Search({query.data(), 1, query.size()}, options)).value()[0];
}

bool SameHits(const std::vector<Hit>& a, const std::vector<Hit>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Hit& x, const Hit& y) {
    return x.id == y.id && x.score == y.score && x.row == y.row;
  });
}

double Recall(const VectorSpace& space, const testing::Embeddings& base,
              const testing::Embeddings& queries) {
  size_t found = 0;
  for (size_t q = 0; q < queries.rows; ++q) {
    std::vector<std::pair<float, size_t>> truth;
    for (size_t r = 0; r < base.rows; ++r) {
      truth.emplace_back(-ExactScore(space.codec().options().metric, queries.view().row(q).data(),
                                     base.view().row(r).data(), base.dim),
                         r);
    }
    std::partial_sort(truth.begin(), truth.begin() + 10, truth.end());
    std::set<uint64_t> want;
    for (int i = 0; i < 10; ++i) want.insert(truth[static_cast<size_t>(i)].second);
    for (const Hit& hit : SearchOne(space, queries.view().row(q))) found += want.count(hit.id.low);
  }
  return static_cast<double>(found) / static_cast<double>(10 * queries.rows);
}

TEST(VectorSpaceTest, RefusesQueriesOfAnotherDimensionAndNoHits) {
  const auto space = MakeSpace(64);
  const std::vector<float> rows(2 * 64, 1.0f);
  AppendAll(*space, {rows.data(), 2, 64});
  SearchOptions three, none;
  three.top_k = 3;
  none.top_k = 0;
  for (size_t dim : {size_t{0}, size_t{32}, size_t{63}, size_t{65}}) {
    const absl::Status status = space->Search({rows.data(), 1, dim}, three).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << dim;
    EXPECT_EQ(status.message(),
              "queries have dimension " + std::to_string(dim) + ", the space has 64");
  }
  EXPECT_TRUE(absl::IsInvalidArgument(space->Search({rows.data(), 1, 64}, none).status()));
  EXPECT_TRUE(space->Search({rows.data(), 1, 64}, three).ok());
}

// With few dimensions and many rows, neighbours are nearer than the code can tell. So the exact
// scores of the hits, in double, are compared with the best ones, and not the ids.
TEST(VectorSpaceTest, FindsGoodRowsInDimsBelow8OnEveryKernelLevel) {
  constexpr size_t kRows = 1000;
  for (size_t dim : {1, 2, 5, 8}) {
    for (Metric metric : {Metric::kCosine, Metric::kDot, Metric::kL2}) {
      Gaussian random(40 + dim);
      const std::vector<float> rows = random.Vector(kRows * dim);
      for (const Kernels* level : testing::TestableKernels()) {
        auto space = MakeSpace(dim, metric, 4, Residual::kQjl, level);
        AppendAll(*space, {rows.data(), kRows, dim});
        for (int q = 0; q < 5; ++q) {
          const std::vector<float> query = random.Vector(dim);
          std::vector<double> truth;
          double q_squared = 0, largest = 0;
          for (float v : query) q_squared += double{v} * v;
          for (size_t r = 0; r < kRows; ++r) {
            double dot = 0, squared = 0;
            for (size_t i = 0; i < dim; ++i) {
              const double x = rows[r * dim + i];
              dot += x * query[i];
              squared += x * x;
            }
            truth.push_back(metric == Metric::kDot  ? dot
                            : metric == Metric::kL2 ? 2 * dot - squared - q_squared
                                                    : dot / std::sqrt(squared * q_squared));
            largest = std::max(largest, squared);
          }
          // Six times the standard deviation of an estimate at 4 bits (estimator_test).
          const double scale = metric == Metric::kCosine ? 1 : std::sqrt(largest * q_squared);
          const double bound = 6 * 0.0155 * scale * (metric == Metric::kL2 ? 2 : 1);
          std::vector<double> best = truth;
          std::sort(best.rbegin(), best.rend());
          const std::vector<Hit> hits = SearchOne(*space, query);
          ASSERT_EQ(hits.size(), 10u);
          for (size_t i = 0; i < 10; ++i) {
            EXPECT_LE(best[i] - truth[hits[i].id.low], dim == 1 ? 1e-5 * scale * scale : bound)
                << "dim " << dim << " " << MetricName(metric) << " " << level->name;
          }
        }
      }
    }
  }
}

TEST(VectorSpaceTest, FindsTheNearestRealEmbeddingsUnderEveryMetric) {
  const testing::Embeddings base = testing::SampleBase(), queries = testing::SampleQueries();
  for (Metric metric : {Metric::kCosine, Metric::kDot, Metric::kL2}) {
    auto space = MakeSpace(base.dim, metric);
    AppendAll(*space, base.view());
    EXPECT_GT(Recall(*space, base, queries), 0.93) << MetricName(metric);
  }
}

TEST(VectorSpaceTest, CentringRaisesRecallAndWiderCodesDoToo) {
  const testing::Embeddings base = testing::SampleBase(), queries = testing::SampleQueries();
  double last = 0;
  for (int bits : {1, 2, 4, 8}) {
    auto plain = MakeSpace(base.dim, Metric::kCosine, bits),
         centred = MakeSpace(base.dim, Metric::kCosine, bits);
    CenteringGuard guard(base.dim, /*normalize=*/true);
    ASSERT_TRUE(guard.Observe(base.view()));
    centred->AddMean(centred->codec().MakeMean(1, guard.proposal()));
    ASSERT_TRUE(centred->SetCurrentMean(1).ok());
    AppendAll(*plain, base.view());
    AppendAll(*centred, base.view());
    const double recall = Recall(*centred, base, queries);
    // 500 answers: 0.006 is three of them.
    EXPECT_GE(recall, Recall(*plain, base, queries) - 0.006) << bits;
    EXPECT_GT(recall, last) << bits;
    last = recall;
    EXPECT_EQ(centred->rows_under_mean(1), base.rows);
    EXPECT_EQ(plain->rows_under_mean(0), base.rows);
  }
  EXPECT_GT(last, 0.99);
}

// Estimates of a row's score with itself lie on both sides of the best possible score.
TEST(VectorSpaceTest, ScoresStayInTheRangeOfTheMetric) {
  constexpr size_t kDim = 128, kRows = 300;
  Gaussian random(24);
  const std::vector<float> rows = random.Vector(kRows * kDim);
  for (const Metric metric : {Metric::kCosine, Metric::kL2}) {
    auto space = MakeSpace(kDim, metric);
    AppendAll(*space, {rows.data(), kRows, kDim});
    const float best = metric == Metric::kCosine ? 1 : 0;
    size_t cut = 0;
    for (size_t r = 0; r < kRows; ++r) {
      const std::vector<Hit> hits = SearchOne(*space, {rows.data() + r * kDim, kDim});
      EXPECT_EQ(hits[0].id, PointId::Number(r));
      EXPECT_LE(hits[0].score, best);
      cut += hits[0].score == best;
    }
    EXPECT_GT(cut, 0u);
  }
}

// Two stages give the answer of one: the bound at its default loses nothing that full refinement
// finds.
TEST(VectorSpaceTest, SignPlaneBoundKeepsTheTopTen) {
  const testing::Embeddings base = testing::SampleBase(), queries = testing::SampleQueries();
  auto space = MakeSpace(base.dim);
  AppendAll(*space, base.view());
  SearchOptions all;
  all.error_bound = 1e6f;
  size_t same = 0, total = 0;
  SearchStats two_stage, one_stage;
  for (size_t q = 0; q < queries.rows; ++q) {
    const MatrixView query = queries.view().Slice(q, 1);
    const std::vector<Hit> want = (*space->Search(query, all, &one_stage))[0];
    const std::vector<Hit> got = (*space->Search(query, {}, &two_stage))[0];
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) same += got[i].id == want[i].id;
    total += want.size();
  }
  EXPECT_GE(static_cast<double>(same), 0.999 * static_cast<double>(total));
  EXPECT_EQ(one_stage.rows_refined, one_stage.rows_scanned);
  EXPECT_LT(two_stage.rows_refined, two_stage.rows_scanned / 10);
}

// Both scan stages give the hits of full refinement, with any split over threads and any size of
// pass.
TEST(VectorSpaceTest, StagesAndThreadsGiveTheSameHits) {
  Gaussian random(21);
  for (int bits : {1, 2, 3, 4, 8}) {
    for (Residual residual : {Residual::kNone, Residual::kQjl}) {
      const size_t dim = 200, rows = 9000, num_queries = 70;
      auto space = MakeSpace(dim, Metric::kDot, bits, residual);
      // Clusters, so that there are neighbours worth finding.
      std::vector<float> base, queries;
      const std::vector<float> centers = random.Vector(50 * dim);
      const auto add = [&](std::vector<float>& to, size_t count) {
        for (size_t r = 0; r < count; ++r) {
          const size_t center = random.Below(50);
          for (size_t i = 0; i < dim; ++i) {
            to.push_back(centers[center * dim + i] + static_cast<float>(0.7 * random.Next()));
          }
        }
      };
      add(base, rows);
      add(queries, num_queries);
      const std::vector<Slot> slots = AppendAll(*space, {base.data(), rows, dim});
      for (size_t r = 0; r < rows; r += 7) space->Remove(slots[r]);
      const MatrixView view(queries.data(), num_queries, dim);
      SearchOptions all;
      all.error_bound = 1e6f;
      const auto want = *space->Search(view, all);
      for (Stages stages : {Stages::kSigns, Stages::kCodes, Stages::kAuto}) {
        for (size_t threads : {1, 3}) {
          SearchOptions options;
          options.stages = stages;
          options.max_threads = threads;
          SearchStats stats;
          const auto got = *space->Search(view, options, &stats);
          size_t same = 0;
          for (size_t q = 0; q < num_queries; ++q) {
            ASSERT_EQ(got[q].size(), want[q].size());
            for (size_t i = 0; i < got[q].size(); ++i) same += got[q][i].id == want[q][i].id;
          }
          EXPECT_GE(same, num_queries * 10 * 998 / 1000)
              << bits << " bits, " << threads << " threads";
          EXPECT_EQ(stats.rows_scanned, space->live_rows() * num_queries);
          if (stages == Stages::kSigns || bits == 1) {
            EXPECT_EQ(stats.rows_scanned_by_codes, 0u);
          } else if (stages == Stages::kCodes) {
            EXPECT_EQ(stats.rows_scanned_by_codes, stats.rows_scanned);
            // The codes leave little to refine.
            EXPECT_LT(stats.rows_refined, stats.rows_scanned / (bits > 2 ? 30 : 5));
          }
          const auto again = *space->Search(view, options);
          for (size_t q = 0; q < num_queries; ++q) EXPECT_TRUE(SameHits(got[q], again[q]));
        }
      }
    }
  }
}

// Real embeddings are scanned by signs. Rows without neighbours are scanned by codes, since signs
// cannot tell them apart.
TEST(VectorSpaceTest, ScansTakeTheStageThatPays) {
  const testing::Embeddings base = testing::SampleBase(), queries = testing::SampleQueries();
  const Kernels* level = ScalarKernels();
  auto real = MakeSpace(base.dim, Metric::kCosine, 4, Residual::kQjl, level);
  AppendAll(*real, base.view());
  SearchStats stats;
  ASSERT_TRUE(real->Search(queries.view(), {}, &stats).ok());
  EXPECT_EQ(stats.rows_scanned_by_codes, 0u);

  Gaussian random(22);
  const size_t dim = 64, rows = 20000;
  auto isotropic = MakeSpace(dim, Metric::kCosine, 4, Residual::kQjl, level);
  const std::vector<float> vectors = random.Vector(rows * dim), query = random.Vector(16 * dim);
  AppendAll(*isotropic, {vectors.data(), rows, dim});
  stats = {};
  ASSERT_TRUE(isotropic->Search({query.data(), 16, dim}, {}, &stats).ok());
  EXPECT_GT(stats.rows_scanned_by_codes, stats.rows_scanned / 2);
}

// A level may say that codes are faster from some number of queries on. Its scans follow that.
TEST(VectorSpaceTest, ManyQueriesAreScannedByCodesWhereThatIsFaster) {
  const testing::Embeddings base = testing::SampleBase(), queries = testing::SampleQueries();
  for (const Kernels* level : testing::TestableKernels()) {
    if (level->codes_pay_from == 0) continue;
    auto space = MakeSpace(base.dim, Metric::kCosine, 4, Residual::kQjl, level);
    AppendAll(*space, base.view().Slice(0, 1000));
    SearchStats stats;
    ASSERT_TRUE(space->Search(queries.view().Slice(0, level->codes_pay_from), {}, &stats).ok());
    EXPECT_EQ(stats.rows_scanned_by_codes, stats.rows_scanned) << level->name;
    stats = {};
    ASSERT_TRUE(space->Search(queries.view().Slice(0, 1), {}, &stats).ok());
    EXPECT_LT(stats.rows_scanned_by_codes, stats.rows_scanned) << level->name;
  }
}

TEST(VectorSpaceTest, BatchesAndKernelLevelsGiveTheSameHits) {
  const testing::Embeddings sample = testing::SampleBase(), queries = testing::SampleQueries();
  const MatrixView base = sample.view().Slice(0, 1000);
  for (Residual residual : {Residual::kNone, Residual::kQjl}) {
    for (int bits : {1, 3, 4, 8}) {
      auto reference = MakeSpace(base.dim(), Metric::kL2, bits, residual, ScalarKernels());
      AppendAll(*reference, base);
      std::vector<std::vector<Hit>> want;
      for (size_t q = 0; q < queries.rows; ++q)
        want.push_back(SearchOne(*reference, queries.view().row(q)));
      for (const Kernels* level : testing::TestableKernels()) {
        auto space = MakeSpace(base.dim(), Metric::kL2, bits, residual, level);
        AppendAll(*space, base);
        // The bound is wide enough that no stage loses a hit by chance.
        SearchOptions options;
        options.error_bound = 6;
        const auto got = *space->Search(queries.view(), options);
        ASSERT_EQ(got.size(), queries.rows);
        for (size_t q = 0; q < queries.rows; ++q)
          EXPECT_TRUE(SameHits(got[q], want[q])) << level->name << " " << q;
      }
    }
  }
}

TEST(VectorSpaceTest, ScoresFollowTheExactOnes) {
  Gaussian random(41);
  for (size_t dim : {8, 20, 100, 1536}) {
    for (Metric metric : {Metric::kCosine, Metric::kDot, Metric::kL2}) {
      auto space = MakeSpace(dim, metric, 8);
      const std::vector<float> rows = random.Vector(100 * dim), query = random.Vector(dim);
      space->AddMean(space->codec().MakeMean(1, random.UnitVector(dim)));
      ASSERT_TRUE(space->SetCurrentMean(1).ok());
      AppendAll(*space, {rows.data(), 100, dim});
      SearchOptions options;
      options.top_k = 100;
      const std::vector<Hit> hits = SearchOne(*space, query, options);
      ASSERT_EQ(hits.size(), 100u);
      for (size_t i = 0; i < hits.size(); ++i) {
        const float* row = rows.data() + hits[i].id.low * dim;
        const float exact = ExactScore(metric, query.data(), row, dim);
        const double scale = metric == Metric::kCosine ? 1 : static_cast<double>(dim);
        EXPECT_NEAR(hits[i].score, exact, 0.02 * scale) << dim << " " << MetricName(metric);
        if (i > 0) {
          EXPECT_GE(hits[i - 1].score, hits[i].score);
        }
      }
    }
  }
}

TEST(VectorSpaceTest, EmptySpaceThresholdAndFewerRowsThanAsked) {
  Gaussian random(42);
  auto space = MakeSpace(32, Metric::kDot);
  const std::vector<float> query = random.Vector(32);
  EXPECT_TRUE(SearchOne(*space, query).empty());
  const std::vector<float> rows = random.Vector(5 * 32);
  AppendAll(*space, {rows.data(), 5, 32});
  const std::vector<Hit> all = SearchOne(*space, query);
  ASSERT_EQ(all.size(), 5u);
  SearchOptions options;
  options.score_threshold = all[2].score;
  EXPECT_EQ(SearchOne(*space, query, options).size(), 3u);
  options.score_threshold = all[0].score + 1;
  EXPECT_TRUE(SearchOne(*space, query, options).empty());
}

TEST(VectorSpaceTest, CancelledSearchSaysSo) {
  Gaussian random(43);
  auto space = MakeSpace(32);
  const std::vector<float> rows = random.Vector(5 * 32);
  AppendAll(*space, {rows.data(), 5, 32});
  SearchOptions options;
  options.cancelled = [] { return true; };
  EXPECT_EQ(space->Search({rows.data(), 1, 32}, options).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(VectorSpaceTest, AppendRefusesAnUnknownMeanVersion) {
  Gaussian random(44);
  auto space = MakeSpace(32), other = MakeSpace(32);
  const std::vector<float> x = random.Vector(32);
  const auto mean = other->codec().MakeMean(9, x);
  std::vector<uint8_t> code(space->codec().code_bytes());
  const std::vector<float> row = random.Vector(32);
  other->codec().Encode({row.data(), 1, 32}, mean.get(), code.data());
  EXPECT_EQ(space->Append(PointId::Number(1), 1, code.data()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(space->SetCurrentMean(9).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(space->live_rows(), 0u);
}

// Random appends, removes, mean changes and vacuums against a map.
TEST(VectorSpaceTest, HoldsWhatAMapHolds) {
  Gaussian random(45);
  const size_t dim = 16;
  auto space = MakeSpace(dim, Metric::kL2, 4);
  std::map<PointId, std::pair<Slot, std::vector<float>>> model;
  std::map<Slot, PointId> at;
  uint64_t next = 0;
  uint32_t version = 0;
  for (int step = 0; step < 30; ++step) {
    const size_t count = random.Below(2000);
    for (size_t i = 0; i < count; ++i) {
      const uint64_t number = next++;
      const PointId id =
          number % 3 == 0 ? PointId::Uuid(number + 1, ~number) : PointId::Number(number);
      std::vector<float> x = random.Vector(dim);
      std::vector<uint8_t> code(space->codec().code_bytes());
      space->codec().Encode({x.data(), 1, dim}, space->current_mean().get(), code.data());
      const Slot slot = *space->Append(id, number, code.data());
      ASSERT_EQ(at.count(slot), 0u);
      at[slot] = id;
      model[id] = {slot, std::move(x)};
    }
    const double keep = random.Uniform();
    for (auto it = model.begin(); it != model.end();) {
      if (random.Uniform() < keep) {
        ++it;
        continue;
      }
      space->Remove(it->second.first);
      at.erase(it->second.first);
      it = model.erase(it);
    }
    if (step % 5 == 4) {
      space->AddMean(space->codec().MakeMean(++version, random.UnitVector(dim)));
      ASSERT_TRUE(space->SetCurrentMean(version).ok());
    }
    space->Vacuum([&](uint64_t row, const PointId& id, Slot from, Slot to) {
      ASSERT_EQ(at[from], id);
      ASSERT_EQ(row, id.is_uuid() ? id.high - 1 : id.low);
      at.erase(from);
      at[to] = id;
      model[id].first = to;
    });
    ASSERT_EQ(space->live_rows(), model.size());
    ASSERT_GE(space->stored_rows(), model.size());
    if (model.empty()) continue;
    SearchOptions options;
    options.top_k = model.size() + 10;
    const std::vector<float> query = random.Vector(dim);
    const std::vector<Hit> hits = SearchOne(*space, query, options);
    ASSERT_EQ(hits.size(), model.size());
    for (const Hit& hit : hits) {
      const auto it = model.find(hit.id);
      ASSERT_NE(it, model.end());
      EXPECT_NEAR(hit.score, ExactScore(Metric::kL2, query.data(), it->second.second.data(), dim),
                  12);
    }
  }
  // Vacuum has kept the dead rows bounded: segments below half are gone, except for the ones being
  // filled.
  EXPECT_LE(space->stored_rows(), 2 * space->live_rows() + (version + 1) * Segment::kRows);
}

// One writer replaces rows and vacuums while readers search: every point is found by every search.
TEST(VectorSpaceTest, ReadersNeverMissARowThatIsBeingReplaced) {
  Gaussian random(46);
  const size_t dim = 32, points = 200;
  auto space = MakeSpace(dim, Metric::kDot, 2, Residual::kNone);
  std::vector<float> rows = random.Vector(points * dim);
  std::vector<Slot> slots = AppendAll(*space, {rows.data(), points, dim});
  std::atomic<bool> stop{false};
  std::atomic<int> searches{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&, t] {
      const std::vector<float> query = Gaussian(100 + static_cast<uint64_t>(t)).Vector(dim);
      SearchOptions options;
      options.top_k = 4 * points;  // room for old and new states at once
      while (!stop.load()) {
        const std::vector<Hit> hits = SearchOne(*space, query, options);
        EXPECT_EQ(hits.size(), points);
        ++searches;
        if (hits.size() != points) return;
      }
    });
  }
  uint64_t row = points;
  std::vector<uint8_t> code(space->codec().code_bytes());
  for (int i = 0; i < 40000 || searches.load() < 20; ++i) {
    const size_t p = random.Below(points);
    space->codec().Encode({rows.data() + p * dim, 1, dim}, nullptr, code.data());
    const Slot slot = *space->Append(PointId::Number(p), row++, code.data());
    space->Remove(slots[p]);
    slots[p] = slot;
    if (i % 1000 == 0) {
      space->Vacuum([&](uint64_t, const PointId& id, Slot, Slot to) { slots[id.low] = to; });
    }
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(space->live_rows(), points);
}

}  // namespace vector_space_test
}  // namespace tqdb
