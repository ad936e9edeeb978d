// Tests where a page of points ends: at its number of points, or at its number of bytes, to the
// byte.
#include "service/page_builder.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb::service {
namespace page_builder_test {

storage::PointRecord Point(uint64_t id, size_t payload_bytes) {
  storage::PointRecord point;
  point.id = PointId::Number(id);
  point.payload = std::string(payload_bytes, 'x');
  return point;
}

TEST(PageBuilderTest, EndsAtItsNumberOfPoints) {
  PageBuilder page(3, 1'000'000);
  for (uint64_t id = 0; id < 3; ++id) {
    EXPECT_EQ(page.left(), 3 - id);
    EXPECT_TRUE(page.Add(Point(id, 10)));
  }
  EXPECT_FALSE(page.Add(Point(3, 10)));
  EXPECT_EQ(page.left(), 0u);
  EXPECT_EQ(page.Take().size(), 3u);
}

TEST(PageBuilderTest, EndsAtItsNumberOfBytesToTheByte) {
  const size_t bytes = PointBytes(Point(1, 100));
  for (const bool fits : {false, true}) {
    PageBuilder page(100, 2 * bytes - (fits ? 0 : 1));
    EXPECT_TRUE(page.Add(Point(1, 100)));
    EXPECT_EQ(page.Add(Point(2, 100)), fits);
    EXPECT_EQ(page.Take().size(), fits ? 2u : 1u);
  }
}

// A page without a point would never let its caller go on.
TEST(PageBuilderTest, TakesItsFirstPointWhateverTheSize) {
  PageBuilder page(100, 10);
  EXPECT_TRUE(page.Add(Point(1, 1'000)));
  EXPECT_FALSE(page.Add(Point(2, 0)));
  const std::vector<storage::PointRecord> points = page.Take();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].payload.size(), 1'000u);
}

}  // namespace page_builder_test
}  // namespace tqdb::service
