#include "client/cli/input/vector_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/cli/output/npy_writer.h"
#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace vector_source_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

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
  absl::StatusOr<std::vector<Point>> ReadAll(const SourceOptions& options) {
    auto source = VectorSource::Open(options);
    if (!source.ok()) return source.status();
    std::vector<Point> all;
    while (true) {
      Point point;
      absl::StatusOr<bool> more = (*source)->Next(point);
      if (!more.ok()) return more.status();
      if (!*more) return all;
      all.push_back(std::move(point));
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
  auto points =
      ReadAll({.path = WriteNpy(4, 1), .payloads_path = payloads, .id_start = 10, .skip = 2});
  ASSERT_TRUE(points.ok()) << points.status();
  ASSERT_EQ(points->size(), 2u);
  EXPECT_EQ((*points)[0], (Point{PointId::Number(12), {{"", {2}}}, R"({"n":2})"}));
  EXPECT_TRUE(ReadAll({.path = WriteNpy(4, 1), .skip = 4})->empty());
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
  Point point;
  ASSERT_TRUE(*(*source)->Next(point));
  ASSERT_TRUE(*(*source)->Next(point));
  EXPECT_EQ(point.sparse_vectors, (std::vector<NamedSparseVector>{{"u", {{9}, {2}}}}));
  EXPECT_TRUE(point.vectors.empty());
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
  const auto points = ReadAll(
      {.path = path, .on_bad_row = [&bad](const RowPlace& place, const absl::Status& status) {
         bad.push_back(absl::StrCat(place.row, " ", status.message()));
       }});
  ASSERT_TRUE(points.ok()) << points.status();
  // A mended line would not change the ids of the others.
  EXPECT_THAT(*points, ::testing::ElementsAre(Point{PointId::Number(1), {{"", {1, 2}}}, ""},
                                              Point{PointId::Number(5), {{"", {5, 6}}}, ""}));
  EXPECT_THAT(bad, ::testing::ElementsAre(
                       AllOf(StartsWith("0 "), HasSubstr(":1: ")),
                       AllOf(StartsWith("2 "), HasSubstr(":4: vector[1]: \"x\"")),
                       HasSubstr(":5: has an \"id\""), HasSubstr(":6: unknown key \"title\"")));
}

TEST_F(VectorSourceTest, ChecksCountsAndIdsBeforeTheFirstRow) {
  const std::string path = WriteNpy(3, 1);
  const auto error = [](const SourceOptions& options) {
    return VectorSource::Open(options).status();
  };
  EXPECT_THAT(error({.path = path, .payloads_path = dir_.Write("two", "{}\n{}\n")}).message(),
              HasSubstr("ends after 2 lines"));
  EXPECT_THAT(
      error({.path = path, .payloads_path = dir_.Write("four", "{}\n{}\n{}\n{}\n")}).message(),
      HasSubstr("four:4: more lines"));
  EXPECT_THAT(error({.path = path, .ids_path = dir_.Write("i", "1\n2\nthree\n")}).message(),
              HasSubstr("i:3: point id 'three'"));
  EXPECT_THAT(error({.path = path, .id_start = ~uint64_t{0} - 1}).message(),
              HasSubstr("beyond 2^64 - 1"));
  EXPECT_TRUE(error({.path = path, .id_start = ~uint64_t{0} - 2}).ok());
  EXPECT_EQ(error({.path = path, .skip = 4}),
            absl::OutOfRangeError("--skip 4: " + path + " has 3 rows"));
}

TEST_F(VectorSourceTest, ABadPayloadCostsItsRowAlone) {
  std::vector<uint64_t> bad;
  const auto points = ReadAll({.path = WriteNpy(4, 1),
                               .payloads_path = dir_.Write("p", "{}\n[]\n{}\n{\n"),
                               .ids_path = dir_.Write("i", "10\n11\nx\n13\n"),
                               .on_bad_row = [&bad](const RowPlace& place, const absl::Status&) {
                                 bad.push_back(place.row);
                               }});
  ASSERT_TRUE(points.ok()) << points.status();
  ASSERT_EQ(points->size(), 1u);
  EXPECT_EQ((*points)[0].id, PointId::Number(10));
  EXPECT_THAT(bad, ::testing::ElementsAre(1, 2, 3));
}

TEST_F(VectorSourceTest, SkipsAndLimitsJsonLinesByRows) {
  const std::string path =
      dir_.Write("x.jsonl", "{\"vector\":[0]}\nbad\n\n{\"vector\":[2]}\n{\"vector\":[3]}\n");
  // A bad line counts as a row, and is not looked at when it is passed over.
  const auto points = ReadAll({.path = path, .skip = 2, .rows = 1});
  ASSERT_TRUE(points.ok()) << points.status();
  ASSERT_EQ(points->size(), 1u);
  EXPECT_EQ((*points)[0].id, PointId::Number(2));
  EXPECT_EQ(ReadAll({.path = path, .skip = 5}).status(),
            absl::OutOfRangeError("--skip 5: " + path + " has 4 rows"));
}

TEST_F(VectorSourceTest, RefusesIdsBeyond64Bits) {
  const std::string path = dir_.Write("x.jsonl", "{\"vector\":[0]}\n{\"vector\":[1]}\n");
  EXPECT_THAT(ReadAll({.path = path, .id_start = ~uint64_t{0}}).status().message(),
              HasSubstr("x.jsonl:2: the id of this row would be beyond 2^64 - 1"));
}

TEST_F(VectorSourceTest, SaysHowToConvertOtherFormats) {
  EXPECT_THAT(Validate(SourceOptions{.path = "d/x.parquet"}).message(),
              AllOf(HasSubstr("pandas.read_parquet('d/x.parquet').to_json('d/x.jsonl'"),
                    HasSubstr("--payload-rest")));
  EXPECT_THAT(Validate(SourceOptions{.path = "x.hdf5"}).message(), HasSubstr("h5py"));
  EXPECT_THAT(Validate(SourceOptions{.path = "x.docx"}).message(), HasSubstr("--format"));
}

}  // namespace vector_source_test
}  // namespace tqdb::client
