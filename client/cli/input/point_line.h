// One line of a file of JSON lines as a point.
//
// clang-format off
//   {"id": 7, "vector": [0.1, ...], "payload": {"title": "..."}}
//   {"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "vectors": {"image": [...], "text": [...]}}
//   {"id": 8, "sparse_vectors": {"terms": {"indices": [...], "values": [...]}}}
//   {"_id": "doc-1", "embedding": [0.1, ...], "title": "..."}     with other names, see LineFields
// clang-format on
#ifndef TQDB_CLIENT_CLI_INPUT_POINT_LINE_H_
#define TQDB_CLIENT_CLI_INPUT_POINT_LINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/output/json.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Names of the keys of a line.
struct LineFields {
  std::string id = {};      // key of the id; empty: "id"
  std::string vector = {};  // key of the vector; empty: "vector", "vectors" and "sparse_vectors"
  // Whether all other keys together are the payload. Otherwise the payload is the value of the key
  // "payload", and other keys are errors, because they are mostly typing errors.
  bool payload_rest = false;
  // Whether any text may be an id. The payload keeps the text under the key of the id.
  bool hash_ids = false;
};

// A point, and what its line had.
struct PointLine {
  Point point;
  bool has_id = false;
};

// Returns the point of a line. The value of a vector's key is an array of numbers, or an object of
// several by the name of their space. Payloads are taken over as they are written, so that numbers
// keep all their digits. InvalidArgument names the key.
absl::StatusOr<PointLine> PointFromLine(absl::string_view line, const LineFields& fields = {});

// Returns the id of a number in 0..2^64-1 or of a string with a UUID. With `hash_ids`, another
// string gives the UUID of HashedId. InvalidArgument otherwise.
absl::StatusOr<PointId> PointIdFromJson(const Json& json, bool hash_ids = false);

// Returns the id of a text as PointId::Parse does. With `hash_ids`, other texts give HashedId.
absl::StatusOr<PointId> PointIdFromText(absl::string_view text, bool hash_ids);

// Returns the UUID, version 5, that stands for a text. LangChain's and LlamaIndex's stores of the
// Python package use the same one.
PointId HashedId(absl::string_view text);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_POINT_LINE_H_
