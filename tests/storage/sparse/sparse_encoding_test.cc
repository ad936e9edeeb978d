#include "storage/sparse/sparse_encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/random.h"

namespace tqdb::storage {
namespace sparse_encoding_test {

using testing::Gaussian;

std::string Encoded(const SparseVector& vector) {
  std::string bytes;
  EncodeSparseVector(vector.view(), &bytes);
  return bytes;
}

SparseVector RandomVector(Gaussian& random, size_t entries) {
  SparseVector vector;
  uint64_t index = random.Below(3);
  // Indices whose distances take one to five bytes.
  for (size_t i = 0; i < entries && index <= 0xffff'ffff; ++i) {
    vector.indices.push_back(static_cast<uint32_t>(index));
    vector.values.push_back(static_cast<float>(random.Next()));
    index += 1 + (random.Word() >> (36 + random.Below(28)));
  }
  return vector;
}

TEST(SparseEncoding, BytesAreAsDocumented) {
  EXPECT_EQ(Encoded({}), std::string("\x01\x00", 2));
  EXPECT_EQ(Encoded({{0, 1, 300, 4'294'967'295}, {1, -2, 0.5f, 0}}),
            std::string("\x01\x04"
                        "\x00"                  // 0
                        "\x00"                  // 1 = 0 + 1 + 0
                        "\xaa\x02"              // 300 = 1 + 1 + 298
                        "\xd2\xfd\xff\xff\x0f"  // 2^32 - 1 = 300 + 1 + 4294966994
                        "\x00\x00\x80\x3f"
                        "\x00\x00\x00\xc0"
                        "\x00\x00\x00\x3f"
                        "\x00\x00\x00\x00",
                        27));
}

TEST(SparseEncoding, DecodeInvertsEncode) {
  Gaussian random(20'241'101);
  SparseVector decoded;  // reused
  for (size_t round = 0; round < 2000; ++round) {
    const SparseVector vector = RandomVector(random, random.Below(200));
    ASSERT_TRUE(ValidateSparseVector(vector.view(), "v").ok());
    ASSERT_TRUE(DecodeSparseVector(Encoded(vector), &decoded).ok());
    ASSERT_EQ(decoded, vector);
  }
}

TEST(SparseEncoding, TruncatedAndExtendedBytesAreDataLoss) {
  Gaussian random(20'241'102);
  SparseVector decoded;
  for (size_t round = 0; round < 200; ++round) {
    const std::string bytes = Encoded(RandomVector(random, random.Below(40)));
    for (size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_EQ(DecodeSparseVector(bytes.substr(0, size), &decoded).code(),
                absl::StatusCode::kDataLoss)
          << size << " of " << bytes.size();
    }
    ASSERT_EQ(DecodeSparseVector(bytes + '\0', &decoded).code(), absl::StatusCode::kDataLoss);
  }
}

// Any bytes give either a valid vector or DataLoss.
TEST(SparseEncoding, ChangedBytesGiveValidVectorsOrDataLoss) {
  Gaussian random(20'241'103);
  SparseVector decoded;
  size_t refused = 0;
  constexpr size_t kRounds = 100'000;
  for (size_t round = 0; round < kRounds; ++round) {
    std::string bytes = Encoded(RandomVector(random, random.Below(12)));
    for (size_t changes = 1 + random.Below(3); changes > 0; --changes) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Word());
    }
    const absl::Status status = DecodeSparseVector(bytes, &decoded);
    refused += !status.ok();
    if (status.ok()) {
      ASSERT_TRUE(ValidateSparseVector(decoded.view(), "v").ok());
    } else {
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss);
    }
  }
  EXPECT_GT(refused, kRounds / 10);
  EXPECT_LT(refused, kRounds);
}

TEST(SparseEncoding, DamageIsNamed) {
  SparseVector decoded;
  const struct {
    std::string bytes, message;
  } cases[] = {
      {"", "sparse vector has no bytes"},
      {std::string("\x02\x00", 2), "sparse vector has encoding version 2; need 1"},
      {"\x01\xff\xff\xff\x7f", "sparse vector of 5 bytes has a damaged count of entries"},
      {std::string("\x01\x01\xff\xff\xff\xff\x1f\x00\x00\x00\x00", 11),  // 2^33 - 1
       "sparse vector has a damaged index 0"},
      {std::string("\x01\x01\x05\x00\x00\xc0\x7f", 7),
       "sparse vector.values[0] is nan; need a number of magnitude at most 1e+15"},
  };
  for (const auto& [bytes, message] : cases) {
    const absl::Status status = DecodeSparseVector(bytes, &decoded);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(status.message(), message);
  }
}

}  // namespace sparse_encoding_test
}  // namespace tqdb::storage
