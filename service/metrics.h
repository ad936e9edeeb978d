// Everything that /metrics shows, in one place.
//
// Thread-safe. Calls feed the counters and histograms when they end. Gauges about collections and
// the process are read when a scrape comes.
#ifndef TQDB_SERVICE_METRICS_H_
#define TQDB_SERVICE_METRICS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/admission.h"
#include "service/method.h"
#include "storage/api/database.h"

namespace prometheus {
class Counter;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace tqdb::service {

class Metrics {
 public:
  // `admission` must outlive the metrics. Its numbers appear as gauges.
  explicit Metrics(const Admission& admission);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Counts one finished call, or one finished batch of a stream.
  void CountCall(Method method, absl::StatusCode code, absl::Duration latency);
  void CountUpserted(uint64_t points);
  void CountDeleted(uint64_t points);
  void CountQueries(uint64_t queries);
  // Counts a call that was refused for its API key before any service saw it.
  void CountUnauthorized(absl::StatusCode code);

  // Returns all metrics in the text format of Prometheus. `database` may be null while it is being
  // opened.
  std::string Serialize(const storage::Database* database) const;

 private:
  const Admission& admission_;
  std::unique_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Counter>* requests_;
  std::array<prometheus::Histogram*, kNumMethods> latency_;
  prometheus::Counter* points_upserted_;
  prometheus::Counter* points_deleted_;
  prometheus::Counter* queries_;
  prometheus::Family<prometheus::Counter>* unauthorized_;
};

// Returns the resident set of this process in bytes; 0 when /proc cannot be read.
uint64_t ResidentBytes();

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_METRICS_H_
