// Archives as numpy.savez and numpy.savez_compressed write them.
#include "client/cli/input/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/npy.h"
#include "client/cli/input/matrix_reader.h"
#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace npz_test {

using ::testing::HasSubstr;

std::string Little(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

std::string Deflate(const std::string& text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Returns a .npy file of (rows, 2) values that count up.
std::string Npy(uint64_t rows) {
  std::string out = NpyPreamble(rows, 2);
  for (uint64_t i = 0; i < 2 * rows; ++i) {
    const float value = static_cast<float>(i);
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return out;
}

// Returns an archive. With `large`, sizes stand in the extra fields of 64 bits, as numpy.savez
// writes them in the headers of the files.
std::string Zip(const std::vector<std::pair<std::string, std::string>>& files, bool deflated,
                bool large = false) {
  std::string out;
  std::string directory;
  for (const auto& [name, bytes] : files) {
    const std::string packed = deflated ? Deflate(bytes) : bytes;
    const uint32_t crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    const std::string extra =
        large ? Little(1, 2) + Little(16, 2) + Little(bytes.size(), 8) + Little(packed.size(), 8)
              : "";
    const std::string common = Little(20, 2) + Little(0, 2) + Little(deflated ? 8 : 0, 2) +
                               Little(0, 4) + Little(crc, 4) +
                               Little(large ? 0xffffffff : packed.size(), 4) +
                               Little(large ? 0xffffffff : bytes.size(), 4) +
                               Little(name.size(), 2) + Little(extra.size(), 2);
    directory += "PK\1\2" + Little(20, 2) + common + Little(0, 2) + Little(0, 2) + Little(0, 2) +
                 Little(0, 4) + Little(out.size(), 4) + name + extra;
    out += "PK\3\4" + common + name + extra + packed;
  }
  const size_t offset = out.size();
  return out + directory + "PK\5\6" + Little(0, 4) + Little(files.size(), 2) +
         Little(files.size(), 2) + Little(directory.size(), 4) + Little(offset, 4) + Little(0, 2);
}

class NpzTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<std::vector<float>>> Read(const std::string& bytes,
                                                       const std::string& array = "") {
    auto matrix = OpenMatrix({.path = dir_.Write("x.npz", bytes), .array = array});
    if (!matrix.ok()) return matrix.status();
    std::vector<std::vector<float>> rows((*matrix)->rows());
    for (std::vector<float>& row : rows) {
      if (absl::Status s = (*matrix)->ReadRow(row); !s.ok()) return s;
    }
    return rows;
  }

  testing::TempDir dir_;
};

TEST_F(NpzTest, ReadsStoredAndCompressedArrays) {
  for (bool deflated : {false, true}) {
    for (bool large : {false, true}) {
      const auto rows = Read(Zip({{"arr_0.npy", Npy(3)}}, deflated, large));
      ASSERT_TRUE(rows.ok()) << rows.status();
      EXPECT_EQ(*rows, (std::vector<std::vector<float>>{{0, 1}, {2, 3}, {4, 5}}));
    }
  }
}

TEST_F(NpzTest, ChoosesAnArrayByName) {
  const std::string bytes =
      Zip({{"a.npy", Npy(3)}, {"note.txt", "x"}, {"b.npy", Npy(70000)}}, /*deflated=*/true);
  EXPECT_EQ(Read(bytes, "a")->size(), 3u);
  EXPECT_EQ(Read(bytes, "b")->size(), 70000u);
  EXPECT_THAT(Read(bytes).status().message(), HasSubstr("give --array: a, b"));
  EXPECT_THAT(Read(bytes, "c").status().message(), HasSubstr("no array \"c\"; it has a, b"));
  EXPECT_THAT(Read(Zip({{"note.txt", "x"}}, false)).status().message(),
              HasSubstr("holds no array"));
}

TEST_F(NpzTest, FindsDamageEverywhere) {
  for (bool deflated : {false, true}) {
    const std::string whole = Zip({{"arr_0.npy", Npy(50)}}, deflated);
    for (size_t length = 0; length < whole.size(); length += 3) {
      EXPECT_FALSE(Read(whole.substr(0, length)).ok()) << length;
    }
    // Changed bytes are found, or change a value that nothing protects, and never crash.
    for (size_t i = 0; i < whole.size(); ++i) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(~damaged[i]);
      Read(damaged).status().IgnoreError();
    }
  }
}

}  // namespace npz_test
}  // namespace tqdb::client
