#include "client/cli/output/index_table.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/text_format.h"
#include "client/cli/output/table.h"

namespace tqdb::client {

void PrintIndexes(const CollectionInfo& info, std::ostream& out) {
  Table table({{"payload index"},
               {"kind"},
               {"points", Align::kRight},
               {"memory", Align::kRight},
               {"state"}});
  for (const PayloadIndexInfo& index : info.payload_indexes) {
    std::string state = "ready";
    if (!index.ready) {
      const double points = static_cast<double>(info.points);
      state = absl::StrFormat("building, %.0f%%",
                              points > 0 ? 100 * static_cast<double>(index.points) / points : 0.0);
    }
    // Silence would look as if every value were found by time, or as a number.
    if (index.unheld_points > 0) {
      state += absl::StrCat("; ", WithThousands(index.unheld_points), " points have other values");
    }
    table.AddRow({Truncate(index.key, 60), std::string(PayloadIndexKindName(index.kind)),
                  WithThousands(index.points), FormatBytes(index.memory_bytes), state});
  }
  table.Print(out);
}

}  // namespace tqdb::client
