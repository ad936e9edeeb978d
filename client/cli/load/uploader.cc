#include "client/cli/load/uploader.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tqdb::client {
namespace {

// Pauses double from the first to the longest one: 100, 200, 400 ms, ...
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
// Interval at which a pause looks whether the user has interrupted.
constexpr absl::Duration kPollInterval = absl::Milliseconds(50);

// gRPC's words for a message above the limit of a side.
bool IsTooLarge(const absl::Status& status) {
  return absl::IsResourceExhausted(status) &&
         absl::StrContains(status.message(), "larger than max");
}

// Returns whether the rows of a batch are at fault, so that others may be good.
bool IsFaultOfRows(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status) || IsTooLarge(status);
}

// Returns whether the same request may succeed later. A connection that was cut shows as any of
// these codes, and a server that is short of memory or disk space as ResourceExhausted.
bool MayPass(const absl::Status& status) {
  if (IsTooLarge(status)) return false;
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status) || absl::IsCancelled(status) ||
         absl::IsResourceExhausted(status) ||
         (absl::IsInternal(status) && absl::StrContains(status.message(), "RST_STREAM")) ||
         (absl::IsUnknown(status) && absl::StrContains(status.message(), "Stream removed"));
}

// Returns `rows` without those whose id comes again later among them.
std::vector<size_t> LastOfEachId(const Batch& batch, absl::Span<const size_t> rows) {
  absl::flat_hash_set<PointId> seen;
  seen.reserve(rows.size());
  std::vector<size_t> last;
  last.reserve(rows.size());
  for (size_t i = rows.size(); i-- > 0;) {
    if (seen.insert(batch.points[rows[i]].id).second) last.push_back(rows[i]);
  }
  std::reverse(last.begin(), last.end());
  return last;
}

std::vector<size_t> AllRows(const Batch& batch) {
  std::vector<size_t> rows(batch.points.size());
  std::iota(rows.begin(), rows.end(), size_t{0});
  return rows;
}

std::vector<Point> Copy(const Batch& batch, absl::Span<const size_t> rows) {
  std::vector<Point> points;
  points.reserve(rows.size());
  for (size_t row : rows) points.push_back(batch.points[row]);
  return points;
}

}  // namespace

Uploader::Uploader(Client& client, UploadOptions options)
    : client_(client),
      options_(std::move(options)),
      next_row_(options_.first_row),
      stop_row_(std::numeric_limits<uint64_t>::max()) {}

Uploader::~Uploader() = default;

UploadCounts Uploader::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

uint64_t Uploader::resume_row() const {
  absl::MutexLock lock(&mutex_);
  uint64_t row = std::min(next_row_, stop_row_);
  if (!unanswered_.empty()) row = std::min(row, unanswered_.front().batch.places.front().row);
  for (const Answered& answered : answered_) {
    if (!answered.status.ok()) row = std::min(row, answered.batch.places.front().row);
  }
  return row;
}

uint64_t Uploader::rows_in_doubt() const {
  absl::MutexLock lock(&mutex_);
  uint64_t rows = 0;
  for (const Waiting& waiting : unanswered_) {
    if (waiting.sent) rows += waiting.batch.points.size();
  }
  return rows;
}

void Uploader::Say(const std::string& text) const {
  if (options_.say) options_.say(text);
}

bool Uploader::Interrupted() const { return options_.interrupted && options_.interrupted(); }

absl::Status Uploader::Note(const absl::Status& status) {
  if (ended_.ok()) ended_ = status;
  return status;
}

void Uploader::OnAck(const BatchAck& ack) {
  absl::MutexLock lock(&mutex_);
  Batch batch = std::move(unanswered_.front().batch);
  unanswered_.pop_front();
  --on_stream_;
  break_began_ = absl::InfiniteFuture();
  if (ack.status.ok()) {
    counts_.acknowledged += ack.points;
    counts_.inserted += ack.result.inserted;
    counts_.replaced += ack.result.replaced;
    counts_.skipped += ack.result.skipped;
    counts_.repeated += batch.points.size() - ack.points;
  }
  if (ack.status.ok() && answered_.empty()) return;
  answered_.push_back({std::move(batch), ack.status});
}

absl::Status Uploader::Pump() {
  while (true) {
    const Batch* batch = nullptr;
    bool sent_before = false;
    {
      absl::MutexLock lock(&mutex_);
      if (on_stream_ == unanswered_.size()) return absl::OkStatus();
      // Answers remove only batches before this one, so the pointer stays valid.
      Waiting& next = unanswered_[on_stream_++];
      sent_before = std::exchange(next.sent, true);
      batch = &next.batch;
    }
    if (stream_ == nullptr) {
      stream_ = client_.OpenUpsertStream(options_.collection,
                                         {.durability = options_.durability,
                                          .mode = options_.mode,
                                          .window = options_.window,
                                          .stall_timeout = options_.stall_timeout,
                                          .on_ack = [this](const BatchAck& ack) { OnAck(ack); },
                                          .interrupted = options_.interrupted});
    }
    const std::vector<size_t> rows = LastOfEachId(*batch, AllRows(*batch));
    absl::Status status = rows.size() == batch->points.size() ? stream_->Send(batch->points)
                                                              : stream_->Send(Copy(*batch, rows));
    if (status.ok()) continue;
    {
      absl::MutexLock lock(&mutex_);
      unanswered_[--on_stream_].sent = sent_before;
    }
    if (absl::IsCancelled(status) && Interrupted()) return status;
    if (status = Recover(status); !status.ok()) return status;
  }
}

absl::Status Uploader::Drain() {
  while (true) {
    if (absl::Status status = Pump(); !status.ok()) return status;
    if (stream_ == nullptr) return absl::OkStatus();
    absl::Status status = stream_->Finish();
    stream_.reset();
    {
      absl::MutexLock lock(&mutex_);
      on_stream_ = 0;
      if (unanswered_.empty()) return absl::OkStatus();
    }
    if (status.ok()) status = absl::UnavailableError("the server closed the stream");
    if (status = Recover(status); !status.ok()) return status;
  }
}

absl::Status Uploader::Recover(const absl::Status& error) {
  stream_.reset();  // waits until no answer is being handled
  absl::Time began;
  bool new_break = false;
  {
    absl::MutexLock lock(&mutex_);
    on_stream_ = 0;
    if (!MayPass(error) || options_.retry_for <= absl::ZeroDuration()) return error;
    new_break = break_began_ == absl::InfiniteFuture();
    if (new_break) {
      break_began_ = absl::Now();
      ++counts_.reconnects;
    }
    began = break_began_;
  }
  if (new_break) {
    attempts_ = 0;
    Say(absl::StrCat("the upload was cut off (", error.message(), "); trying again for up to ",
                     absl::FormatDuration(options_.retry_for)));
  }
  if (absl::Now() - began >= options_.retry_for) {
    return absl::Status(error.code(), absl::StrCat(error.message(), "; gave up after ",
                                                   absl::FormatDuration(options_.retry_for)));
  }
  const double growth = static_cast<double>(int64_t{1} << std::min(attempts_++, 20));
  const absl::Time end = absl::Now() + std::min(kFirstPause * growth, kLongestPause);
  while (absl::Now() < end) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    absl::SleepFor(kPollInterval);
  }
  return absl::OkStatus();
}

absl::Status Uploader::Refuse(const RowPlace& place, const absl::Status& error) {
  const std::string where =
      options_.describe ? options_.describe(place) : absl::StrCat("row ", place.row);
  const absl::Status status(error.code(), absl::StrCat(where, ": ", error.message()));
  {
    absl::MutexLock lock(&mutex_);
    ++counts_.refused;
    if (!options_.keep_going) stop_row_ = std::min(stop_row_, place.row);
  }
  if (options_.on_refused) options_.on_refused(place, status);
  return options_.keep_going ? absl::OkStatus() : status;
}

absl::Status Uploader::Upsert(const Batch& batch, absl::Span<const size_t> rows) {
  const std::vector<size_t> last = LastOfEachId(batch, rows);
  const std::vector<Point> points = Copy(batch, last);
  while (true) {
    const absl::StatusOr<UpsertResult> result = client_.Upsert(
        options_.collection, points, options_.mode, std::nullopt, options_.durability);
    if (result.ok()) {
      absl::MutexLock lock(&mutex_);
      break_began_ = absl::InfiniteFuture();
      counts_.acknowledged += points.size();
      counts_.inserted += result->inserted;
      counts_.replaced += result->replaced;
      counts_.skipped += result->skipped;
      counts_.repeated += rows.size() - points.size();
      return absl::OkStatus();
    }
    if (!MayPass(result.status())) return result.status();
    if (absl::Status status = Recover(result.status()); !status.ok()) return status;
  }
}

absl::Status Uploader::Store(const Batch& batch, absl::Span<const size_t> rows, bool refused) {
  if (!refused || rows.size() == 1) {
    absl::Status status = Upsert(batch, rows);
    if (status.ok() || !IsFaultOfRows(status)) return status;
    if (rows.size() == 1) return Refuse(batch.places[rows[0]], status);
  }
  const size_t half = rows.size() / 2;
  absl::Status status = Store(batch, rows.first(half), /*refused=*/false);
  if (!status.ok()) return status;
  return Store(batch, rows.subspan(half), /*refused=*/false);
}

absl::Status Uploader::SettleBatch(const Answered& refused, absl::Span<const Answered> later) {
  absl::flat_hash_set<PointId> stored_later;
  for (const Answered& answered : later) {
    if (!answered.status.ok()) continue;
    for (const Point& point : answered.batch.points) stored_later.insert(point.id);
  }
  std::vector<size_t> rows;
  for (size_t row : AllRows(refused.batch)) {
    if (!stored_later.contains(refused.batch.points[row].id)) rows.push_back(row);
  }
  const size_t dropped = refused.batch.points.size() - rows.size();
  {
    absl::MutexLock lock(&mutex_);
    counts_.repeated += dropped;
  }
  if (rows.empty()) return absl::OkStatus();
  return Store(refused.batch, rows, dropped == 0 && IsFaultOfRows(refused.status));
}

absl::Status Uploader::Settle(bool search_allowed) {
  while (true) {
    RowPlace alone;
    absl::Status status;
    bool search = false;
    {
      absl::MutexLock lock(&mutex_);
      if (answered_.empty()) return absl::OkStatus();
      const Answered& front = answered_.front();
      status = front.status;
      alone = front.batch.places.front();
      search = MayPass(status) || (IsFaultOfRows(status) && front.batch.points.size() > 1);
      if (!status.ok() && !search && !IsFaultOfRows(status)) return status;
      if (search && !search_allowed) return absl::OkStatus();
      if (!search) answered_.erase(answered_.begin());
    }
    if (status.ok()) continue;
    if (!search) {
      if (absl::Status refused = Refuse(alone, status); !refused.ok()) return refused;
      continue;
    }
    if (absl::Status drained = Drain(); !drained.ok()) return drained;
    std::vector<Answered> answered;
    {
      absl::MutexLock lock(&mutex_);
      answered = std::exchange(answered_, {});
    }
    for (size_t i = 0; i < answered.size(); ++i) {
      if (answered[i].status.ok()) continue;
      const bool known = IsFaultOfRows(answered[i].status) || MayPass(answered[i].status);
      absl::Status settled =
          known ? SettleBatch(answered[i], absl::MakeConstSpan(answered).subspan(i + 1))
                : answered[i].status;
      if (settled.ok()) continue;
      // The batches from here on stay unsettled, for resume_row().
      absl::MutexLock lock(&mutex_);
      answered.erase(answered.begin(), answered.begin() + static_cast<std::ptrdiff_t>(i));
      if (stop_row_ < std::numeric_limits<uint64_t>::max()) answered.erase(answered.begin());
      answered_ = std::move(answered);
      return settled;
    }
  }
}

absl::Status Uploader::Send(Batch batch) {
  if (!ended_.ok()) return ended_;
  if (absl::Status status = Settle(/*search=*/true); !status.ok()) return Note(status);
  next_row_ = batch.places.back().row + 1;
  if (batch.points.size() == 1 && batch.bytes > options_.max_message_bytes) {
    return Note(Refuse(batch.places[0],
                       absl::InvalidArgumentError(absl::StrCat(
                           "the row has about ", batch.bytes,
                           " bytes; the server takes messages of ", options_.max_message_bytes))));
  }
  {
    absl::MutexLock lock(&mutex_);
    unanswered_.push_back({.batch = std::move(batch)});
  }
  return Note(Pump());
}

absl::Status Uploader::Tend() {
  if (!ended_.ok()) return ended_;
  if (absl::Status status = Settle(/*search=*/true); !status.ok()) return Note(status);
  if (stream_ == nullptr || !stream_->ended()) return absl::OkStatus();
  const absl::Status error = stream_->Finish();
  stream_.reset();
  {
    absl::MutexLock lock(&mutex_);
    on_stream_ = 0;
    if (unanswered_.empty()) return absl::OkStatus();
  }
  if (absl::Status status = Recover(error); !status.ok()) return Note(status);
  return Note(Pump());
}

absl::Status Uploader::Finish() {
  if (!ended_.ok() || Interrupted()) {
    if (stream_ != nullptr) stream_->Finish().IgnoreError();
    stream_.reset();
    Note(Settle(/*search=*/false)).IgnoreError();
    return ended_;
  }
  if (absl::Status status = Drain(); !status.ok()) return Note(status);
  return Note(Settle(/*search=*/true));
}

}  // namespace tqdb::client
