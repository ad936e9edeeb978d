#include "client/cli/input/line_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <random>

#include "absl/time/clock.h"
#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace line_reader_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void WriteGzip(const std::string& path, const std::string& text) {
  gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
}

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& path) {
  auto reader = LineReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::vector<std::string> lines;
  std::string line;
  while (true) {
    absl::StatusOr<bool> more = (*reader)->Next(line);
    if (!more.ok()) return more.status();
    if (!*more) return lines;
    lines.push_back(line);
    EXPECT_EQ((*reader)->line_number(), lines.size());
  }
}

TEST(LineReaderTest, SplitsLinesOfEveryEnding) {
  testing::TempDir dir;
  EXPECT_THAT(*ReadLines(dir.Write("a", "one\ntwo\r\n\nfour")),
              ElementsAre("one", "two", "", "four"));
  EXPECT_THAT(*ReadLines(dir.Write("a", "one\n")), ElementsAre("one"));
  EXPECT_THAT(*ReadLines(dir.Write("a", "\n")), ElementsAre(""));
  EXPECT_THAT(*ReadLines(dir.Write("a", "")), IsEmpty());
}

TEST(LineReaderTest, ReadsRandomLinesPlainAndCompressed) {
  testing::TempDir dir;
  std::mt19937 random(11);
  std::vector<std::string> expected;
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    // Some lines are longer than any buffer.
    std::string line(i % 500 == 0 ? random() % 900000 : random() % 200, '\0');
    for (char& c : line) c = static_cast<char>('a' + random() % 26);
    text += line + "\n";
    expected.push_back(std::move(line));
  }
  EXPECT_EQ(*ReadLines(dir.Write("plain", text)), expected);
  WriteGzip(dir.File("packed.gz"), text);
  EXPECT_EQ(*ReadLines(dir.File("packed.gz")), expected);
}

TEST(LineReaderTest, FindsCompressedDataThatIsCutOffOrDamaged) {
  testing::TempDir dir;
  std::string text;
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) text += std::to_string(random()) + "\n";
  WriteGzip(dir.File("x.gz"), text);
  const std::string whole = dir.Read("x.gz");
  for (size_t length : {whole.size() - 1, whole.size() - 8, whole.size() / 2}) {
    const auto lines = ReadLines(dir.Write("cut.gz", whole.substr(0, length)));
    ASSERT_FALSE(lines.ok()) << length;
    EXPECT_EQ(lines.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(lines.status().message(), HasSubstr("cut.gz"));
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
  EXPECT_EQ(ReadLines(dir.Write("bad.gz", damaged)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(LineReaderTest, ReportsHowFarItIs) {
  testing::TempDir dir;
  auto reader = LineReader::Open(dir.Write("a", std::string(3 << 20, '\n')));
  ASSERT_TRUE(reader.ok());
  std::string line;
  double last = 0;
  while (*(*reader)->Next(line)) {
    if ((*reader)->line_number() % 4096 != 0) continue;
    EXPECT_GE((*reader)->fraction_read(), last);
    last = (*reader)->fraction_read();
  }
  EXPECT_EQ(last, 1.0);
}

TEST(LineReaderTest, PassesOverAByteOrderMark) {
  testing::TempDir dir;
  EXPECT_THAT(*ReadLines(dir.Write("a",
                                   "\xef\xbb\xbf"
                                   "7\n8\n")),
              ElementsAre("7", "8"));
  WriteGzip(dir.File("a.gz"), "\xef\xbb\xbf{}\n");
  EXPECT_THAT(*ReadLines(dir.File("a.gz")), ElementsAre("{}"));
  EXPECT_THAT(ReadLines(dir.Write("b", std::string("\xff\xfe"
                                                   "7\0\n\0",
                                                   6)))
                  .status()
                  .message(),
              HasSubstr("is UTF-16"));
}

TEST(LineReaderTest, ReadsCompressedFilesThatWereJoined) {
  testing::TempDir dir;
  WriteGzip(dir.File("a.gz"), "one\n");
  WriteGzip(dir.File("b.gz"), "two\n");
  EXPECT_THAT(*ReadLines(dir.Write("c.gz", dir.Read("a.gz") + dir.Read("b.gz"))),
              ElementsAre("one", "two"));
  // tar and tape drives pad files with zeros.
  EXPECT_THAT(*ReadLines(dir.Write("d.gz", dir.Read("a.gz") + std::string(512, '\0'))),
              ElementsAre("one"));
}

// A pipe whose lines come one by one.
TEST(LineReaderTest, GivesTheLinesOfAPipeAsTheyCome) {
  testing::TempDir dir;
  ASSERT_EQ(mkfifo(dir.File("pipe").c_str(), 0600), 0);
  const int writer = open(dir.File("pipe").c_str(), O_RDWR);
  std::atomic<bool> interrupted{false};
  auto reader = LineReader::Open(dir.File("pipe"), [&] { return interrupted.load(); });
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_FALSE((*reader)->is_regular_file());
  const auto soon = [] { return absl::Now() + absl::Milliseconds(50); };
  EXPECT_FALSE((*reader)->Await(soon()));
  ASSERT_EQ(write(writer, "one\ntw", 6), 6);
  EXPECT_TRUE((*reader)->Await(soon()));
  std::string line;
  ASSERT_TRUE(*(*reader)->Next(line));
  EXPECT_EQ(line, "one");
  EXPECT_FALSE((*reader)->Await(soon()));  // half a line
  ASSERT_EQ(write(writer, "o\n", 2), 2);
  EXPECT_TRUE((*reader)->Await(soon()));
  ASSERT_TRUE(*(*reader)->Next(line));
  EXPECT_EQ(line, "two");
  interrupted = true;
  EXPECT_EQ((*reader)->Next(line).status().code(), absl::StatusCode::kCancelled);
  close(writer);
}

TEST(LineReaderTest, RefusesDirectoriesAndMissingFiles) {
  testing::TempDir dir;
  EXPECT_THAT(LineReader::Open(dir.path()).status().message(), HasSubstr("is a directory"));
  EXPECT_EQ(LineReader::Open(dir.File("none")).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace line_reader_test
}  // namespace tqdb::client
