// Values that a caller sent, as parts of messages.
#ifndef TQDB_BASE_QUOTED_H_
#define TQDB_BASE_QUOTED_H_

#include <cstddef>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Returns the text in quotes, shortened and escaped, so that a hostile value cannot flood a log
// line or break out of it.
inline std::string Quoted(absl::string_view text, size_t max_bytes = 64) {
  return absl::StrCat("'", absl::CHexEscape(text.substr(0, max_bytes)),
                      text.size() > max_bytes ? "..." : "", "'");
}

}  // namespace tqdb::storage

#endif  // TQDB_BASE_QUOTED_H_
