#include "client/cli/output/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tqdb::client {
namespace table_test {

TEST(TableTest, AlignsAndCutsTheLastColumn) {
  Table table({{"id", Align::kRight}, {"text"}});
  table.AddRow({"7", "grün und lang genug"});
  table.AddRow({"1234", "x"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "  id  text\n   7  grün und lang genug\n1234  x\n");
  std::ostringstream narrow;
  table.Print(narrow, 16);
  EXPECT_EQ(narrow.str(), "  id  text\n   7  grün und …\n1234  x\n");
}

}  // namespace table_test
}  // namespace tqdb::client
