// The collection behind the interface: ties store, memory, commit queue, reader and background
// work.
#ifndef TQDB_STORAGE_ENGINE_COLLECTION_IMPL_H_
#define TQDB_STORAGE_ENGINE_COLLECTION_IMPL_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/loader.h"
#include "storage/read/filter_reader.h"
#include "storage/read/point_reader.h"
#include "storage/read/searcher.h"
#include "storage/read/term_searcher.h"
#include "storage/upkeep/background_worker.h"
#include "storage/upkeep/reencode.h"
#include "storage/write/commit_queue.h"
#include "storage/write/writes.h"

namespace tqdb::storage {

class CollectionImpl : public Collection, public std::enable_shared_from_this<CollectionImpl> {
 public:
  // Opens the collection in `directory`. `worker` must outlive every call on it.
  static absl::StatusOr<std::shared_ptr<CollectionImpl>> Open(const std::string& name,
                                                              const std::string& directory,
                                                              const SharedResources& shared,
                                                              BackgroundWorker& worker);
  // Makes the files of an empty collection.
  static absl::Status Create(const std::string& directory, const CollectionConfig& config,
                             const SharedResources& shared);
  ~CollectionImpl() override;

  const std::string& name() const override { return name_; }
  CollectionConfig config() const override;
  absl::StatusOr<UpsertResult> Upsert(const UpsertBatch& batch) override;
  absl::StatusOr<uint64_t> Delete(absl::Span<const PointId> ids, Durability durability) override;
  absl::StatusOr<uint64_t> DeleteMatching(const FilterSpec& spec, Durability durability) override;
  absl::StatusOr<uint64_t> UpdatePayload(const PayloadUpdate& update) override;
  absl::StatusOr<PayloadIndexInfo> CreatePayloadIndex(
      absl::string_view key, FieldKind kind, bool wait,
      const std::function<bool()>& cancelled) override;
  absl::Status DeletePayloadIndex(absl::string_view key) override;
  absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids,
                                               Select select) const override;
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit,
                                    Select select) const override;
  absl::StatusOr<ScrollPage> ScrollMatching(const PointId* after, size_t limit, Select select,
                                            const FilterSpec& spec) const override;
  absl::StatusOr<OrderedPage> ScrollOrdered(const OrderSpec& order, const OrderedPosition* after,
                                            size_t limit, Select select,
                                            const FilterSpec* filter) const override;
  absl::StatusOr<std::vector<FacetCount>> Facet(const FacetSpec& spec) const override;
  absl::StatusOr<uint64_t> CountMatching(const FilterSpec& spec) const override;
  uint64_t Count() const override { return memory_->index.size(); }
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(
      MatrixView queries, const SearchSpec& spec) const override;
  CollectionInfo Info() const override;
  absl::Status SetMetadata(std::map<std::string, std::string> metadata) override;
  absl::Status Flush(bool settle) override;

  // Starts background work that a previous run left undone.
  void StartMaintenance();
  // Refuses new calls, waits for those under way, and closes the store. Memtables are flushed when
  // `flush`, so that the next open replays no log.
  absl::Status Close(bool flush);

 private:
  // A call under way; Close waits for it. Not ok() once closing has begun.
  class Call {
   public:
    explicit Call(const CollectionImpl& collection);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    const absl::Status& status() const { return status_; }

   private:
    const CollectionImpl& collection_;
    absl::Status status_;
  };

  CollectionImpl(std::string name, std::string directory, std::unique_ptr<Store> store,
                 LoadedCollection loaded, BackgroundWorker& worker);

  absl::Status CommitGroup(absl::Span<QueuedWrite* const> group);
  // Part of a group, in one write to disk.
  absl::Status CommitPart(absl::Span<QueuedWrite* const> part, bool sync);
  absl::Status Commit(Write& write);
  // Shows rows to the guard of their space and adopts the mean it proposes, if any.
  absl::Status AdoptMean(Space& space, MatrixView rows);
  EncodedVectors Encode(Space& space, const SpaceVectors& vectors, size_t num_points) const;
  // One list of hits, of a spec with a text or a sparse vector.
  absl::StatusOr<std::vector<PointRecord>> SearchTerms(const SearchSpec& spec,
                                                       const PreparedFilter* filter) const;

  // OK while writes are taken; otherwise why not.
  absl::Status CheckWritable() const;
  absl::Status MarkReadOnly(const absl::Status& cause);
  bool closing() const;

  // Vacuums spaces that ask for it after points were deleted.
  void VacuumAfterDelete();
  std::vector<PayloadIndexInfo> PayloadIndexes() const;
  // Completes the payload indexes that have not seen every row.
  void CompletePayloadIndexes();
  // What ends a long read: the caller's wish, or that the collection is being closed.
  std::function<bool()> Stop(const std::function<bool()>& cancelled) const;
  void ScheduleMaintenance();
  void Maintain();

  const std::string name_;
  const std::string directory_;
  BackgroundWorker& worker_;
  std::unique_ptr<Store> store_;  // reset by Close, when no call is under way
  const std::unique_ptr<CollectionState> memory_;
  const PointReader reader_;
  const FilterReader filter_reader_;
  const Searcher searcher_;
  const TermSearcher term_searcher_;
  const Reencoder reencoder_;
  CommitQueue queue_;
  bool unsynced_writes_ = false;  // of the leader of the queue

  absl::Mutex index_mutex_;  // held while a payload index is made or deleted

  // Lock order: Space::guard_mutex or index_mutex_, CommitQueue, IndexedPayloads, then the leaves:
  // mutex_, IdIndex, WarmUpRows.
  mutable absl::Mutex mutex_;
  CollectionConfig config_ ABSL_GUARDED_BY(mutex_);
  absl::Status write_error_ ABSL_GUARDED_BY(mutex_);
  mutable uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool maintaining_ ABSL_GUARDED_BY(mutex_) = false;     // scheduled or running
  bool maintain_again_ ABSL_GUARDED_BY(mutex_) = false;  // asked for while it ran
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_COLLECTION_IMPL_H_
