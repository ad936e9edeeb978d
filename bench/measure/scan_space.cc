#include "bench/measure/scan_space.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/data/gaussian.h"
#include "bench/data/matrix.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"

namespace tqdb::bench {
namespace {

constexpr size_t kSpaceMeanRows = 1000;
constexpr size_t kSpacePieceRows = 4096;  // made and encoded at a time
constexpr size_t kRowFloatBytes = 3 * sizeof(float);

// Returns the mean of some rows. Under COSINE each is scaled to norm 1 first, as the codec does it.
std::vector<float> MeanOf(const RowSource& source, Metric metric) {
  const size_t count = std::min(kSpaceMeanRows, source.rows());
  std::vector<double> sum(source.dim());
  for (size_t i = 0; i < count; ++i) {
    Matrix row = source.Rows(i * source.rows() / count, 1, 1);
    if (metric == Metric::kCosine) Normalize(row.row(0), row.dim);
    for (size_t j = 0; j < row.dim; ++j) sum[j] += row.row(0)[j];
  }
  std::vector<float> mean;
  for (double s : sum) mean.push_back(static_cast<float>(s / static_cast<double>(count)));
  return mean;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorSpace>> FillSpace(const RowSource& source,
                                                       const CodecOptions& options,
                                                       Centering centering, const Kernels* kernels,
                                                       size_t threads) {
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<VectorSpace> space, VectorSpace::Create(options, kernels));
  const Codec& codec = space->codec();
  TQDB_RETURN_IF_ERROR(codec.Validate(source.queries().view()));
  if (centering == Centering::kAuto) {
    space->AddMean(codec.MakeMean(1, MeanOf(source, options.metric)));
    TQDB_RETURN_IF_ERROR(space->SetCurrentMean(1));
  }
  const auto mean = space->current_mean();
  ProgressBar progress = StartProgress(
      absl::StrCat("scan: encode ", source.name(), ", ", codec.kernels().name, " kernels"),
      source.rows());
  std::vector<uint8_t> codes(kSpacePieceRows * codec.code_bytes());
  for (size_t begin = 0; begin < source.rows(); begin += kSpacePieceRows) {
    const size_t count = std::min(kSpacePieceRows, source.rows() - begin);
    const Matrix rows = source.Rows(begin, count, threads);
    TQDB_RETURN_IF_ERROR(codec.Validate(rows.view()));
    ParallelFor(threads, count, 256, [&](size_t first, size_t end) {
      codec.Encode(rows.view().Slice(first, end - first), mean.get(),
                   codes.data() + first * codec.code_bytes());
    });
    for (size_t i = 0; i < count; ++i) {
      TQDB_ASSIGN_OR_RETURN(const Slot slot, space->Append(PointId::Number(begin + i), begin + i,
                                                           codes.data() + i * codec.code_bytes()));
      (void)slot;
    }
    progress.Add(count);
  }
  return space;
}

RowCost SignsCost(const Codec& codec) {
  return {codec.padded_dim() / 8 + kRowFloatBytes, codec.padded_dim() / 4, 0};
}

RowCost CodesCost(const Codec& codec) {
  return {codec.padded_dim() / 8 + codec.packing().bytes + kRowFloatBytes, 0, codec.padded_dim()};
}

}  // namespace tqdb::bench
