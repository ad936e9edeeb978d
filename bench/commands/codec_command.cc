// The command codec: distortion, variance, bias and size of codes, over many seeds of the
// rotations. It compares the codec with the theory (docs/quantization.md). The estimate of a score
// must have no bias, and its variance falls with the dim.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/data_sets.h"
#include "bench/data/gaussian.h"
#include "bench/data/ground_truth.h"
#include "bench/data/matrix.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"
#include "core/codec/codec.h"
#include "core/codec/prng.h"
#include "core/space/vector_space.h"

namespace tqdb::bench {
namespace {

struct CodecFlags {
  CommonFlags common;
  std::string data;
  std::vector<size_t> dims = {1536};
  std::vector<int> code_bits = {1, 2, 3, 4, 8};
  std::vector<Residual> residuals = {Residual::kNone, Residual::kQjl};
  size_t seeds = 200;
  size_t pairs = 48;
};

// Queries and rows; query i is scored against row i.
struct Pairs {
  std::string set;
  Matrix queries;
  Matrix rows;
  std::vector<float> mean;  // mean that is subtracted; empty: none
};

constexpr size_t kMeanRows = 1000;

// Returns pairs of random directions. They are nearly orthogonal, as most pairs of embeddings are.
Pairs RandomPairs(size_t dim, size_t count, uint64_t seed) {
  Pairs pairs = {"random", Matrix(count, dim), Matrix(count, dim), {}};
  for (size_t i = 0; i < count; ++i) {
    FillUnitVector(RandomWord(seed, 2 * i), pairs.queries.row(i), dim);
    FillUnitVector(RandomWord(seed, 2 * i + 1), pairs.rows.row(i), dim);
  }
  return pairs;
}

// Returns pairs of a real set: each query with its nearest row and with an arbitrary one. So both
// small and large scores are tested.
Pairs RealPairs(const DataSet& set, size_t count, size_t threads) {
  const size_t queries = std::min((count + 1) / 2, set.queries.rows);
  const Neighbors nearest = ExactNeighbors(Metric::kCosine, set.base.view(),
                                           set.queries.view().Slice(0, queries), 1, threads);
  Pairs pairs = {
      set.name, Matrix(2 * queries, set.base.dim), Matrix(2 * queries, set.base.dim), {}};
  for (size_t q = 0; q < queries; ++q) {
    const uint64_t rows[] = {nearest[q].front(), q * 97 % set.base.rows};
    for (size_t i = 0; i < 2; ++i) {
      std::copy_n(set.queries.row(q), set.base.dim, pairs.queries.row(2 * q + i));
      std::copy_n(set.base.row(rows[i]), set.base.dim, pairs.rows.row(2 * q + i));
    }
  }
  return pairs;
}

// Returns the mean of the rows, each scaled to norm 1, because scores are cosines here.
std::vector<float> MeanDirection(const Matrix& rows) {
  const size_t count = std::min(kMeanRows, rows.rows);
  std::vector<double> sum(rows.dim);
  for (size_t r = 0; r < count; ++r) {
    std::vector<float> row(rows.row(r), rows.row(r) + rows.dim);
    Normalize(row.data(), row.size());
    for (size_t i = 0; i < rows.dim; ++i) sum[i] += row[i];
  }
  std::vector<float> mean;
  for (double s : sum) mean.push_back(static_cast<float>(s / static_cast<double>(count)));
  return mean;
}

// Returns the mean of n values in units of its standard error, from their sum and the sum of their
// squares. Beyond about 4, the mean is not zero by chance.
double StandardScore(double sum, double squares, double n) {
  const double mean = sum / n;
  return mean / std::sqrt(std::max(squares / n - mean * mean, 1e-300) / (n - 1));
}

// Errors of the scores of the same pairs under many seeds of the rotations.
struct Statistics {
  explicit Statistics(size_t pairs) : sum(pairs), square(pairs) {}

  void Add(const std::vector<double>& errors) {
    double total = 0;
    for (size_t p = 0; p < errors.size(); ++p) {
      sum[p] += errors[p];
      square[p] += errors[p] * errors[p];
      total += errors[p];
    }
    pooled += total;
    pooled_square += total * total;
    ++seeds;
  }
  double bias_z() const { return StandardScore(pooled, pooled_square, static_cast<double>(seeds)); }
  double worst_pair_z() const {
    double worst = 0;
    for (size_t p = 0; p < sum.size(); ++p) {
      const double z = StandardScore(sum[p], square[p], static_cast<double>(seeds));
      if (std::fabs(z) > std::fabs(worst)) worst = z;
    }
    return worst;
  }
  double variance() const {
    double total = 0;
    for (double s : square) total += s;
    return total / static_cast<double>(seeds * sum.size());
  }

  std::vector<double> sum, square;       // sums of the errors of each pair, and of their squares
  double pooled = 0, pooled_square = 0;  // the same for the sum of the errors of a seed
  double distortion = 0;                 // sum of |x - decoded|^2 / |x|^2 over rows and seeds
  size_t seeds = 0;
};

// Encodes the rows under one seed, decodes them, scores the pairs, and adds the errors.
absl::Status AddSeed(const CodecOptions& options, const Pairs& pairs, Statistics& statistics,
                     absl::Mutex& mutex) {
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Codec> codec, Codec::Create(options));
  const size_t dim = options.dim;
  const auto mean = pairs.mean.empty() ? nullptr : codec->MakeMean(1, pairs.mean);
  std::vector<uint8_t> code(codec->code_bytes());
  std::vector<float> decoded(dim);
  std::vector<double> errors;
  double distortion = 0;
  for (size_t p = 0; p < pairs.rows.rows; ++p) {
    const absl::Span<const float> row = pairs.rows.view().row(p),
                                  query = pairs.queries.view().row(p);
    codec->Encode({row.data(), 1, dim}, mean.get(), code.data());
    TQDB_RETURN_IF_ERROR(codec->Decode(code, mean.get(), absl::MakeSpan(decoded)));
    double squared = 0, difference = 0;
    for (size_t i = 0; i < dim; ++i) {
      squared += double{row[i]} * row[i];
      difference += (double{row[i]} - decoded[i]) * (double{row[i]} - decoded[i]);
    }
    distortion += difference / squared;
    const float estimate = CenteredQuery::Of(*codec, query, mean.get()).Score(*codec, code.data());
    errors.push_back(double{estimate} - ExactScore(options.metric, query.data(), row.data(), dim));
  }
  absl::MutexLock lock(&mutex);
  statistics.Add(errors);
  statistics.distortion += distortion;
  return absl::OkStatus();
}

absl::StatusOr<Record> Measure(const CodecFlags& flags, CodecOptions options, const Pairs& pairs) {
  Statistics statistics(pairs.rows.rows);
  absl::Mutex mutex;
  absl::Status failure;
  ParallelFor(flags.common.ThreadCount(), flags.seeds, 1, [&](size_t begin, size_t) {
    CodecOptions seeded = options;
    seeded.seed = RandomWord(flags.common.seed, begin);
    const absl::Status status = AddSeed(seeded, pairs, statistics, mutex);
    absl::MutexLock lock(&mutex);
    failure.Update(status);
  });
  TQDB_RETURN_IF_ERROR(failure);
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Codec> codec, Codec::Create(options));
  const double dim = static_cast<double>(options.dim);
  const double bytes = static_cast<double>(codec->code_bytes());
  const double samples = static_cast<double>(flags.seeds * pairs.rows.rows);
  Record record;
  record.Set("set", pairs.set)
      .Set("rows", uint64_t{pairs.rows.rows})
      .Set("dim", uint64_t{options.dim})
      .Set("metric", NameOf(options.metric))
      .Set("code_bits", options.code_bits)
      .Set("residual", NameOf(options.residual))
      .Set("centering", pairs.mean.empty() ? "off" : "auto")
      .Set("seeds", uint64_t{flags.seeds})
      .Set("d_mse", statistics.distortion / samples)
      .Set("variance_x_dim", statistics.variance() * dim)
      .Set("bias_z", statistics.bias_z())
      .Set("worst_pair_z", statistics.worst_pair_z())
      .Set("bytes_per_vector", uint64_t{codec->code_bytes()})
      .Set("bits_per_dim", bytes * 8 / dim)
      .Set("ratio_to_f32", 4 * dim / bytes)
      .Set("ratio_to_f16", 2 * dim / bytes);
  return record;
}

absl::Status RunCodec(const CodecFlags& flags) {
  std::vector<Pairs> inputs;
  for (size_t dim : flags.dims) inputs.push_back(RandomPairs(dim, flags.pairs, flags.common.seed));
  if (!flags.data.empty()) {
    TQDB_ASSIGN_OR_RETURN(const std::vector<DataSetFiles> sets, FindDataSets(flags.data));
    for (const DataSetFiles& files : sets) {
      TQDB_ASSIGN_OR_RETURN(const DataSet set, ReadDataSet(files, {}));
      inputs.push_back(RealPairs(set, flags.pairs, flags.common.ThreadCount()));
      inputs.push_back(inputs.back());
      inputs.back().mean = MeanDirection(set.base);
    }
  }
  const std::unique_ptr<Report> report = flags.common.StartReport("codec");
  ProgressBar progress =
      StartProgress("codec", inputs.size() * flags.code_bits.size() * flags.residuals.size());
  for (const Pairs& pairs : inputs) {
    for (int bits : flags.code_bits) {
      for (Residual residual : flags.residuals) {
        CodecOptions options;
        options.dim = pairs.rows.dim;
        options.code_bits = bits;
        options.residual = residual;
        TQDB_ASSIGN_OR_RETURN(const Record record, Measure(flags, options, pairs));
        report->Add(record);
        progress.Add(1);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddCodecCommand(FlagSet app) {
  auto flags = std::make_shared<CodecFlags>();
  FlagSet command = app.AddCommand(
      "codec", "Distortion, variance and bias of codes, and what they cost in bytes");
  command.Add("--data", flags->data, "Directory of sets: also real pairs of each, centred and not");
  command.Add("--dim", flags->dims, "Dims of the random pairs; a list")
      .Separator(',')
      .InRange(kMinDim, kMaxDim)
      .ShowDefault();
  AddCodeBits(command, &flags->code_bits);
  command.AddChoices("--residual", flags->residuals, ResidualNames(),
                     "Residual stage; a list; default both");
  command.Add("--seeds", flags->seeds, "Rotations to average over")
      .InRange(2, 1'000'000)
      .ShowDefault();
  command.Add("--pairs", flags->pairs, "Pairs of vectors, each scored under every seed")
      .InRange(2, 100'000)
      .ShowDefault();
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "d_mse is |x - decoded|^2 / |x|^2; variance_x_dim that of the estimated cosine, times dim; "
      "bias_z the\n"
      "mean over seeds of (estimate - true) in standard errors. residual none is the code alone.\n"
      "Example: tqdb-bench codec --data sets --code-bits 2,4 --json");
  return {command, [flags] { return RunCodec(*flags); }};
}

}  // namespace tqdb::bench
