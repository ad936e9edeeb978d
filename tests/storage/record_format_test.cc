// Tests records as bytes. The bytes are frozen, because a log or another machine may hold them.
// They must also be safe to read whatever they are, because the planner trusts every record that
// was decoded.
#include "storage/write/record_format.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/disk/format.h"
#include "storage/sparse/sparse_encoding.h"
#include "tests/storage/write_history.h"
#include "tests/support/source_path.h"

namespace tqdb::storage {
namespace record_format_test {

TEST(Crc32cTest, KnownChecksums) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

// Without the lengths of fields, two different records could have the same digest.
TEST(DigestTest, FieldsDoNotRunIntoEachOther) {
  const auto digest = [](std::initializer_list<absl::string_view> fields) {
    Hasher hasher;
    for (const absl::string_view field : fields) hasher.Add(field);
    return hasher.Finish();
  };
  EXPECT_EQ(digest({"ab", "c"}), digest({"ab", "c"}));
  EXPECT_NE(digest({"ab", "c"}), digest({"a", "bc"}));
  EXPECT_NE(digest({"", "abc"}), digest({"abc", ""}));
  EXPECT_NE(digest({std::string(15, '\0')}), digest({std::string(16, '\0')}));
  EXPECT_EQ(Digest().ToString(), "00000000000000000000000000000000");
}

// Returns at least one record of each kind. Its floats are written down and not computed, because
// another C library may compute them differently.
std::vector<std::string> GoldenRecords() {
  std::vector<std::string> records;
  static const PointId ids[] = {PointId::Number(7), PointId::Uuid(0x0123456789abcdef, 42)};
  static const absl::string_view payloads[] = {"{\"k\": \"gr\xc3\xbc\xc3\x9f\"}", ""};
  const CollectionConfig config = HistoryConfig();
  UpsertRecord upsert;
  upsert.ids = ids;
  upsert.payloads = payloads;
  std::string codes[2], half, raw(8 * sizeof(float), '\0');
  for (int s = 0; s < 2; ++s) {
    codes[s] =
        std::string(CodeRecordBytes(config.spaces[static_cast<size_t>(s)].codec) * 2, '\x21');
    for (size_t i = 0; i < 4; ++i) codes[s][i] = codes[s][codes[s].size() / 2 + i] = 0;
  }
  const std::string originals(2 * 8 * sizeof(float), '\x3e');
  // Rows lie in another order than points.
  upsert.vectors.push_back({0, {1, 0}, codes[0], originals, {}});
  upsert.vectors.push_back(
      {1, {-1, 0}, absl::string_view(codes[1]).substr(0, codes[1].size() / 2), {}, raw});
  const SparseVector terms = {{3, 1000}, {0.5f, -2.0f}};
  std::string encoded;
  EncodeSparseVector(terms.view(), &encoded);
  upsert.sparse.push_back({0, {0, -1}, {terms.view()}, {encoded}});
  records.push_back(EncodeRecord(upsert));

  static const uint64_t rows[] = {5, 300};
  records.push_back(EncodeRecord(DeleteRecord{ids, rows}));
  records.push_back(EncodeRecord(DeleteRecord{ids, {}}));
  EditRecord edit;
  edit.ids = ids;
  edit.edit = {.kind = PayloadEdit::Kind::kSet, .json = "{\"x\": 1}", .key = "a.b"};
  edit.condition = KeyIs("k", "ant");
  records.push_back(EncodeRecord(edit));
  edit.edit = {.kind = PayloadEdit::Kind::kDeleteKeys, .keys = {"k", "other"}};
  edit.condition = std::nullopt;
  records.push_back(EncodeRecord(edit));
  records.push_back(EncodeRecord(MeanRecord{2, 3, 4, {1, 2, 3, 4, 5, 6, 7, -0.5f}}));
  records.push_back(EncodeRecord(MeanRecord{2, 4, 0, {}}));
  records.push_back(EncodeRecord(IndexRecord{"a.b", FieldKind::kText}));
  records.push_back(EncodeRecord(IndexRecord{"a.b", std::nullopt}));
  records.push_back(EncodeRecord(MetadataRecord{{{"made by", "a test"}}}));
  return records;
}

// Returns records of version 2: each mode, with and without a condition.
std::vector<std::string> GoldenConditionalRecords() {
  std::vector<std::string> records;
  static const PointId ids[] = {PointId::Number(7), PointId::Uuid(0x0123456789abcdef, 42)};
  static const absl::string_view payloads[] = {"{\"k\": 1}", ""};
  const SparseVector terms = {{3, 1000}, {0.5f, -2.0f}};
  std::string encoded;
  EncodeSparseVector(terms.view(), &encoded);
  UpsertRecord upsert;
  upsert.ids = ids;
  upsert.sparse.push_back({0, {0, 1}, {terms.view(), terms.view()}, {encoded, encoded}});
  for (const UpsertMode mode : {UpsertMode::kUpsert, UpsertMode::kInsert, UpsertMode::kUpdate,
                                UpsertMode::kUpdateVectors}) {
    upsert.mode = mode;
    upsert.payloads = {};
    if (mode != UpsertMode::kUpdateVectors) upsert.payloads = payloads;
    upsert.condition = std::nullopt;
    if (mode != UpsertMode::kUpsert) records.push_back(EncodeRecord(upsert));
    upsert.condition = KeyIs("k", "ant");
    if (mode != UpsertMode::kInsert) records.push_back(EncodeRecord(upsert));
  }
  return records;
}

// Returns the text of the golden file for the records above, as this build writes them.
std::string GoldenText(const std::vector<std::string>& records) {
  std::string text;
  const CollectionConfig config = HistoryConfig();
  for (const std::string& bytes : records) {
    const auto record = DecodeRecord(bytes, config);
    EXPECT_TRUE(record.ok()) << record.status();
    if (!record.ok()) continue;
    absl::StrAppend(&text, absl::BytesToHexString(bytes), " ",
                    ContentDigest(record->record).ToString(), "\n");
  }
  return text;
}

// Each line of the files tests/golden/records_v*.txt has the bytes of a record in hex and the
// digest of its content. The file is only written anew before the format is released:
//     TQDB_WRITE_GOLDEN=1 build/dev/tests/storage/record_format_test
TEST(RecordFormatTest, BytesAndDigestsAreFrozen) {
  const std::pair<const char*, std::vector<std::string>> files[] = {
      {"tests/golden/records_v1.txt", GoldenRecords()},
      {"tests/golden/records_v2.txt", GoldenConditionalRecords()}};
  for (const auto& [name, records] : files) {
    const std::string path = SourcePath(name);
    if (getenv("TQDB_WRITE_GOLDEN") != nullptr) std::ofstream(path) << GoldenText(records);
    std::ifstream file(path);
    std::stringstream frozen;
    frozen << file.rdbuf();
    EXPECT_EQ(GoldenText(records), frozen.str()) << name;
    EXPECT_GT(records.size(), 5u);
  }
}

// Random records go through decoding and back. Every third one is also committed, so that later
// records meet a collection with points, means and indexes.
TEST(RecordFormatTest, DecodedRecordsHaveTheSameBytesAndContent) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(1);
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = maker.RandomRecord(*collection);
    const auto record = DecodeRecord(bytes, *collection->config());
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(EncodeRecord(record->record), bytes);
    if (i % 3 == 0) CommitBytes(*collection, bytes).IgnoreError();
  }
}

// Rows may lie in memory in any order. Bytes and digest must depend on the order of the points
// alone.
TEST(RecordFormatTest, ContentDoesNotDependOnTheOrderOfRows) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(2);
  HistoryMaker::Batch batch(maker, 6);
  const EncodedUpsert straight = EncodeUpsert(batch.upsert, collection->state());
  SpaceVectors& full = batch.upsert.vectors[0];
  std::vector<float> reversed;
  for (size_t r = 6; r-- > 0;) {
    reversed.insert(reversed.end(), full.rows.row(r).begin(), full.rows.row(r).end());
  }
  full.points = {5, 4, 3, 2, 1, 0};
  full.rows = MatrixView(reversed.data(), 6, 8);
  const EncodedUpsert turned = EncodeUpsert(batch.upsert, collection->state());
  EXPECT_EQ(EncodeRecord(turned.owned.record), EncodeRecord(straight.owned.record));
  EXPECT_EQ(ContentDigest(turned.owned.record), ContentDigest(straight.owned.record));
}

// Returns the bytes with their last four replaced by the right checksum, so that the checks behind
// the checksum are tried, too.
std::string WithChecksum(std::string bytes) {
  bytes.resize(bytes.size() - sizeof(uint32_t));
  PutFixed32(&bytes, Crc32c(bytes));
  return bytes;
}

// Cuts records at every length and flips single bits. With the old checksum, decoding must fail.
// With a new one it may succeed, because the flip can make another valid record.
TEST(RecordFormatTest, DamagedBytesAreRefusedOrHarmless) {
  BackgroundWorker worker;
  MemoryCollection collection(worker);
  HistoryMaker maker(3);
  std::vector<std::string> records = GoldenRecords();
  for (std::string& bytes : GoldenConditionalRecords()) records.push_back(std::move(bytes));
  for (int i = 0; i < 20; ++i) {
    records.push_back(maker.RandomRecord(*collection));
    CommitBytes(*collection, records.back()).IgnoreError();
  }
  const CollectionConfig config = HistoryConfig();
  testing::Gaussian random(4);
  int refused = 0, harmless = 0;
  for (const std::string& bytes : records) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(DecodeRecord(bytes.substr(0, size), config).ok());
      if (size >= 6) DecodeRecord(WithChecksum(bytes.substr(0, size)), config).IgnoreError();
    }
    for (int i = 0; i < 400; ++i) {
      std::string changed = bytes;
      const size_t at = random.Below(changed.size());
      changed[at] = static_cast<char>(changed[at] ^ (1 << random.Below(8)));
      EXPECT_FALSE(DecodeRecord(changed, config).ok());
      changed = WithChecksum(changed);
      const auto decoded = DecodeRecord(changed, config);
      if (!decoded.ok()) {
        ++refused;
        continue;
      }
      // This is a valid record with another meaning, which a caller could have sent. It must be
      // safe to commit.
      ++harmless;
      collection->Commit(decoded->record, Durability::kAsync).IgnoreError();
      ASSERT_EQ(collection->Info().error, "");
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(harmless, 100);
  // Memory and disk must agree after all of these commits.
  const auto loaded = collection.OpenAnother();
  EXPECT_EQ(loaded->Info().digest, collection->Info().digest);
}

// Random bytes get a valid version, kind and checksum, so that they reach the decoder of each kind.
// Whether they decode does not matter; the sanitizers see whether the decoder reads out of bounds.
TEST(RecordFormatTest, RandomBytesAreRefused) {
  const CollectionConfig config = HistoryConfig();
  testing::Gaussian random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(6 + random.Below(200), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Word());
    bytes[0] = static_cast<char>(kRecordVersion + random.Below(2));
    bytes[1] = static_cast<char>(1 + random.Below(7));
    DecodeRecord(WithChecksum(bytes), config).IgnoreError();
    EXPECT_FALSE(DecodeRecord(bytes, config).ok());
  }
}

TEST(RecordFormatTest, NewerVersionIsRefusedWithAdvice) {
  std::string bytes = GoldenRecords()[0];
  bytes[0] = kConditionalVersion + 1;
  const auto record = DecodeRecord(WithChecksum(bytes), HistoryConfig());
  EXPECT_EQ(record.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(record.status().message()).find("use the release of tqdb that wrote it"),
            std::string::npos);
}

}  // namespace record_format_test
}  // namespace tqdb::storage
