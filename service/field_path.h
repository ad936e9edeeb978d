// How a check learns the name of the field that it looks at.
#ifndef TQDB_SERVICE_FIELD_PATH_H_
#define TQDB_SERVICE_FIELD_PATH_H_

#include <string>

#include "absl/functional/function_ref.h"

namespace tqdb::service {

// Builds the path of a field, such as "points[3].vectors[0].vector". Called for errors alone, since
// a batch has thousands of fields.
using FieldPath = absl::FunctionRef<std::string()>;

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_FIELD_PATH_H_
