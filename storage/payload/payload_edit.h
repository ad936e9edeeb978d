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

  // The same for a caller that needs the trees, too: parses a stored payload once, and edits the
  // tree in place.
  //
  // FailedPrecondition when the payload is nested too deep to be edited, DataLoss when it is no
  // object.
  static absl::StatusOr<nlohmann::ordered_json> Parse(absl::string_view payload);
  // Returns the text of the payload after the edit. `payload` is what Parse returned, or anything
  // when the edit does not read it; after an error it is unspecified.
  absl::StatusOr<std::string> Apply(nlohmann::ordered_json& payload) const;
  // False when the payload before the edit does not matter.
  bool reads_payload() const {
    return kind_ == PayloadEdit::Kind::kSet || kind_ == PayloadEdit::Kind::kDeleteKeys;
  }

 private:
  PreparedEdit() = default;

  PayloadEdit::Kind kind_ = PayloadEdit::Kind::kClear;
  nlohmann::ordered_json members_;
  KeyPath at_;
  std::vector<KeyPath> keys_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_EDIT_H_
