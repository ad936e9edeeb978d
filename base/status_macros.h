// Early return on error. Debian 12's Abseil has no status_macros.h, so the two macros are our own.
#ifndef TQDB_BASE_STATUS_MACROS_H_
#define TQDB_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function with the status of `expr` unless it is OK.
#define TQDB_RETURN_IF_ERROR(expr)                                                \
  do {                                                                            \
    if (absl::Status tqdb_status = (expr); !tqdb_status.ok()) return tqdb_status; \
  } while (false)

#define TQDB_STATUS_CONCAT_INNER(a, b) a##b
#define TQDB_STATUS_CONCAT(a, b) TQDB_STATUS_CONCAT_INNER(a, b)

// Assigns the value of a StatusOr, or returns from the function with its status:
//   TQDB_ASSIGN_OR_RETURN(auto x, Compute());
#define TQDB_ASSIGN_OR_RETURN(lhs, expr) \
  TQDB_ASSIGN_OR_RETURN_IMPL(TQDB_STATUS_CONCAT(tqdb_statusor_, __LINE__), lhs, expr)
#define TQDB_ASSIGN_OR_RETURN_IMPL(statusor, lhs, expr)    \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = std::move(statusor).value()

#endif  // TQDB_BASE_STATUS_MACROS_H_
