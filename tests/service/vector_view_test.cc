// Tests that a vector has the same numbers in each of its forms, and that a message about a wrong
// length speaks in the terms of the form.
#include "service/vector_view.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb::service {
namespace vector_view_test {

storage::VectorSpaceConfig Space(size_t dim) {
  storage::VectorSpaceConfig space;
  space.codec.dim = dim;
  return space;
}

std::string Field() { return "query.vector"; }

std::string Error(const VectorView& vector) {
  return std::string(vector.Check(Space(8), Field).message());
}

// A protocol hands over bytes at any address. To read them as floats in place would be undefined
// behaviour, which the sanitizers report here.
TEST(VectorViewTest, EveryFormGivesTheSameNumbersAtEveryAddress) {
  const std::vector<float> values = {1, -2, 0.5f, 0, 3, -0.25f, 8, 1024};
  const uint16_t halves[] = {0x3c00, 0xc000, 0x3800, 0, 0x4200, 0xb400, 0x4800, 0x6400};
  const std::string f32(reinterpret_cast<const char*>(values.data()), 32);
  const std::string f16(reinterpret_cast<const char*>(halves), 16);
  for (size_t shift = 0; shift < 4; ++shift) {
    const std::string moved32 = std::string(shift, 'x') + f32;
    const std::string moved16 = std::string(shift, 'x') + f16;
    for (const VectorView& vector : {VectorView::OfF32(absl::string_view(moved32).substr(shift)),
                                     VectorView::OfF16(absl::string_view(moved16).substr(shift)),
                                     VectorView::OfFloats(values)}) {
      ASSERT_TRUE(vector.Check(Space(8), Field).ok());
      std::vector<float> out(8);
      vector.CopyTo(absl::MakeSpan(out));
      EXPECT_EQ(out, values);
    }
  }
}

TEST(VectorViewTest, AWrongLengthIsToldInTheUnitsOfItsForm) {
  const std::string bytes(64, '\0');
  const std::vector<float> floats(9);
  EXPECT_EQ(Error(VectorView()), "query.vector is empty; set f32, f16 or values, with 8 numbers");
  EXPECT_EQ(Error(VectorView::OfF32(bytes)),
            "query.vector.f32 has 16 numbers; vector space '' (unnamed) has dim 8");
  EXPECT_EQ(Error(VectorView::OfF32(absl::string_view(bytes).substr(0, 33))),
            "query.vector.f32 has 33 bytes, not a multiple of 4; vector space '' (unnamed) has dim "
            "8, which takes 32 bytes");
  EXPECT_EQ(Error(VectorView::OfF16(absl::string_view(bytes).substr(0, 4))),
            "query.vector.f16 has 2 numbers; vector space '' (unnamed) has dim 8");
  EXPECT_EQ(Error(VectorView::OfF16(absl::string_view(bytes).substr(0, 5))),
            "query.vector.f16 has 5 bytes, not a multiple of 2; vector space '' (unnamed) has dim "
            "8, which takes 16 bytes");
  EXPECT_EQ(Error(VectorView::OfFloats(floats)),
            "query.vector.values has 9 numbers; vector space '' (unnamed) has dim 8");
  EXPECT_EQ(Error(VectorView::OfF32("")),
            "query.vector.f32 has 0 numbers; vector space '' (unnamed) has dim 8");
}

}  // namespace vector_view_test
}  // namespace tqdb::service
