// A store in memory, for tests that need thousands of collections and faults at a chosen moment.
//
// Its data outlives it, as a disk does: another store on the same data is what a restart finds. A
// fault makes the n-th operation from now fail, with or without effect, by a status or by an
// exception.
#ifndef TQDB_TESTS_STORAGE_MEMORY_STORE_H_
#define TQDB_TESTS_STORAGE_MEMORY_STORE_H_

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/disk/store.h"
#include "tests/storage/allocation_fault.h"

namespace tqdb::storage {

class MemoryStore : public Store {
 public:
  using Families = std::array<std::map<std::string, std::string>, kNumFamilies>;
  // The data of a store, and the faults that are to come.
  struct Disk {
    absl::Mutex mutex;
    Families families ABSL_GUARDED_BY(mutex);
    enum class Fault { kNone, kStatus, kException, kStatusAfterEffect, kExceptionAfterEffect };
    Fault fault ABSL_GUARDED_BY(mutex) = Fault::kNone;
    uint64_t fault_in ABSL_GUARDED_BY(mutex) = 0;  // operations before the one that fails
    bool faulted ABSL_GUARDED_BY(mutex) = false;
    uint64_t operations ABSL_GUARDED_BY(mutex) = 0;
    std::function<void()> before_write;  // null for none
  };

  explicit MemoryStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  std::unique_ptr<Batch> NewBatch(size_t) const override { return std::make_unique<MemoryBatch>(); }

  absl::Status Write(Batch& batch, bool) override {
    const AllocationFault::Pause pause;
    if (disk_->before_write) disk_->before_write();
    absl::MutexLock lock(&disk_->mutex);
    const Disk::Fault fault = NextFault();
    if (fault == Disk::Fault::kStatus) return Failed();
    if (fault == Disk::Fault::kException) throw std::bad_alloc();
    for (const auto& [family, key, value] : static_cast<MemoryBatch&>(batch).entries) {
      auto& map = disk_->families[static_cast<size_t>(family)];
      if (value) {
        map[key] = *value;
      } else {
        map.erase(key);
      }
    }
    if (fault == Disk::Fault::kStatusAfterEffect) return Failed();
    if (fault == Disk::Fault::kExceptionAfterEffect) throw std::bad_alloc();
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    absl::MutexLock lock(&disk_->mutex);
    return Fail();
  }

  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 absl::string_view key) const override {
    const AllocationFault::Pause pause;
    absl::MutexLock lock(&disk_->mutex);
    if (const absl::Status status = Fail(); !status.ok()) return status;
    return Find(disk_->families, family, key);
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, absl::Span<const Key> keys, const ReadView* view) const override {
    const AllocationFault::Pause pause;
    absl::MutexLock lock(&disk_->mutex);
    if (const absl::Status status = Fail(); !status.ok()) return status;
    const Families& families =
        view != nullptr ? static_cast<const MemoryView*>(view)->families : disk_->families;
    std::vector<std::optional<std::string>> values;
    for (const Key& key : keys) values.push_back(Find(families, family, key.view()));
    return values;
  }

  std::unique_ptr<ReadView> TakeReadView() const override {
    const AllocationFault::Pause pause;
    absl::MutexLock lock(&disk_->mutex);
    auto view = std::make_unique<MemoryView>();
    view->families = disk_->families;
    return view;
  }

  uint64_t WriteBufferBytes() const override { return 0; }

  std::unique_ptr<Cursor> Scan(const Range& range) const override {
    const AllocationFault::Pause pause;
    absl::MutexLock lock(&disk_->mutex);
    const Families& families = range.view != nullptr
                                   ? static_cast<const MemoryView*>(range.view)->families
                                   : disk_->families;
    auto cursor = std::make_unique<MemoryCursor>();
    const auto& map = families[static_cast<size_t>(range.family)];
    auto it = map.lower_bound(std::string(range.lower));
    for (; it != map.end() && (range.upper.empty() || it->first < range.upper); ++it) {
      cursor->entries.emplace_back(it->first, it->second);
    }
    return cursor;
  }

  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status background_error() const override { return absl::OkStatus(); }

 private:
  struct Entry {
    Family family;
    std::string key;
    std::optional<std::string> value;
  };
  struct MemoryBatch : Batch {
    void Put(Family family, absl::string_view key, absl::string_view value) override {
      entries.push_back({family, std::string(key), std::string(value)});
    }
    void Delete(Family family, absl::string_view key) override {
      entries.push_back({family, std::string(key), std::nullopt});
    }
    bool empty() const override { return entries.empty(); }
    std::vector<Entry> entries;
  };
  struct MemoryView : ReadView {
    Families families;
  };
  struct MemoryCursor : Cursor {
    bool Valid() const override { return at < entries.size(); }
    void Next() override { ++at; }
    void Seek(absl::string_view key) override {
      for (at = 0; at < entries.size() && entries[at].first < key;) ++at;
    }
    absl::string_view key() const override { return entries[at].first; }
    absl::string_view value() const override { return entries[at].second; }
    absl::Status status() const override { return absl::OkStatus(); }
    std::vector<std::pair<std::string, std::string>> entries;
    size_t at = 0;
  };

  static std::optional<std::string> Find(const Families& families, Family family,
                                         absl::string_view key) {
    const auto& map = families[static_cast<size_t>(family)];
    const auto it = map.find(std::string(key));
    return it == map.end() ? std::nullopt : std::optional<std::string>(it->second);
  }
  static absl::Status Failed() { return absl::InternalError("the test's fault"); }

  Disk::Fault NextFault() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(disk_->mutex) {
    ++disk_->operations;
    if (disk_->fault == Disk::Fault::kNone || disk_->fault_in-- > 0) return Disk::Fault::kNone;
    disk_->faulted = true;
    return std::exchange(disk_->fault, Disk::Fault::kNone);
  }
  // The same for operations without effect.
  absl::Status Fail() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(disk_->mutex) {
    switch (NextFault()) {
      case Disk::Fault::kNone: return absl::OkStatus();
      case Disk::Fault::kException:
      case Disk::Fault::kExceptionAfterEffect: throw std::bad_alloc();
      default: return Failed();
    }
  }

  const std::shared_ptr<Disk> disk_;
};

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_MEMORY_STORE_H_
