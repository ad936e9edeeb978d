#include "bench/measure/load.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"
#include "bench/measure/stopwatch.h"

namespace tqdb::bench {
namespace {

constexpr size_t kLoadPieceRows = 8192;  // generated at a time
constexpr absl::Duration kSettledAfter = absl::Seconds(2);
constexpr absl::Duration kLongestSettling = absl::Minutes(2);
constexpr absl::Duration kPollEvery = absl::Milliseconds(200);

// Sends the batches of one client and waits for all answers. Sets `points` to the number of points
// acknowledged.
absl::Status SendShare(client::Client& client, const PointBatches& batches,
                       const LoadOptions& options, size_t first, ProgressBar& progress,
                       uint64_t* points) {
  client::UpsertStreamOptions stream_options;
  stream_options.durability = options.durability;
  stream_options.window = options.window;
  const auto stream = client.OpenUpsertStream(options.collection, stream_options);
  absl::Status sent;
  for (size_t b = first; b < batches.size() && sent.ok(); b += options.clients) {
    sent = stream->Send(batches[b]);
    progress.Add(batches[b].size());
  }
  absl::Status finished = stream->Finish();
  const client::UpsertStreamSummary summary = stream->summary();
  *points = summary.points_acked;
  if (!summary.failed.empty()) return summary.failed.front().status;
  finished.Update(sent);
  return finished;
}

}  // namespace

PointBatches MakeBatches(MatrixView rows, uint64_t first_id, size_t batch_rows) {
  PointBatches batches;
  for (size_t begin = 0; begin < rows.rows(); begin += batch_rows) {
    std::vector<client::Point>& batch = batches.emplace_back();
    for (size_t i = begin; i < std::min(begin + batch_rows, rows.rows()); ++i) {
      client::Point point;
      point.id = client::PointId::Number(first_id + i);
      point.vectors.push_back({"", std::vector<float>(rows.row(i).begin(), rows.row(i).end())});
      batch.push_back(std::move(point));
    }
  }
  return batches;
}

PointBatches GenerateBatches(const ClusterTree& tree, size_t rows, size_t batch_rows,
                             size_t threads) {
  PointBatches batches;
  ProgressBar progress = StartProgress("generate rows", rows);
  const size_t piece = std::max(kLoadPieceRows / batch_rows, size_t{1}) * batch_rows;
  for (size_t begin = 0; begin < rows; begin += piece) {
    const size_t count = std::min(piece, rows - begin);
    for (auto& batch : MakeBatches(tree.Rows(begin, count, threads).view(), begin, batch_rows)) {
      batches.push_back(std::move(batch));
    }
    progress.Add(count);
  }
  return batches;
}

absl::StatusOr<LoadResult> Load(const Target& target, const PointBatches& batches,
                                const LoadOptions& options) {
  std::vector<std::unique_ptr<client::Client>> clients;
  for (size_t c = 0; c < options.clients; ++c) {
    TQDB_ASSIGN_OR_RETURN(auto client, target.Connect());
    clients.push_back(std::move(client));
  }
  uint64_t total = 0;
  for (const auto& batch : batches) total += batch.size();
  ProgressBar progress = StartProgress(absl::StrCat("load ", options.collection), total);
  std::vector<uint64_t> points(options.clients);
  absl::Mutex mutex;
  absl::Status failure;
  const Stopwatch watch;
  OnThreads(options.clients, [&](size_t c) {
    const absl::Status status = SendShare(*clients[c], batches, options, c, progress, &points[c]);
    absl::MutexLock lock(&mutex);
    failure.Update(status);
  });
  LoadResult result;
  result.seconds = watch.seconds();
  TQDB_RETURN_IF_ERROR(failure);
  for (uint64_t count : points) result.points += count;
  return result;
}

absl::StatusOr<client::CollectionInfo> WaitUntilSettled(client::Client& client,
                                                        const std::string& collection) {
  const absl::Time deadline = absl::Now() + kLongestSettling;
  absl::Time changed = absl::Now();
  TQDB_ASSIGN_OR_RETURN(client::CollectionInfo last, client.GetCollection(collection));
  while (absl::Now() - changed < kSettledAfter && absl::Now() < deadline) {
    absl::SleepFor(kPollEvery);
    TQDB_ASSIGN_OR_RETURN(client::CollectionInfo now, client.GetCollection(collection));
    const auto centred = [](const client::CollectionInfo& info) {
      return info.vector_spaces.front().rows_under_current_mean;
    };
    if (now.disk_bytes != last.disk_bytes || now.memory_bytes != last.memory_bytes ||
        centred(now) != centred(last)) {
      changed = absl::Now();
    }
    last = std::move(now);
  }
  return last;
}

}  // namespace tqdb::bench
