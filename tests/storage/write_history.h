// Random histories of a collection, and a description of all that it is: what the tests of the
// write path share.
#ifndef TQDB_TESTS_STORAGE_WRITE_HISTORY_H_
#define TQDB_TESTS_STORAGE_WRITE_HISTORY_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/engine/collection_impl.h"
#include "storage/memory/loader.h"
#include "storage/write/record_format.h"
#include "storage/write/upsert_encoder.h"
#include "tests/storage/fixture.h"
#include "tests/storage/memory_store.h"

namespace tqdb::storage {

// Returns how many histories or faults a test goes through: TQDB_HISTORIES, or else `usual`.
inline int HistoriesOr(int usual) {
  const char* text = getenv("TQDB_HISTORIES");
  return text != nullptr ? atoi(text) : usual;
}

// Returns the lines as one text, so that two descriptions are compared and printed whole.
inline std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

// Every kind of space: originals in both forms, codes alone, sparse.
inline CollectionConfig HistoryConfig() {
  CollectionConfig config = ConfigOf({SpaceOf("full", 8), SpaceOf("codes", 8), SpaceOf("half", 8)});
  config.spaces[1].store_vectors = StoreVectors::kNone;
  config.spaces[1].codec.metric = Metric::kDot;
  config.spaces[2].store_vectors = StoreVectors::kF16;
  config.spaces[2].codec.metric = Metric::kL2;
  config.spaces[2].codec.code_bits = 2;
  config.sparse_spaces = {{"terms"}};
  return config;
}

inline Filter KeyIs(const std::string& key, const std::string& value) {
  return {.must = {{FieldCondition{key, MatchValue{value}}}},
          .should = {},
          .must_not = {},
          .min_should = {}};
}

// A collection on a disk in memory, which can be opened any number of times.
class MemoryCollection {
 public:
  explicit MemoryCollection(BackgroundWorker& worker)
      : worker_(worker), disk_(std::make_shared<MemoryStore::Disk>()) {
    MemoryStore store(disk_);
    EXPECT_TRUE(InitializeStore(store, HistoryConfig()).ok());
    Reopen();
  }
  ~MemoryCollection() { Close(); }

  // As after a crash: nothing is flushed, and only the disk is left.
  void Reopen() {
    Close();
    collection_ = OpenAnother();
  }
  // A second view of the same disk, loaded from it.
  std::shared_ptr<CollectionImpl> OpenAnother() {
    auto opened =
        CollectionImpl::Open("c", "/nonexistent", std::make_unique<MemoryStore>(disk_), worker_);
    if (!opened.ok()) {
      ADD_FAILURE() << opened.status();
      abort();
    }
    return *std::move(opened);
  }

  CollectionImpl& operator*() const { return *collection_; }
  CollectionImpl* operator->() const { return collection_.get(); }
  MemoryStore::Disk& disk() { return *disk_; }

 private:
  // Upkeep may hold the collection a moment longer: it must not write any more.
  void Close() {
    if (collection_ != nullptr) collection_->Close(/*flush=*/false).IgnoreError();
    collection_.reset();
  }

  BackgroundWorker& worker_;
  const std::shared_ptr<MemoryStore::Disk> disk_;
  std::shared_ptr<CollectionImpl> collection_;
};

// Makes random records, as callers of a collection would.
class HistoryMaker {
 public:
  explicit HistoryMaker(uint64_t seed) : random_(seed) {}

  testing::Gaussian& random() { return random_; }

  PointId RandomId() {
    const uint64_t number = random_.Below(40);
    return number < 30 ? PointId::Number(number) : PointId::Uuid(number, number * 7);
  }

  std::string RandomPayload() {
    switch (random_.Below(6)) {
      case 0: return "";
      case 1: return "{\"k\": 5, \"other\": [1, {\"k\": \"a\"}]}";
      default:
        return absl::StrCat("{\"k\": \"", Word(), "\", \"n\": ", random_.Below(9), ", \"t\": \"",
                            Word(), " ", Word(), "\"}");
    }
  }

  // Vectors share a direction, so that a mean is worth adopting.
  std::vector<float> RandomVector() {
    std::vector<float> vector = random_.Vector(8);
    for (size_t i = 0; i < vector.size(); ++i) vector[i] = 0.4f * vector[i] + (i % 2 == 0 ? 1 : -1);
    return vector;
  }

  SparseVector RandomSparse() {
    const auto first = static_cast<uint32_t>(random_.Below(5));
    return {{first, first + 3}, {1.5f, -0.5f}};
  }

  // The bytes of a random record for a collection as it is.
  std::string RandomRecord(const CollectionImpl& collection) {
    switch (random_.Below(20)) {
      case 0:
      case 1:
      case 2: return DeleteRecordBytes(collection);
      case 3:
      case 4:
      case 5: return EditBytes();
      case 6: return MeanBytes(collection);
      case 7:
      case 8: return IndexBytes();
      case 9: {
        MetadataRecord set;
        set.metadata["m"] = Word();
        return EncodeRecord(set);
      }
      default: return UpsertBytes(collection, 1 + random_.Below(8));
    }
  }

  std::string UpsertBytes(const CollectionImpl& collection, size_t points) {
    const auto mode =
        random_.Below(3) == 0 ? static_cast<UpsertMode>(1 + random_.Below(4)) : UpsertMode::kUpsert;
    const bool some = mode == UpsertMode::kUpdateVectors;
    Batch batch(*this, points, some ? random_.Below(3) : 0, some ? 2 : 4);
    batch.upsert.mode = mode;
    if (some) batch.upsert.payloads = {};
    if (mode != UpsertMode::kInsert && random_.Below(4) == 0) {
      batch.upsert.condition = KeyIs("k", Word());
    }
    return EncodeRecord(EncodeUpsert(batch.upsert, collection.state()).owned.record);
  }

  // A random batch, with the memory behind it. Each point has a vector in space number `full`, and
  // lacks one in `lack` that it could have.
  struct Batch {
    Batch(HistoryMaker& maker, size_t points, size_t full = 0, size_t lack = 4) {
      std::map<PointId, int> distinct;
      while (distinct.size() < points) distinct[maker.RandomId()] = 0;
      for (const auto& [id, unused] : distinct) {
        ids.push_back(id);
        payloads.push_back(maker.RandomPayload());
      }
      sparse_vectors.reserve(points);
      static constexpr const char* kNames[] = {"full", "codes", "half"};
      for (size_t s = 0; s < 3; ++s) {
        for (size_t i = 0; i < points; ++i) {
          // One space has every point, so that none is without a vector.
          if (s != full && maker.random().Below(lack) == 0) continue;
          points_of[s].push_back(static_cast<uint32_t>(i));
          const std::vector<float> vector = maker.RandomVector();
          rows[s].insert(rows[s].end(), vector.begin(), vector.end());
        }
        if (points_of[s].empty()) continue;
        upsert.vectors.push_back(
            {kNames[s], MatrixView(rows[s].data(), points_of[s].size(), 8), points_of[s]});
      }
      SparseSpaceVectors terms = {"terms", {}, {}};
      for (size_t i = 0; i < points; ++i) {
        if (maker.random().Below(2) == 0) continue;
        sparse_vectors.push_back(maker.RandomSparse());
        terms.rows.push_back(sparse_vectors.back().view());
        terms.points.push_back(static_cast<uint32_t>(i));
      }
      if (!terms.points.empty()) upsert.sparse.push_back(terms);
      for (const std::string& payload : payloads) payload_views.push_back(payload);
      upsert.ids = ids;
      upsert.payloads = payload_views;
      upsert.durability = Durability::kAsync;
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    std::vector<PointId> ids;
    std::vector<std::string> payloads;
    std::vector<absl::string_view> payload_views;
    std::vector<float> rows[3];
    std::vector<uint32_t> points_of[3];
    std::vector<SparseVector> sparse_vectors;
    UpsertBatch upsert;
  };

 private:
  std::string Word() {
    static constexpr const char* kWords[] = {"ant", "bee", "cat", "dog"};
    return kWords[random_.Below(4)];
  }

  std::vector<PointId> RandomIds(bool distinct) {
    std::vector<PointId> ids;
    for (size_t n = random_.Below(6); ids.size() < n;) {
      const PointId id = RandomId();
      if (!distinct || std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
    return ids;
  }

  std::string DeleteRecordBytes(const CollectionImpl& collection) {
    const std::vector<PointId> ids = RandomIds(false);
    std::vector<uint64_t> rows;
    if (random_.Below(2) == 0) {
      for (const PointId& id : ids) {
        rows.push_back(collection.state().index.FindRow(id).value_or(0) + random_.Below(8) / 7);
      }
    }
    return EncodeRecord(DeleteRecord{ids, rows});
  }

  std::string EditBytes() {
    const std::vector<PointId> ids = RandomIds(true);
    EditRecord edit;
    edit.ids = ids;
    switch (random_.Below(5)) {
      case 0: edit.edit = {.kind = PayloadEdit::Kind::kClear}; break;
      case 1:
        edit.edit = {.kind = PayloadEdit::Kind::kOverwrite, .json = "{\"k\": \"ant\"}"};
        break;
      case 2:
        edit.edit = {.kind = PayloadEdit::Kind::kDeleteKeys, .keys = {"k", "other[].k"}};
        break;
      case 3:
        // Does not apply where "n" is a number: such a record is counted and changes nothing.
        edit.edit = {.kind = PayloadEdit::Kind::kSet, .json = "{\"x\": 1}", .key = "n"};
        break;
      default:
        edit.edit = {.kind = PayloadEdit::Kind::kSet,
                     .json = absl::StrCat("{\"k\": \"", Word(), "\"}")};
    }
    if (random_.Below(2) == 0) edit.condition = KeyIs("k", Word());
    return EncodeRecord(edit);
  }

  // Now and then one that is void.
  std::string MeanBytes(const CollectionImpl& collection) {
    MeanRecord mean;
    mean.space = static_cast<uint32_t>(random_.Below(3));
    const Space& space = *collection.state().spaces[mean.space];
    mean.base_version = space.current_mean_version() + (random_.Below(4) == 0 ? 1 : 0);
    mean.version = space.mean_versions() + 1;
    if (random_.Below(4) == 0) mean.version = 0;
    if (mean.version != 0) mean.mu = RandomVector();
    return EncodeRecord(mean);
  }

  std::string IndexBytes() {
    static const std::pair<const char*, FieldKind> kIndexes[] = {{"k", FieldKind::kKeyword},
                                                                 {"n", FieldKind::kInteger},
                                                                 {"t", FieldKind::kText},
                                                                 {"k", FieldKind::kInteger}};
    const auto& [path, kind] = kIndexes[random_.Below(4)];
    IndexRecord index = {path, kind};
    if (random_.Below(4) == 0) index.kind = std::nullopt;
    return EncodeRecord(index);
  }

  testing::Gaussian random_;
};

// Commits the bytes of a record, as a log would deliver them.
inline absl::Status CommitBytes(CollectionImpl& collection, const std::string& bytes) {
  auto record = DecodeRecord(bytes, *collection.config());
  if (!record.ok()) return record.status();
  return collection.Commit(record->record, Durability::kAsync).status();
}

// Lists of hits of `queries` searches of every kind, as text.
inline std::vector<std::string> ResultLists(const CollectionImpl& collection, size_t queries) {
  std::vector<std::string> lists;
  HistoryMaker maker(77);
  const auto add = [&lists](absl::string_view what, const auto& results) {
    std::string line(what);
    if (!results.ok()) {
      absl::StrAppend(&line, " ", results.status().ToString());
    } else {
      for (const PointRecord& record : (*results)[0]) {
        absl::StrAppend(&line, " ", record.id.ToString(), "=", record.score);
      }
    }
    lists.push_back(std::move(line));
  };
  for (size_t q = 0; q < queries; ++q) {
    SearchSpec spec;
    spec.limit = 100;
    spec.error_bound = 10;
    if (q % 4 == 3) {
      spec.space = "terms";
      spec.sparse = maker.RandomSparse();
      add("terms", collection.Search(MatrixView(), spec));
      continue;
    }
    static constexpr const char* kNames[] = {"full", "codes", "half"};
    spec.space = kNames[q % 4];
    spec.exact = q % 4 == 0 && q % 8 == 0;
    const std::vector<float> query = maker.RandomVector();
    if (q % 3 == 1) spec.filter = KeyIs("k", "cat");
    add(kNames[q % 4], collection.Search(MatrixView(query.data(), 1, 8), spec));
  }
  return lists;
}

// All that a collection is, inside and out, as lines that can be compared. `settled`: upkeep is
// done, so that equal collections have equal codes of rows that were encoded again, too.
inline std::vector<std::string> Describe(const CollectionImpl& collection, bool settled) {
  std::vector<std::string> lines;
  const CollectionState& state = collection.state();
  const Position position = state.position();
  lines.push_back(absl::StrCat("sequence ", position.sequence, " digest ",
                               position.digest.ToString(), " next row ", state.next_row));
  for (const auto& [key, value] : state.config.load()->metadata) {
    lines.push_back(absl::StrCat("metadata ", key, "=", value));
  }
  for (const PointRecord& record : Dump(collection)) {
    lines.push_back(absl::StrCat("row ", state.index.FindRow(record.id).value_or(~uint64_t{0}), " ",
                                 settled ? Text(record) : record.id.ToString() + record.payload));
  }
  lines.push_back(absl::StrCat("points ", collection.Count()));
  for (const std::unique_ptr<Space>& space : state.spaces) {
    std::string line =
        absl::StrCat("space ", space->config().name, " live ", space->engine().live_rows(),
                     " means ", space->mean_versions(), " current ", space->current_mean_version());
    if (settled || !space->keeps_originals()) {
      for (uint32_t version = 0; version <= space->mean_versions(); ++version) {
        absl::StrAppend(&line, " v", version, ":", space->engine().rows_under_mean(version));
      }
    }
    for (const auto& [row, id] : space->waiting_rows()) {
      absl::StrAppend(&line, " waits ", row, "/", id.ToString());
    }
    lines.push_back(std::move(line));
  }
  for (const std::unique_ptr<SparseSpace>& space : state.sparse_spaces) {
    lines.push_back(absl::StrCat("sparse ", space->config().name, " ", space->rows()));
  }
  for (const PayloadIndexInfo& index : collection.Info().payload_indexes) {
    lines.push_back(absl::StrCat("index ", index.key, " ", static_cast<int>(index.kind), " ",
                                 settled ? index.points : 0));
  }
  for (const char* word : {"ant", "bee", "cat", "dog"}) {
    const Filter filter = KeyIs("k", word);
    const auto count = collection.CountMatching({.filter = filter});
    lines.push_back(absl::StrCat("k=", word, " ", count.ok() ? *count : 999));
    SearchSpec text;
    text.text = TextQuery{"t", word};
    text.limit = 100;
    // Which points have the word; their scores go with the history of the index.
    std::vector<std::string> ids;
    if (const auto hits = collection.Search(MatrixView(), text); hits.ok() && settled) {
      for (const PointRecord& record : (*hits)[0]) ids.push_back(record.id.ToString());
    }
    std::sort(ids.begin(), ids.end());
    lines.push_back(absl::StrCat("t:", word));
    for (const std::string& id : ids) absl::StrAppend(&lines.back(), " ", id);
  }
  const auto facets = collection.Facet({.key = "n"});
  for (size_t i = 0; facets.ok() && i < facets->size(); ++i) {
    lines.push_back(absl::StrCat("n=", std::get<Integer>((*facets)[i].value.value).ToString(), ": ",
                                 (*facets)[i].count));
  }
  if (settled) {
    for (std::string& list : ResultLists(collection, 8)) lines.push_back(std::move(list));
  }
  return lines;
}

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_WRITE_HISTORY_H_
