#include "client/cli/input/vector_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/cli/output/npy_writer.h"
#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace vector_source_test {

using ::testing::HasSubstr;

class VectorSourceTest : public ::testing::Test {
 protected:
  std::string WriteNpy(uint64_t rows, uint32_t dim) {
    auto writer = NpyWriter::Open(dir_.File("x.npy"), dim);
    EXPECT_TRUE(writer.ok());
    for (uint64_t i = 0; i < rows; ++i) {
      EXPECT_TRUE(writer->Append(std::vector<float>(dim, static_cast<float>(i))).ok());
    }
    EXPECT_TRUE(writer->Finish().ok());
    return dir_.File("x.npy");
  }
  absl::StatusOr<std::vector<Point>> ReadAll(const SourceOptions& options, uint64_t skip = 0) {
    auto source = VectorSource::Open(options);
    if (!source.ok()) return source.status();
    if (absl::Status s = (*source)->Skip(skip); !s.ok()) return s;
    std::vector<Point> all;
    while (true) {
      absl::StatusOr<std::vector<Point>> batch = ReadBatch(**source, {.points = 3});
      if (!batch.ok()) return batch.status();
      if (batch->empty()) return all;
      EXPECT_LE(batch->size(), 3u);
      for (Point& point : *batch) all.push_back(std::move(point));
    }
  }

  testing::TempDir dir_;
};

TEST_F(VectorSourceTest, CountsIdsFromTheStart) {
  auto points = ReadAll({.path = WriteNpy(5, 2), .vector_name = "v", .id_start = 100});
  ASSERT_TRUE(points.ok()) << points.status();
  ASSERT_EQ(points->size(), 5u);
  EXPECT_EQ((*points)[4], (Point{PointId::Number(104), {{"v", {4, 4}}}, ""}));
}

TEST_F(VectorSourceTest, PairsRowsWithPayloadsAndIds) {
  const std::string payloads = dir_.Write("p.jsonl", "{\"n\": 7, \"t\": \"a\"}\n\n {\"n\": 9}\n");
  const std::string ids = dir_.Write("ids.txt", "12\n6ba7b810-9dad-11d1-80b4-00c04fd430c8\n13\n");
  auto points = ReadAll({.path = WriteNpy(3, 1), .payloads_path = payloads, .ids_path = ids});
  ASSERT_TRUE(points.ok()) << points.status();
  EXPECT_EQ((*points)[0], (Point{PointId::Number(12), {{"", {0}}}, R"({"n": 7, "t": "a"})"}));
  EXPECT_EQ((*points)[1].payload, "");
  EXPECT_TRUE((*points)[1].id.is_uuid());
  EXPECT_EQ((*points)[2].payload, R"({"n": 9})");
}

TEST_F(VectorSourceTest, TakesIdsFromAPayloadField) {
  const std::string payloads = dir_.Write("p.jsonl", "{\"n\": 7}\n{\"n\": 9}\n");
  auto points = ReadAll({.path = WriteNpy(2, 1), .payloads_path = payloads, .id_field = "n"});
  ASSERT_TRUE(points.ok()) << points.status();
  EXPECT_EQ((*points)[1].id, PointId::Number(9));
  EXPECT_THAT(ReadAll({.path = WriteNpy(2, 1), .payloads_path = payloads, .id_field = "m"})
                  .status()
                  .message(),
              HasSubstr("p.jsonl:1: has no field \"m\""));
}

TEST_F(VectorSourceTest, SkipKeepsRowsPayloadsAndIdsTogether) {
  const std::string payloads =
      dir_.Write("p.jsonl", "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
  auto points = ReadAll({.path = WriteNpy(4, 1), .payloads_path = payloads, .id_start = 10}, 2);
  ASSERT_TRUE(points.ok()) << points.status();
  ASSERT_EQ(points->size(), 2u);
  EXPECT_EQ((*points)[0], (Point{PointId::Number(12), {{"", {2}}}, R"({"n":2})"}));
  EXPECT_TRUE(ReadAll({.path = WriteNpy(4, 1)}, 99)->empty());
}

TEST_F(VectorSourceTest, NoticesTooFewAndTooManyLines) {
  const std::string path = WriteNpy(3, 1);
  const std::string two = dir_.Write("two.jsonl", "{}\n{}\n");
  const std::string four = dir_.Write("four.jsonl", "{}\n{}\n{}\n{}\n");
  EXPECT_THAT(ReadAll({.path = path, .payloads_path = two}).status().message(),
              HasSubstr("ends after 2 lines"));
  EXPECT_THAT(ReadAll({.path = path, .payloads_path = four}).status().message(),
              HasSubstr("four.jsonl:4: more lines than the 3 rows"));
  EXPECT_THAT(ReadAll({.path = path, .ids_path = dir_.Write("i", "1\nx\n3\n")}).status().message(),
              HasSubstr("i:2: point id 'x'"));
  EXPECT_THAT(
      ReadAll({.path = path, .payloads_path = dir_.Write("q", "{}\n[]\n{}\n")}).status().message(),
      HasSubstr("q:2: the payload is not a JSON object"));
}

TEST_F(VectorSourceTest, ReadsJsonLinesAndTheirSpaces) {
  const std::string path = dir_.Write("x.jsonl",
                                      "{\"id\":1,\"vectors\":{\"a\":[1,2],\"b\":[3]}}\n"
                                      "\n"
                                      "{\"id\":2,\"vectors\":{\"a\":[4,5]}}\n");
  auto source = VectorSource::Open({.path = path});
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->spaces().size(), 2u);
  EXPECT_EQ((*source)->spaces()[0].name, "a");
  EXPECT_EQ((*source)->spaces()[0].dim, 2u);
  EXPECT_EQ((*source)->spaces()[1].dim, 1u);
  EXPECT_EQ(ReadAll({.path = path})->size(), 2u);
}

TEST_F(VectorSourceTest, ReadsSparseVectorsOfJsonLines) {
  const std::string path = dir_.Write(
      "x.jsonl",
      R"({"id":1,"vector":[1],"sparse_vectors":{"t":{"indices":[7,2],"values":[0.5,1]}}})"
      "\n"
      R"({"id":2,"sparse_vectors":{"u":{"indices":[9],"values":[2]}}})");
  auto source = VectorSource::Open({.path = path});
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->spaces().size(), 1u);
  EXPECT_EQ((*source)->sparse_spaces(), std::vector<std::string>{"t"});
  // The first point has 4 + 16 bytes.
  EXPECT_EQ(ReadBatch(**source, {.points = 100, .bytes = 20})->size(), 1u);
  const auto rest = ReadBatch(**source, {.points = 100, .bytes = 21});
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ((*rest)[0].sparse_vectors, (std::vector<NamedSparseVector>{{"u", {{9}, {2}}}}));
  EXPECT_TRUE((*rest)[0].vectors.empty());
}

TEST_F(VectorSourceTest, NumbersJsonLinesWithoutIds) {
  const std::string path = dir_.Write("x.jsonl", "{\"vector\":[1]}\n{\"vector\":[2]}\n");
  auto points = ReadAll({.path = path, .id_start = 5});
  ASSERT_TRUE(points.ok());
  EXPECT_EQ((*points)[1].id, PointId::Number(6));
  EXPECT_THAT(
      ReadAll({.path = dir_.Write("y.jsonl", "{\"vector\":[1]}\n{\"id\":1,\"vector\":[2]}\n")})
          .status()
          .message(),
      HasSubstr("y.jsonl:2: has an \"id\""));
}

TEST_F(VectorSourceTest, EmptyJsonLinesHoldNothing) {
  auto source = VectorSource::Open({.path = dir_.Write("x.jsonl", "\n\n")});
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE((*source)->spaces().empty());
  Point point;
  EXPECT_FALSE(*(*source)->Next(point));
}

TEST_F(VectorSourceTest, BatchesEndAtTheirLimits) {
  auto source = VectorSource::Open({.path = WriteNpy(10, 100)});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(ReadBatch(**source, {.points = 100, .bytes = 800})->size(), 2u);
  EXPECT_EQ(ReadBatch(**source, {.points = 100, .bytes = 1})->size(), 1u);
  EXPECT_EQ(ReadBatch(**source, {.points = 4, .bytes = 1 << 20})->size(), 4u);
  EXPECT_EQ(ReadBatch(**source, {.points = 100, .bytes = 1 << 20})->size(), 3u);
  EXPECT_TRUE(ReadBatch(**source, {.points = 100, .bytes = 1 << 20})->empty());
}

TEST(SourceOptionsTest, FindsContradictions) {
  EXPECT_TRUE(Validate(SourceOptions{.path = "x.npy"}).ok());
  EXPECT_TRUE(Validate(SourceOptions{.path = "x.JSONL.gz"}).ok());
  EXPECT_TRUE(Validate(SourceOptions{.path = "-"}).ok());
  EXPECT_TRUE(Validate(SourceOptions{.path = "x", .format = "fvecs"}).ok());
  EXPECT_FALSE(Validate(SourceOptions{.path = "x.txt"}).ok());
  EXPECT_FALSE(Validate(SourceOptions{.path = "x.jsonl", .payloads_path = "p"}).ok());
  EXPECT_FALSE(Validate(SourceOptions{.path = "x.npy", .id_field = "f"}).ok());
  EXPECT_FALSE(
      Validate(
          SourceOptions{.path = "x.npy", .payloads_path = "p", .ids_path = "i", .id_field = "f"})
          .ok());
}

TEST_F(VectorSourceTest, PassesOverBadJsonLinesWhenToldTo) {
  const std::string path = dir_.Write("bad.jsonl",
                                      "not json\n"
                                      "{\"vector\": [1, 2]}\n"
                                      "\n"
                                      "{\"vector\": [1, \"x\"]}\n"
                                      "{\"id\": 7, \"vector\": [1, 2]}\n"
                                      "{\"vector\": [3, 4], \"title\": \"own field\"}\n"
                                      "{\"vector\": [5, 6]}\n");
  EXPECT_EQ(ReadAll({.path = path}).status(),
            absl::InvalidArgumentError(path + ":1: not valid JSON at byte 2"));
  std::vector<std::string> bad;
  const auto points = ReadAll({.path = path, .on_bad_line = [&bad](const absl::Status& status) {
                                 bad.push_back(std::string(status.message()));
                               }});
  ASSERT_TRUE(points.ok()) << points.status();
  // A mended line would not change the ids of the others.
  EXPECT_THAT(*points, ::testing::ElementsAre(Point{PointId::Number(1), {{"", {1, 2}}}, ""},
                                              Point{PointId::Number(5), {{"", {5, 6}}}, ""}));
  EXPECT_THAT(bad, ::testing::ElementsAre(HasSubstr(":1: "), HasSubstr(":4: vector[1]: \"x\""),
                                          HasSubstr(":5: has an \"id\""),
                                          HasSubstr(":6: unknown key \"title\"")));
}

}  // namespace vector_source_test
}  // namespace tqdb::client
