#include "base/fault_log.h"

#include <atomic>

namespace tqdb {

namespace {

std::atomic<FaultLogger> fault_logger{nullptr};

}  // namespace

void SetFaultLogger(FaultLogger logger) { fault_logger.store(logger); }

void LogFault(FaultState state, absl::string_view message) {
  if (const FaultLogger logger = fault_logger.load()) logger(state, message);
}

}  // namespace tqdb
