// How fast float32 vectors become codes.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bench/command.h"
#include "bench/gaussian.h"
#include "bench/matrix.h"
#include "bench/parallel.h"
#include "bench/progress.h"
#include "bench/stopwatch.h"
#include "core/codec.h"
#include "core/prng.h"
#include "core/status_macros.h"

namespace tqdb::bench {
namespace {

struct Flags {
  CommonFlags common;
  std::vector<size_t> dims = {128, 512, 768, 1536};
  std::vector<int> code_bits = {4};
  std::vector<Residual> residuals = {Residual::kNone, Residual::kQjl};
  double seconds = 1;
};

constexpr size_t kBatchRows = 256;       // as the server gets them
constexpr size_t kPoolBytes = 64 << 20;  // rows come from memory, not from a cache

// Calls work(thread, batch) for ever new batches on `threads` threads for `seconds`; rows per
// second.
template <typename Work>
double RowRate(size_t threads, size_t batches, double seconds, const Work& work) {
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> done{0};
  const Stopwatch watch;
  OnThreads(threads, [&](size_t thread) {
    while (watch.seconds() < seconds) {
      work(thread, next.fetch_add(1, std::memory_order_relaxed) % batches);
      done.fetch_add(kBatchRows, std::memory_order_relaxed);
    }
  });
  return static_cast<double>(done.load()) / watch.seconds();
}

// Rates of the encoder and of its largest part, the rotation, over the same rows.
struct Rates {
  double encode;
  double rotate;
};

Rates MeasureRates(const Codec& codec, const Matrix& rows, size_t threads, double seconds) {
  const size_t dim = codec.dim(), batches = rows.rows / kBatchRows;
  std::vector<std::vector<uint8_t>> codes(threads);
  std::vector<std::vector<float>> rotated(threads), scratch(threads);
  for (size_t t = 0; t < threads; ++t) {
    codes[t].resize(kBatchRows * codec.code_bytes());
    rotated[t].resize(codec.padded_dim());
    scratch[t].resize(codec.padded_dim());
  }
  Rates rates;
  rates.encode = RowRate(threads, batches, seconds, [&](size_t thread, size_t batch) {
    codec.Encode(rows.view().Slice(batch * kBatchRows, kBatchRows), nullptr, codes[thread].data());
  });
  rates.rotate = RowRate(threads, batches, seconds, [&](size_t thread, size_t batch) {
    for (size_t r = 0; r < kBatchRows; ++r) {
      codec.rotation().Apply(codec.kernels(), rows.values.data() + (batch * kBatchRows + r) * dim,
                             rotated[thread].data(), scratch[thread].data());
    }
  });
  return rates;
}

absl::Status Run(const Flags& flags) {
  std::vector<size_t> thread_counts = {1};
  if (flags.common.ThreadCount() > 1) thread_counts.push_back(flags.common.ThreadCount());
  const std::unique_ptr<Report> report = flags.common.StartReport("encode");
  Progress progress("encode", flags.dims.size() * flags.code_bits.size() * flags.residuals.size() *
                                  thread_counts.size());
  for (size_t dim : flags.dims) {
    const size_t batches = std::max<size_t>(1, kPoolBytes / (kBatchRows * dim * sizeof(float)));
    Matrix rows(batches * kBatchRows, dim);
    ParallelFor(flags.common.ThreadCount(), rows.rows, kBatchRows, [&](size_t begin, size_t end) {
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
          report->Add(Record()
                          .Set("threads", uint64_t{threads})
                          .Set("rows", uint64_t{rows.rows})
                          .Set("dim", uint64_t{dim})
                          .Set("metric", NameOf(options.metric))
                          .Set("code_bits", bits)
                          .Set("residual", NameOf(residual))
                          .Set("bytes_per_vector", uint64_t{codec->code_bytes()})
                          .Set("vectors_per_s", rates.encode)
                          .Set("rotations_per_s", rates.rotate));
          progress.Add(1);
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddEncodeCommand(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "encode",
      "Vectors per second of the encoder, on one thread and on all, and of the rotation alone");
  command->add_option("--dim", flags->dims, "Dims; a list")
      ->delimiter(',')
      ->check(CLI::Range(kMinDim, kMaxDim))
      ->capture_default_str();
  AddCodeBits(command, &flags->code_bits);
  AddEnumList(command, "--residual", &flags->residuals, ResidualNames(),
              "Residual stage; a list; default both");
  command->add_option("--seconds", flags->seconds, "Of each measurement")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  AddCommonFlags(command, &flags->common);
  command->footer("Example: tqdb-bench encode --dim 1536 --code-bits 1,2,4 --json");
  return {command, [flags] { return Run(*flags); }};
}

}  // namespace tqdb::bench
