// The command encode: rows per second of the codec, compared with the rotation alone and with the
// limit of the machine.
#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/gaussian.h"
#include "bench/data/matrix.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"
#include "bench/measure/stopwatch.h"
#include "core/codec/codec.h"
#include "core/codec/prng.h"

namespace tqdb::bench {
namespace {

// Options of the command.
struct EncodeFlags {
  CommonFlags common;
  std::vector<size_t> dims = {128, 512, 768, 1536};
  std::vector<int> code_bits = {4};
  std::vector<Residual> residuals = {Residual::kNone, Residual::kQjl};
  double seconds = 1;
};

constexpr size_t kEncodedRows = 256;     // rows of one call, as many as an upsert usually has
constexpr size_t kPoolBytes = 64 << 20;  // bytes of the rows, so that they come from memory

// Calls work(thread, batch) for one batch after the other, on `threads` threads, for `seconds`.
// Returns the rows per second.
template <typename Work>
double RowRate(size_t threads, size_t batches, double seconds, const Work& work) {
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> done{0};
  const Stopwatch watch;
  OnThreads(threads, [&](size_t thread) {
    while (watch.seconds() < seconds) {
      work(thread, next.fetch_add(1, std::memory_order_relaxed) % batches);
      done.fetch_add(kEncodedRows, std::memory_order_relaxed);
    }
  });
  return static_cast<double>(done.load()) / watch.seconds();
}

// Rows per second of the encoder, and of its largest part, the rotation, alone.
struct Rates {
  double encode;
  double rotate;
};

// Sixteen floats, one cache line. Buffers of rows begin at the start of a line.
struct alignas(64) Row {
  float values[16];
};

// Measures both rates over the same rows.
Rates MeasureRates(const Codec& codec, const Matrix& rows, size_t threads, double seconds) {
  const size_t dim = codec.dim(), batches = rows.rows / kEncodedRows;
  // Rows are rotated in groups that stay in the L1 cache, as the encoder does it.
  const size_t group = std::bit_floor(std::clamp<size_t>(2048 / dim, 1, 16)),
               stride = (dim + 15) / 16 * 16;
  std::vector<std::vector<uint8_t>> codes(threads);
  std::vector<std::vector<Row>> buffers(threads);
  for (size_t t = 0; t < threads; ++t) {
    codes[t].resize(kEncodedRows * codec.code_bytes());
    buffers[t].resize(2 * group * stride / 16);
  }
  Rates rates;
  rates.encode = RowRate(threads, batches, seconds, [&](size_t thread, size_t batch) {
    codec.Encode(rows.view().Slice(batch * kEncodedRows, kEncodedRows), nullptr,
                 codes[thread].data());
  });
  rates.rotate = RowRate(threads, batches, seconds, [&](size_t thread, size_t batch) {
    float* y = buffers[thread].data()->values;
    for (size_t r = 0; r < kEncodedRows; r += group) {
      codec.rotation().Apply(codec.kernels(), rows.values.data() + (batch * kEncodedRows + r) * dim,
                             dim, group, y, y + group * stride, stride);
    }
  });
  return rates;
}

// Returns the clock of one core in cycles per second. It times a chain of dependent 64-bit
// products, which take three cycles each on x86 CPUs of the last decade. The clock of /proc/cpuinfo
// is not the one under load.
double CyclesPerSecond() {
  constexpr int kProducts = 10'000'000, kTries = 5;
  double best = 0;
  for (int t = 0; t < kTries; ++t) {
    const Stopwatch watch;
    uint64_t x = 3;
    for (int i = 0; i < kProducts; ++i) {
      x *= x;
      asm volatile("" : "+r"(x));
    }
    best = std::max(best, 3 * kProducts / watch.seconds());
  }
  return best;
}

// Returns the vector operations that the encoder cannot do without, for one row. Loads, stores and
// scalar operations count 0. For each vector of a row:
// - the norm takes 2 (product, addition);
// - a round of a rotation takes 1 product, an addition for each stage, and a shuffle for each stage
//   inside a vector;
// - quantising takes 12 (magnitude, clamp, bin, look-up, comparison, level, look-up, 3 for the two
//   sums, sign bits, narrowing);
// - the residual stage takes two rounds and 12 more (3 for the signed centroid and its square, 9
//   for z, its two sums and the field).
double VectorOperations(const CodecOptions& options, size_t lanes) {
  const auto log2 = [](size_t n) { return static_cast<double>(std::bit_width(n) - 1); };
  double stages = 0;  // operations of one round
  for (size_t left = options.dim / 16 * 16; left > 0; left -= std::bit_floor(left)) {
    const size_t chunk = std::bit_floor(left);
    stages += static_cast<double>(chunk / lanes) * (1 + log2(chunk) + log2(lanes));
  }
  const double vectors = static_cast<double>(options.dim) / static_cast<double>(lanes);
  const bool qjl = options.residual == Residual::kQjl;
  return (Rotation::RoundsFor(options.dim) + (qjl ? 2 : 0)) * stages +
         (2 + 12 + (qjl ? 12 : 0)) * vectors;
}

// Returns the rows per second of one core if every cycle issued as many vector operations as it
// can. With AVX-512 these are two of 16 floats (on Intel; AMD does as many additions), with AVX2
// three of 8 floats. 0 at the scalar level, which has no such bound.
double RowLimit(const Codec& codec, double cycles_per_second) {
  const absl::string_view level = codec.kernels().name;
  const bool wide = absl::StartsWith(level, "avx512") || level == "amx";
  if (!wide && level != "avx2") return 0;
  return cycles_per_second * (wide ? 2 : 3) / VectorOperations(codec.options(), wide ? 16 : 8);
}

// Measures every combination of dim, bits and residual, on one thread and on all threads.
absl::Status RunEncode(const EncodeFlags& flags) {
  std::vector<size_t> thread_counts = {1};
  if (flags.common.ThreadCount() > 1) thread_counts.push_back(flags.common.ThreadCount());
  const std::unique_ptr<Report> report = flags.common.StartReport("encode");
  ProgressBar progress = StartProgress("encode", flags.dims.size() * flags.code_bits.size() *
                                                     flags.residuals.size() * thread_counts.size());
  const double cycles_per_second = CyclesPerSecond();
  for (size_t dim : flags.dims) {
    const size_t batches = std::max<size_t>(1, kPoolBytes / (kEncodedRows * dim * sizeof(float)));
    Matrix rows(batches * kEncodedRows, dim);
    ParallelFor(flags.common.ThreadCount(), rows.rows, kEncodedRows, [&](size_t begin, size_t end) {
      for (size_t r = begin; r < end; ++r)
        FillUnitVector(RandomWord(flags.common.seed, r), rows.row(r), dim);
    });
    for (int bits : flags.code_bits) {
      for (Residual residual : flags.residuals) {
        CodecOptions options;
        options.dim = dim;
        options.code_bits = bits;
        options.residual = residual;
        TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Codec> codec, Codec::Create(options));
        for (size_t threads : thread_counts) {
          const Rates rates = MeasureRates(*codec, rows, threads, flags.seconds);
          const double limit = RowLimit(*codec, cycles_per_second) * static_cast<double>(threads);
          report->Add(Record()
                          .Set("threads", uint64_t{threads})
                          .Set("rows", uint64_t{rows.rows})
                          .Set("dim", uint64_t{dim})
                          .Set("metric", NameOf(options.metric))
                          .Set("code_bits", bits)
                          .Set("residual", NameOf(residual))
                          .Set("bytes_per_vector", uint64_t{codec->code_bytes()})
                          .Set("vectors_per_s", rates.encode)
                          .Set("rotations_per_s", rates.rotate)
                          .Set("limit_vectors_per_s", limit)
                          .Set("fraction_of_limit", limit > 0 ? rates.encode / limit : 0.0));
          progress.Add(1);
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddEncodeCommand(FlagSet app) {
  auto flags = std::make_shared<EncodeFlags>();
  FlagSet command = app.AddCommand("encode",
                                   "Vectors per second of the encoder, on one thread and on "
                                   "all, beside what the core could issue; and of the "
                                   "rotation alone");
  command.Add("--dim", flags->dims, "Dims; a list")
      .Separator(',')
      .InRange(kMinCodedDim, kMaxDim)
      .ShowDefault();
  AddCodeBits(command, &flags->code_bits);
  command.AddChoices("--residual", flags->residuals, ResidualNames(),
                     "Residual stage; a list; default both");
  command.Add("--seconds", flags->seconds, "Of each measurement")
      .InRange(0.01, 3600.0)
      .ShowDefault();
  AddCommonFlags(command, &flags->common);
  command.Footer("Example: tqdb-bench encode --dim 1536 --code-bits 1,2,4 --json");
  return {command, [flags] { return RunEncode(*flags); }};
}

}  // namespace tqdb::bench
