// Tests the modes and the condition of an upsert against a std::map of what must be stored: through
// restarts as after a crash, with payload indexes, and while others write and read.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/float16.h"
#include "tests/storage/write_history.h"

namespace tqdb::storage {
namespace upsert_modes_test {

// What is stored of a point. The vectors of space "codes" are decoded from codes, which change when
// a mean is adopted, so the model only knows whether there is one.
struct Stored {
  std::string payload;
  std::map<std::string, std::string> vectors;
};

std::string Floats(absl::Span<const float> values, bool half) {
  std::string text;
  for (const float value : values) {
    absl::StrAppend(&text, " ", half ? HalfToFloat(FloatToHalf(value)) : value);
  }
  return text;
}

std::string Terms(const SparseVectorView& vector) {
  std::string text;
  for (size_t i = 0; i < vector.indices.size(); ++i) {
    absl::StrAppend(&text, " ", vector.indices[i], ":", vector.values[i]);
  }
  return text;
}

// Sets in `stored` the vectors that point `i` of the batch has.
void SetVectors(const UpsertBatch& batch, size_t i, Stored& stored) {
  for (const SpaceVectors& vectors : batch.vectors) {
    for (size_t r = 0; r < vectors.rows.rows(); ++r) {
      if (vectors.points[r] != i) continue;
      const std::string name(vectors.name);
      stored.vectors[name] =
          name == "codes" ? "there" : Floats(vectors.rows.row(r), name == "half");
    }
  }
  for (const SparseSpaceVectors& vectors : batch.sparse) {
    for (size_t r = 0; r < vectors.rows.size(); ++r) {
      if (vectors.points[r] == i) stored.vectors["terms"] = Terms(vectors.rows[r]);
    }
  }
}

std::string Text(const PointId& id, const Stored& stored) {
  std::string text = absl::StrCat(id.ToString(), " ", stored.payload);
  for (const auto& [name, vector] : stored.vectors) absl::StrAppend(&text, " ", name, "=", vector);
  return text;
}

std::vector<std::string> Texts(const std::map<PointId, Stored>& model) {
  std::vector<std::string> texts;
  for (const auto& [id, stored] : model) texts.push_back(Text(id, stored));
  return texts;
}

std::vector<std::string> Texts(const Collection& collection) {
  std::vector<std::string> texts;
  for (const PointRecord& record : Dump(collection)) {
    Stored stored;
    stored.payload = record.payload;
    for (const PointVector& vector : record.vectors) {
      stored.vectors[vector.name] = vector.name == "codes" ? "there" : Floats(vector.values, false);
    }
    for (const PointSparseVector& own : record.sparse_vectors) {
      stored.vectors[own.name] = Terms(own.vector.view());
    }
    texts.push_back(Text(record.id, stored));
  }
  return texts;
}

TEST(UpsertModesTest, AgreeWithAMap) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(11);
  testing::Gaussian& random = maker.random();
  std::map<PointId, Stored> model;
  uint64_t skipped = 0, replaced = 0;
  for (int step = 0; step < 400; ++step) {
    SCOPED_TRACE(step);
    const auto mode = static_cast<UpsertMode>(1 + random.Below(4));
    const bool some = mode == UpsertMode::kUpdateVectors;
    HistoryMaker::Batch batch(maker, 1 + random.Below(6), random.Below(3), 2);
    batch.upsert.mode = mode;
    if (some) batch.upsert.payloads = {};
    const char* word = random.Below(2) == 0 ? "ant" : "cat";
    const bool conditional = mode != UpsertMode::kInsert && random.Below(2) == 0;
    if (conditional) batch.upsert.condition = KeyIs("k", word);
    UpsertResult expected;
    for (size_t i = 0; i < batch.ids.size(); ++i) {
      const auto it = model.find(batch.ids[i]);
      const bool exists = it != model.end();
      const bool matches =
          exists && it->second.payload.find(absl::StrCat("{\"k\": \"", word)) != std::string::npos;
      const bool skip = exists ? mode == UpsertMode::kInsert || (conditional && !matches)
                               : mode == UpsertMode::kUpdate || some;
      if (skip) {
        ++expected.skipped;
        continue;
      }
      ++(exists ? expected.replaced : expected.inserted);
      Stored& stored = model[batch.ids[i]];
      if (!some) stored = {batch.payloads[i], {}};
      SetVectors(batch.upsert, i, stored);
    }
    const absl::StatusOr<UpsertResult> result = collection->Upsert(batch.upsert);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->inserted, expected.inserted);
    ASSERT_EQ(result->replaced, expected.replaced);
    ASSERT_EQ(result->skipped, expected.skipped);
    skipped += expected.skipped;
    replaced += expected.replaced;
    // An index of payloads must follow the rows that are moved with their payloads.
    if (step == 100) {
      ASSERT_TRUE(collection->CreatePayloadIndex("k", FieldKind::kKeyword, true, {}).ok());
    }
    if (random.Below(10) == 0) {
      const PointId gone[] = {maker.RandomId()};
      ASSERT_TRUE(collection->Delete(gone, Durability::kAsync).ok());
      model.erase(gone[0]);
    }
    if (step % 20 == 7) {
      ASSERT_EQ(Joined(Texts(*collection)), Joined(Texts(model)));
    }
    if (step % 20 == 15) collection.Reopen();
    if (step % 20 == 16) {
      ASSERT_EQ(Joined(Texts(*collection)), Joined(Texts(model)));
    }
    if (step > 100 && step % 10 == 3) {
      uint64_t cats = 0;
      for (const auto& [id, stored] : model) {
        cats += stored.payload.find("{\"k\": \"cat") != std::string::npos ? 1 : 0;
      }
      ASSERT_EQ(*collection->CountMatching({KeyIs("k", "cat")}), cats);
    }
  }
  EXPECT_GT(skipped, 100u);
  EXPECT_GT(replaced, 100u);
  // Memory that was written to and memory that was loaded are the same.
  ASSERT_TRUE(collection->Flush(/*settle=*/true).ok());
  const auto loaded = collection.OpenAnother();
  EXPECT_EQ(Joined(Describe(*loaded, true)), Joined(Describe(*collection, true)));
}

// A vector that is kept has the same code and original as before, and searches find it.
TEST(UpsertModesTest, VectorsThatAreNotNamedKeepEveryBit) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(12);
  HistoryMaker::Batch all(maker, 20, 0, 1'000'000);
  ASSERT_TRUE(collection->Upsert(all.upsert).ok());
  const std::vector<PointRecord> before = Dump(*collection);
  HistoryMaker::Batch terms(maker, 20, 0, 1);
  std::vector<SparseVectorView> rows;
  const SparseVector vector = {{1, 77}, {1.0f, 2.0f}};
  UpsertBatch batch;
  batch.ids = all.ids;
  batch.mode = UpsertMode::kUpdateVectors;
  batch.sparse.push_back({"terms", std::vector<SparseVectorView>(20, vector.view()), {}});
  ASSERT_EQ(collection->Upsert(batch)->replaced, 20u);
  const std::vector<PointRecord> after = Dump(*collection);
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].payload, before[i].payload);
    ASSERT_EQ(after[i].vectors.size(), 3u);
    for (size_t v = 0; v < 3; ++v) {
      EXPECT_EQ(after[i].vectors[v].values, before[i].vectors[v].values);
    }
    ASSERT_EQ(after[i].sparse_vectors.size(), 1u);
    EXPECT_EQ(after[i].sparse_vectors[0].vector.indices, vector.indices);
  }
  SearchSpec spec;
  spec.space = "terms";
  spec.limit = 100;
  spec.sparse = SparseVector{{77}, {1.0f}};
  EXPECT_EQ((*collection->Search(MatrixView(), spec))[0].size(), 20u);
}

// Several writers ask for the version that they have read. At most one wins each round.
TEST(UpsertModesTest, AConditionOnAVersionLetsOneWriterWin) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  const auto write = [&collection](int version, float coordinate, SharedFilter condition) {
    const PointId ids[] = {PointId::Number(1)};
    const std::string text = absl::StrCat("{\"version\": ", version, "}");
    const absl::string_view payloads[] = {text};
    const std::vector<float> row(8, coordinate);
    UpsertBatch batch;
    batch.ids = ids;
    batch.payloads = payloads;
    batch.vectors.push_back({"full", MatrixView(row.data(), 1, 8), {}});
    batch.durability = Durability::kAsync;
    batch.condition = std::move(condition);
    return collection->Upsert(batch);
  };
  ASSERT_TRUE(write(0, 1, {}).ok());
  constexpr int kRounds = 30, kWriters = 4;
  std::atomic<int> wins = 0, errors = 0;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        Filter filter;
        filter.must = {{FieldCondition{"version", MatchValue{Integer(round)}}}};
        const auto result = write(round + 1, static_cast<float>(round + 2), filter);
        errors += result.ok() && result->replaced + result->skipped == 1 ? 0 : 1;
        if (result.ok()) wins += static_cast<int>(result->replaced);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(errors, 0);
  // A writer that comes late finds the next version already, so not every round has a winner.
  const auto points = collection->Get({{PointId::Number(1)}}, {.payload = true, .vectors = true});
  ASSERT_TRUE(points.ok());
  EXPECT_EQ((*points)[0].payload, absl::StrCat("{\"version\": ", wins.load(), "}"));
  EXPECT_EQ((*points)[0].vectors[0].values[0], static_cast<float>(wins.load() + 1));
  EXPECT_GE(wins, 1);
}

// A reader sees both vectors of an update or none: they are always written with the same number.
TEST(UpsertModesTest, ReadersSeeAnUpdateWholeOrNotAtAll) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  const PointId ids[] = {PointId::Number(1), PointId::Number(2)};
  const auto write = [&](float number, UpsertMode mode) {
    const std::vector<float> rows(16, number);
    UpsertBatch batch;
    batch.ids = ids;
    batch.durability = Durability::kAsync;
    batch.mode = mode;
    for (const char* name : {"full", "half"}) {
      batch.vectors.push_back({name, MatrixView(rows.data(), 2, 8), {}});
    }
    return collection->Upsert(batch).status();
  };
  ASSERT_TRUE(write(1, UpsertMode::kUpsert).ok());
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 2; i < 300; ++i)
      EXPECT_TRUE(write(static_cast<float>(i), UpsertMode::kUpdateVectors).ok());
    done = true;
  });
  int reads = 0;
  do {
    const auto points = collection->Get(ids, {.vectors = true});
    ASSERT_TRUE(points.ok()) << points.status();
    ASSERT_EQ(points->size(), 2u);
    const float number = (*points)[0].vectors[0].values[0];
    for (const PointRecord& point : *points) {
      ASSERT_EQ(point.vectors.size(), 2u);
      for (const PointVector& vector : point.vectors) ASSERT_EQ(vector.values[0], number);
    }
    ++reads;
  } while (!done);
  writer.join();
  EXPECT_GT(reads, 0);
}

TEST(UpsertModesTest, WhatMakesNoSenseIsRefused) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(13);
  HistoryMaker::Batch batch(maker, 3);
  batch.upsert.mode = UpsertMode::kInsert;
  batch.upsert.condition = KeyIs("k", "ant");
  EXPECT_EQ(collection->Upsert(batch.upsert).status().message(),
            "condition is set with mode INSERT, which writes no point that exists");
  batch.upsert.mode = UpsertMode::kUpdateVectors;
  const absl::string_view payloads[] = {"", "{}", ""};
  batch.upsert.payloads = payloads;
  const absl::Status status = collection->Upsert(batch.upsert).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()).substr(0, 55),
            "points[1].payload is set with mode UPDATE_VECTORS, whic");
  EXPECT_EQ(collection->Info().sequence, 0u);
}

}  // namespace upsert_modes_test
}  // namespace tqdb::storage
