#include "client/cli/flags/id_list.h"

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/input/line_reader.h"

namespace tqdb::client {

absl::StatusOr<std::vector<PointId>> ParseIds(const std::vector<std::string>& texts) {
  std::vector<PointId> ids;
  for (const std::string& text : texts) {
    absl::StatusOr<PointId> id = PointId::Parse(text);
    if (!id.ok()) return id.status();
    ids.push_back(*std::move(id));
  }
  return ids;
}

absl::Status AppendIdsFromFile(const std::string& path, std::vector<PointId>& ids) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  std::string line;
  while (true) {
    absl::StatusOr<bool> more = (*lines)->Next(line);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    const std::string text(absl::StripAsciiWhitespace(line));
    if (text.empty()) continue;
    absl::StatusOr<PointId> id = PointId::Parse(text);
    if (!id.ok()) {
      return absl::InvalidArgumentError(absl::StrCat((*lines)->path(), ":", (*lines)->line_number(),
                                                     ": ", id.status().message()));
    }
    ids.push_back(*std::move(id));
  }
}

}  // namespace tqdb::client
