// Edits of a payload: set some members, replace all, delete some keys, delete all.
//
// An edit is prepared once, which checks everything that does not depend on a payload. Then it is
// applied to any number of payloads. It works on the stored text and returns a new text. The order
// of members is kept, and values that are not edited keep every byte: 1.10 and 10^30 stay as they
// were written (json_text.h). Example: the payload is {"a": 1.10, "b": {"c": 2}}. Then kSet of
// {"d": 3} at key "b" gives {"a":1.10,"b":{"c":2,"d":3}}. And kDeleteKeys of "b.c" gives
// {"a":1.10,"b":{}}.
//
// Immutable; any number of threads may apply one.
#ifndef TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_
#define TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "values/key_path.h"

namespace tqdb::storage {

// An edit as the user asks for it.
struct PayloadEdit {
  enum class Kind : uint8_t {
    kSet,         // sets the members of `json`; members of other names stay
    kOverwrite,   // replaces the payload by `json`
    kDeleteKeys,  // deletes the values at `keys`; an array on the way stands for its objects
    kClear,       // deletes the payload
  };
  Kind kind = Kind::kSet;
  std::string json = {};  // kSet, kOverwrite: text of a JSON object
  // kSet: path of the object whose members are set; empty is the payload itself. Objects that are
  // missing on the way are made.
  std::string key = {};
  std::vector<std::string> keys = {};  // kDeleteKeys: paths, 1 to kMaxEditKeys
};

inline constexpr size_t kMaxEditKeys = 1'024;

// An edit whose JSON and paths are parsed and checked.
class PreparedEdit {
 public:
  // Checks and parses an edit. InvalidArgument names the field of the edit and the fault.
  static absl::StatusOr<PreparedEdit> Create(const PayloadEdit& edit);

  // Returns the text of the payload after the edit, or "" for none. `payload` is the stored text,
  // and is not looked at unless the edit reads it. DataLoss if it is not an object.
  // FailedPrecondition if a value on the way of kSet's key is not an object, or if `payload` is
  // nested too deeply. InvalidArgument if the result would be nested too deeply.
  absl::StatusOr<std::string> Apply(absl::string_view payload) const;

 private:
  PreparedEdit() = default;

  PayloadEdit::Kind kind_ = PayloadEdit::Kind::kClear;
  // kSet: names and texts of the members to set.
  std::vector<std::pair<std::string, std::string>> members_;
  std::string payload_;        // kOverwrite: the new payload
  KeyPath at_;                 // kSet: path of the object; empty for the payload itself
  std::vector<KeyPath> keys_;  // kDeleteKeys
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_
