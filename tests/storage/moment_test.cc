// Moments: which rows a read sees, when dead rows may be removed from memory, and what happens to
// reads that keep too many of them there.
#include "storage/memory/moment.h"

#include <gtest/gtest.h>

#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace moment_test {

// A random history of writes and reads. The model keeps, for each read in progress, the rows that
// lived when it began. Memory must have all of them, and the moment must tell them from the other
// rows in memory.
TEST(MomentsTest, ReadsSeeTheRowsOfTheirMomentInRandomHistories) {
  testing::Gaussian random(11);
  for (int history = 0; history < 200; ++history) {
    Moments moments;
    std::set<uint64_t> alive, memory;
    struct Reader {
      std::shared_ptr<const Moment> moment;
      std::set<uint64_t> alive;
    };
    std::vector<Reader> readers;
    uint64_t next_row = 0;
    moments.Publish(next_row, 0, nullptr);
    for (int step = 0; step < 60; ++step) {
      if (random.Below(3) == 0) {
        readers.push_back({moments.now(), alive});
      } else if (random.Below(3) == 0 && !readers.empty()) {
        readers.erase(readers.begin() + static_cast<ptrdiff_t>(random.Below(readers.size())));
      } else {
        moments.Begin();
        for (uint64_t n = random.Below(4); n > 0; --n) {
          memory.insert(next_row);
          alive.insert(next_row++);
        }
        for (uint64_t n = random.Below(4); n > 0 && !alive.empty(); --n) {
          auto victim = alive.begin();
          std::advance(victim, static_cast<ptrdiff_t>(random.Below(alive.size())));
          const Slot slot = *victim;
          moments.AddDead(*victim, {&slot, 1});
          alive.erase(victim);
        }
        moments.Publish(next_row, alive.size(), nullptr);
      }
      // Upkeep removes dead rows now and then, and every write does.
      if (random.Below(2) == 0) {
        const std::vector<DeadRow> unseen = moments.TakeUnseen();
        for (const DeadRow& dead : unseen) {
          EXPECT_EQ(dead.slots[0], dead.row);
          ASSERT_EQ(memory.erase(dead.row), 1u);
        }
        if (!unseen.empty()) moments.PublishAgain(unseen);
      }
      for (const Reader& reader : readers) {
        std::set<uint64_t> seen, allowed;
        for (const uint64_t row : memory) {
          if (reader.moment->Sees(row)) seen.insert(row);
          if (reader.moment->rows().Allows(row)) allowed.insert(row);
        }
        ASSERT_EQ(seen, reader.alive);
        ASSERT_EQ(allowed, reader.alive);
        ASSERT_TRUE(reader.moment->CheckComplete().ok());
      }
    }
    readers.clear();
    moments.TakeUnseen();
    EXPECT_EQ(moments.dead_rows(), 0u);
    EXPECT_EQ(moments.now()->points, alive.size());
  }
}

// A dead row that a vacuum has moved is removed from its new place.
TEST(MomentsTest, DeadRowsMove) {
  Moments moments;
  moments.Publish(2, 2, nullptr);
  const std::shared_ptr<const Moment> reader = moments.now();
  moments.Begin();
  const Slot slots[] = {5, 7};
  moments.AddDead(1, slots);
  moments.Publish(2, 1, nullptr);
  moments.MoveDead(1, {{0, 3}, {1, 9}});
  EXPECT_TRUE(moments.TakeUnseen().empty());
  moments.ExpireEarlier();
  const std::vector<DeadRow> unseen = moments.TakeUnseen();
  ASSERT_EQ(unseen.size(), 1u);
  EXPECT_EQ(unseen[0].slots[0], 5u);
  EXPECT_EQ(unseen[0].slots[1], 9u);
  EXPECT_TRUE(absl::IsAborted(reader->CheckComplete()));
  EXPECT_TRUE(moments.now()->CheckComplete().ok());
}

std::vector<TestPoint> Points(uint64_t first, uint64_t end, uint64_t version) {
  std::vector<TestPoint> points;
  for (uint64_t id = first; id < end; ++id) {
    testing::Gaussian random(id);
    points.push_back({PointId::Number(id),
                      {{"", random.Vector(8)}},
                      absl::StrCat("{\"version\": ", version, "}")});
  }
  return points;
}

class HeldMomentTest : public ::testing::Test {
 protected:
  HeldMomentTest()
      : database_(MustOpen(directory_.path())),
        collection_(MustCreate(*database_, "c", ConfigOf({SpaceOf("", 8)}))) {}

  void Upsert(uint64_t first, uint64_t end, uint64_t version) {
    ASSERT_TRUE(UpsertPoints(*collection_, Points(first, end, version)).ok());
  }
  // Returns the payloads of all points, found by a search at a moment.
  absl::StatusOr<std::map<uint64_t, std::string>> FindAll(std::shared_ptr<const Moment> moment,
                                                          uint64_t points) {
    SearchSpec spec;
    spec.limit = points;
    spec.select = {.payload = true};
    spec.moment = std::move(moment);
    const std::vector<float> query(8, 1.0f);
    auto lists = collection_->Search(MatrixView(query.data(), 1, 8), spec);
    if (!lists.ok()) return lists.status();
    std::map<uint64_t, std::string> payloads;
    for (const PointRecord& point : (*lists)[0]) payloads[point.id.low] = point.payload;
    return payloads;
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
};

// Rows that are dead, but held, are moved by a vacuum like live ones. They are found while the
// moment is held, and removed from their new places afterwards.
TEST_F(HeldMomentTest, SurvivesAVacuum) {
  constexpr uint64_t kPoints = 9'000;
  Upsert(0, kPoints, 1);
  Upsert(0, 3'000, 2);
  auto held = collection_->Now();
  ASSERT_TRUE(held.ok());
  Upsert(3'000, 3'900, 3);
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  EXPECT_EQ(collection_->Info().kept_rows, 900u);

  const auto before = FindAll(*held, kPoints);
  ASSERT_TRUE(before.ok()) << before.status();
  const auto after = FindAll(nullptr, kPoints);
  ASSERT_TRUE(after.ok()) << after.status();
  ASSERT_EQ(before->size(), kPoints);
  ASSERT_EQ(after->size(), kPoints);
  for (uint64_t id = 0; id < kPoints; ++id) {
    const uint64_t then = id < 3'000 ? 2 : 1, now = id >= 3'000 && id < 3'900 ? 3 : then;
    ASSERT_EQ(before->at(id), absl::StrCat("{\"version\": ", then, "}")) << id;
    ASSERT_EQ(after->at(id), absl::StrCat("{\"version\": ", now, "}")) << id;
  }
  *held = nullptr;
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  EXPECT_EQ(collection_->Info().kept_rows, 0u);
  EXPECT_EQ(collection_->Info().spaces[0].rows, kPoints);
  EXPECT_EQ(*FindAll(nullptr, kPoints), *after);
}

// A moment that is held while very many rows die keeps a bounded number of them in memory. Then its
// reads are told to start again, and new reads are not affected.
TEST_F(HeldMomentTest, IsBounded) {
  constexpr uint64_t kPoints = 10'000;
  Upsert(0, kPoints, 1);
  const auto held = collection_->Now();
  ASSERT_TRUE(held.ok());
  uint64_t replaced = 0;
  for (uint64_t version = 2; replaced <= Moments::kMaxKept; ++version, replaced += kPoints) {
    ASSERT_TRUE(FindAll(*held, kPoints).ok()) << replaced;
    EXPECT_EQ(collection_->Info().kept_rows, replaced);
    Upsert(0, kPoints, version);
  }
  EXPECT_EQ(collection_->Info().kept_rows, 0u);
  EXPECT_TRUE(absl::IsAborted(FindAll(*held, kPoints).status()));
  EXPECT_TRUE(absl::IsAborted(collection_->Get({{PointId::Number(1)}}, {}, *held).status()));
  EXPECT_EQ(FindAll(nullptr, kPoints)->size(), kPoints);
}

// Edits of payloads are kept for reads, too, and count for the same bound.
TEST_F(HeldMomentTest, BoundsEdits) {
  constexpr uint64_t kPoints = 10'000;
  Upsert(0, kPoints, 1);
  ASSERT_TRUE(collection_->CreatePayloadIndex("version", FieldKind::kInteger, true, {}).ok());
  std::vector<PointId> ids;
  for (uint64_t id = 0; id < kPoints; ++id) ids.push_back(PointId::Number(id));
  const auto held = collection_->Now();
  ASSERT_TRUE(held.ok());
  uint64_t edits = 0;
  for (uint64_t version = 2; edits <= Moments::kMaxKept; ++version, edits += kPoints) {
    ASSERT_TRUE(FindAll(*held, kPoints).ok()) << edits;
    const PayloadEdit edit = {.kind = PayloadEdit::Kind::kSet,
                              .json = absl::StrCat("{\"version\": ", version, "}")};
    ASSERT_TRUE(
        collection_->UpdatePayload({.ids = ids, .edit = edit, .durability = Durability::kAsync})
            .ok());
  }
  EXPECT_TRUE(absl::IsAborted(FindAll(*held, kPoints).status()));
}

// A held moment keeps the collection open: dropping it waits until the moment is let go.
TEST_F(HeldMomentTest, IsLetGoBeforeTheCollectionCloses) {
  Upsert(0, 10, 1);
  auto held = collection_->Now();
  ASSERT_TRUE(held.ok());
  std::atomic<bool> dropped{false};
  std::thread dropper([&] {
    EXPECT_TRUE(database_->DeleteCollection("c").ok());
    dropped = true;
  });
  while (collection_->Now().ok()) std::this_thread::yield();  // until the gate is closed
  EXPECT_TRUE(absl::IsUnavailable(FindAll(*held, 10).status()));
  EXPECT_FALSE(dropped);
  *held = nullptr;
  dropper.join();
}

}  // namespace moment_test
}  // namespace tqdb::storage
