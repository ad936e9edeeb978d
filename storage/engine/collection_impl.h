// The collection behind the interface: ties store, state, committer, readers and upkeep together.
//
// An upsert takes these steps. Only the last two run on the leader of the commit queue:
//
// 1. Validate the batch.
// 2. Show its vectors to the guard of each space, and commit the mean that it proposes, if any.
// 3. Encode the vectors under the mean in force.
// 4. Queue the record. The leader plans it and writes it to disk.
// 5. The leader applies it to memory and publishes the next moment. Then the caller is answered.
//
// Every call first passes the gate, so that Close can wait until no call uses the store.
//
// Left out of this file: the rules of all steps. They lie in the rooms write, read, memory and
// upkeep. This class decides their order and their lifetimes.
//
// Thread-safe.
#ifndef TQDB_STORAGE_ENGINE_COLLECTION_IMPL_H_
#define TQDB_STORAGE_ENGINE_COLLECTION_IMPL_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/api/collection.h"
#include "storage/disk/shortage.h"
#include "storage/disk/store.h"
#include "storage/engine/call_gate.h"
#include "storage/engine/payload_index_keeper.h"
#include "storage/memory/collection_state.h"
#include "storage/read/collection_reader.h"
#include "storage/upkeep/background_worker.h"
#include "storage/upkeep/maintenance.h"
#include "storage/upkeep/reencode.h"
#include "storage/write/committer.h"

namespace tqdb::storage {

class CollectionImpl : public Collection, public std::enable_shared_from_this<CollectionImpl> {
 public:
  // Opens the collection in `directory`. `worker` must outlive every call on it.
  static absl::StatusOr<std::shared_ptr<CollectionImpl>> Open(const std::string& name,
                                                              const std::string& directory,
                                                              const SharedResources& shared,
                                                              BackgroundWorker& worker);
  // Opens the collection of a store that is open already, for example one that a test has wrapped.
  static absl::StatusOr<std::shared_ptr<CollectionImpl>> Open(const std::string& name,
                                                              const std::string& directory,
                                                              std::unique_ptr<Store> store,
                                                              BackgroundWorker& worker);
  // Makes the files of an empty collection.
  static absl::Status Create(const std::string& directory, const CollectionConfig& config,
                             const SharedResources& shared);
  ~CollectionImpl() override;

  const std::string& name() const override { return name_; }
  std::shared_ptr<const CollectionConfig> config() const override { return state_->config.load(); }
  absl::StatusOr<UpsertResult> Upsert(const UpsertBatch& batch) override;
  absl::StatusOr<uint64_t> Delete(absl::Span<const PointId> ids, Durability durability) override;
  absl::StatusOr<uint64_t> DeleteMatching(const FilterSpec& spec, Durability durability) override;
  absl::StatusOr<uint64_t> UpdatePayload(const PayloadUpdate& update) override;
  absl::StatusOr<PayloadIndexInfo> CreatePayloadIndex(
      absl::string_view key, FieldKind kind, bool wait,
      const std::function<bool()>& cancelled) override;
  absl::Status DeletePayloadIndex(absl::string_view key) override;
  absl::StatusOr<std::shared_ptr<const Moment>> Now() const override;
  using Collection::Get;
  absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids, Select select,
                                               std::shared_ptr<const Moment> moment) const override;
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, const PageSpec& page) const override;
  absl::StatusOr<ScrollPage> ScrollMatching(const PointId* after, const PageSpec& page,
                                            const FilterSpec& spec) const override;
  absl::StatusOr<OrderedPage> ScrollOrdered(const OrderSpec& order, const OrderedPosition* after,
                                            const PageSpec& page,
                                            const FilterSpec* filter) const override;
  absl::StatusOr<std::vector<FacetCount>> Facet(const FacetSpec& spec) const override;
  absl::StatusOr<uint64_t> CountMatching(const FilterSpec& spec) const override;
  uint64_t Count() const override;
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(
      MatrixView queries, const SearchSpec& spec) const override;
  CollectionInfo Info() const override;
  absl::Status SetMetadata(std::map<std::string, std::string> metadata) override;
  absl::Status Flush(bool settle) override;

  // Commits a record that was made elsewhere: decoded from a log or sent by another machine.
  // Returns its result. Requires: the record is valid for this collection, which DecodeRecord
  // checks.
  absl::StatusOr<WriteResult> Commit(const WriteRecord& record, Durability durability);

  // Returns OK while writes are taken, otherwise why not, in words for callers.
  absl::Status Writable() const { return committer_.CheckWritable(); }
  // Returns whether the collection is read-only for a shortage that passes by itself.
  bool lacks_something() const { return IsShortage(committer_.ReadOnlyCause()); }
  // Returns the bytes in write buffers. Opening the collection again may write as much.
  uint64_t write_buffer_bytes() const {
    const CallGate::Call call(gate_);
    return call.status().ok() ? store_->WriteBufferBytes() : 0;
  }

  // Starts background work that a previous run left undone.
  void StartMaintenance();
  // Refuses new calls, waits for those in progress, and closes the store. With `flush`, writes the
  // memtables to table files first, so that the next open replays no log.
  absl::Status Close(bool flush);

  // Returns the state in memory, for tests that compare two collections.
  const CollectionState& state() const { return *state_; }

 private:
  // A read in progress: a call, and the moment that it sees.
  class Read {
   public:
    // A null `moment` is the one now.
    explicit Read(const CollectionImpl& collection, std::shared_ptr<const Moment> moment = nullptr);
    // Schedules upkeep if dead rows may have waited for this read alone.
    ~Read();
    Read(const Read&) = delete;
    Read& operator=(const Read&) = delete;
    const absl::Status& status() const { return call_.status(); }
    // Requires: the status is OK.
    ReadMoment& moment() { return *moment_; }

   private:
    // The order of members matters: the moment ends before the call. It holds a view of the store,
    // and Close may end the store as soon as the last call has left the gate.
    const CollectionImpl& collection_;
    const CallGate::Call call_;
    std::optional<ReadMoment> moment_;
    uint64_t number_ = 0;  // of the moment at first
  };
  // A moment that a caller holds, and the call that keeps the collection open.
  struct HeldMoment;

  CollectionImpl(std::string name, std::string directory, std::unique_ptr<Store> store,
                 std::unique_ptr<CollectionState> state, BackgroundWorker& worker);

  // Shows rows to the guard of their space. If the guard proposes a mean, commits its record.
  absl::Status AdoptMean(Space& space, MatrixView rows);
  // Returns a function that is true when a long read must end: the caller has gone, or the
  // collection is being closed. `cancelled` must outlive it.
  std::function<bool()> Stop(const std::function<bool()>& cancelled) const;
  // Returns whether there are enough dead rows for a vacuum.
  bool wants_vacuum() const;
  // Returns whether rows must be encoded again from their originals.
  bool has_stale_rows() const;
  void ScheduleMaintenance() const {
    maintenance_.Schedule(const_cast<CollectionImpl*>(this)->weak_from_this());
  }
  // Removes dead rows, completes payload indexes, re-encodes stale rows and vacuums, on the
  // background worker.
  void Maintain();

  // Members are destroyed from the last one up. Each uses only members above it: readers and
  // writers use store and state, and upkeep uses both of them. The moments of the state hold views
  // of the store, so the store stands above the state.
  const std::string name_;
  const std::string directory_;
  std::unique_ptr<Store> store_;  // reset by Close, when no call is in progress
  const std::unique_ptr<CollectionState> state_;
  mutable CallGate gate_;
  const CollectionReader reader_;
  // Lock order: Space::guard_mutex, the queue of the committer, IndexedPayloads, then the leaves.
  Committer committer_;
  PayloadIndexKeeper indexes_;
  const Reencoder reencoder_;
  mutable Maintenance maintenance_;  // reads schedule upkeep, too
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_COLLECTION_IMPL_H_
