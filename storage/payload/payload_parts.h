// Parts of a payload: what a read returns of it when the caller does not want all.
//
// Example: the payload is {"a": 1.10, "b": {"c": 2, "d": 3}}. With `include` ["b.c"] it comes as
// {"b":{"c":2}}, with `exclude` ["b"] as {"a":1.10}. Values that are returned keep every byte
// (base/json_text.h). An array on the way of a path stands for the objects in it: they are cut one
// by one, and its other elements are left out by `include` and kept by `exclude`.
//
// Immutable; any number of threads may apply one.
#ifndef TQDB_STORAGE_PAYLOAD_PAYLOAD_PARTS_H_
#define TQDB_STORAGE_PAYLOAD_PAYLOAD_PARTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "values/key_path.h"

namespace tqdb::storage {

inline constexpr size_t kMaxPayloadParts = 64;  // paths of both lists together

class PayloadParts {
 public:
  // Selects the values at the paths of `include`, or all if there are none, without those at the
  // paths of `exclude`. InvalidArgument names the list and the path that is wrong.
  static absl::StatusOr<PayloadParts> Create(const std::vector<std::string>& include,
                                             const std::vector<std::string>& exclude);

  // Returns the text of the selected parts; "" for a payload that is "". Requires: `payload` is the
  // text of a stored payload, which was valid JSON when it was written.
  std::string Of(absl::string_view payload) const;

  friend bool operator==(const PayloadParts&, const PayloadParts&) = default;

 private:
  std::vector<KeyPath> include_;
  std::vector<KeyPath> exclude_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_PARTS_H_
