// Options and helpers that the tests that kill the server share.
#ifndef TQDB_TESTS_E2E_CRASH_OPTIONS_H_
#define TQDB_TESTS_E2E_CRASH_OPTIONS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"

namespace tqdb::e2e {

inline uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t value = otherwise;
  if (text != nullptr && !absl::SimpleAtoi(text, &value)) {
    ADD_FAILURE() << name << ": \"" << text << "\" is not a number";
  }
  return value;
}

// Returns OK for an error that a dead server explains, and the error itself otherwise.
inline absl::Status AsServerDied(const absl::Status& status) {
  if (absl::IsUnavailable(status) || absl::IsCancelled(status)) return absl::OkStatus();
  return status;
}

}  // namespace tqdb::e2e

#endif  // TQDB_TESTS_E2E_CRASH_OPTIONS_H_
