// Edits of a payload: some keys set, all replaced, some deleted, all deleted.
#ifndef TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_
#define TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "values/key_path.h"

namespace tqdb::storage {

struct PayloadEdit {
  enum class Kind : uint8_t {
    kSet,         // the members of `json` replace those of the same name; others stay
    kOverwrite,   // `json` is the payload
    kDeleteKeys,  // what `keys` lead to is gone; arrays on the way stand for the objects in them
    kClear,       // there is no payload
  };
  Kind kind = Kind::kSet;
  std::string json = {};  // kSet, kOverwrite: an object
  std::string key = {};   // kSet: path of the object to set members of; empty: the payload itself
  std::vector<std::string> keys = {};  // kDeleteKeys
};

inline constexpr size_t kMaxEditKeys = 1'024;

class PreparedEdit {
 public:
  // InvalidArgument names the field of the edit and what is wrong with it.
  static absl::StatusOr<PreparedEdit> Create(const PayloadEdit& edit);

  // The payload after the edit, JSON text or "" for none, with keys in their order. `payload` is a
  // payload as it is stored. FailedPrecondition when something that is no object stands on the way
  // of kSet's key. Numbers beyond 64 bits come back as the nearest double.
  absl::StatusOr<std::string> Apply(absl::string_view payload) const;

 private:
  PreparedEdit() = default;

  PayloadEdit::Kind kind_ = PayloadEdit::Kind::kClear;
  nlohmann::ordered_json members_;
  KeyPath at_;
  std::vector<KeyPath> keys_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_
