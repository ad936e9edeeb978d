#include "service/metrics.h"

#include <unistd.h>

#include <fstream>
#include <utility>
#include <vector>

#include "core/kernels/kernels.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/metric_family.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"
#include "service/build_info.h"

namespace tqdb::service {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Returns the bounds of the latency histogram. They range from a search in cache to an upsert that
// waits for a slow disk.
const prometheus::Histogram::BucketBoundaries& LatencyBuckets() {
  static const auto* buckets = new prometheus::Histogram::BucketBoundaries{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return *buckets;
}

// One gauge family, filled sample by sample.
class GaugeFamily {
 public:
  GaugeFamily(const char* name, const char* help) {
    family_.name = name;
    family_.help = help;
    family_.type = MetricType::Gauge;
  }

  void Add(double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family_.metric.push_back(std::move(metric));
  }

  MetricFamily Take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

MetricFamily SingleGauge(const char* name, const char* help, double value) {
  GaugeFamily family(name, help);
  family.Add(value);
  return family.Take();
}

void AppendAdmission(const Admission& admission, std::vector<MetricFamily>* families) {
  const Admission::Usage usage = admission.usage();
  families->push_back(SingleGauge("tqdb_requests_in_flight", "Unary calls being served.",
                                  static_cast<double>(usage.requests)));
  families->push_back(SingleGauge("tqdb_upsert_streams", "Upsert streams that are open.",
                                  static_cast<double>(usage.streams)));
  families->push_back(SingleGauge("tqdb_upsert_bytes_in_flight",
                                  "Bytes of upsert messages read and not yet committed.",
                                  static_cast<double>(usage.upsert_bytes)));
  families->push_back(SingleGauge("tqdb_stream_batches_waiting",
                                  "Stream batches that wait for the bound of upsert bytes.",
                                  static_cast<double>(usage.waiting_batches)));
}

void AppendCollections(const storage::Database& database, std::vector<MetricFamily>* families) {
  const std::vector<storage::CollectionInfo> collections = database.ListCollections();
  GaugeFamily points("tqdb_collection_points", "Live points of a collection.");
  GaugeFamily disk("tqdb_collection_disk_bytes",
                   "Files of a collection, write-ahead log included.");
  GaugeFamily write_buffers("tqdb_collection_write_buffer_bytes",
                            "Writes of a collection that are not yet in a table file, in memory.");
  GaugeFamily memory("tqdb_collection_memory_bytes",
                     "Codes and id index of a collection in memory.");
  GaugeFamily kept("tqdb_collection_kept_rows",
                   "Rows of replaced or deleted points, in memory for reads in progress.");
  GaugeFamily read_only("tqdb_collection_read_only",
                        "1 when a failed write made the collection refuse writes.");
  GaugeFamily quarantined("tqdb_collection_quarantined",
                          "1 when the collection is damaged and refuses every call.");
  GaugeFamily unavailable("tqdb_collection_unavailable",
                          "1 when the collection cannot be opened for now, and is tried again.");
  for (const storage::CollectionInfo& info : collections) {
    const std::vector<ClientMetric::Label> labels = {{"collection", info.name}};
    points.Add(static_cast<double>(info.points), labels);
    disk.Add(static_cast<double>(info.disk_bytes), labels);
    memory.Add(static_cast<double>(info.memory_bytes), labels);
    write_buffers.Add(static_cast<double>(info.write_buffer_bytes), labels);
    kept.Add(static_cast<double>(info.kept_rows), labels);
    read_only.Add(info.status == storage::CollectionStatus::kReadOnly ? 1 : 0, labels);
    quarantined.Add(info.status == storage::CollectionStatus::kQuarantined ? 1 : 0, labels);
    unavailable.Add(info.status == storage::CollectionStatus::kUnavailable ? 1 : 0, labels);
  }
  families->push_back(SingleGauge("tqdb_collections", "Collections, quarantined ones included.",
                                  static_cast<double>(collections.size())));
  if (collections.empty()) return;  // a family without samples is not valid text
  for (GaugeFamily* family :
       {&points, &disk, &memory, &write_buffers, &kept, &read_only, &quarantined, &unavailable}) {
    families->push_back(family->Take());
  }
}

}  // namespace

Metrics::Metrics(const Admission& admission)
    : admission_(admission), registry_(std::make_unique<prometheus::Registry>()) {
  requests_ =
      &prometheus::BuildCounter()
           .Name("tqdb_requests_total")
           .Help("Finished calls (of UpsertStream: batches) by method and gRPC status code.")
           .Register(*registry_);
  auto& latency = prometheus::BuildHistogram()
                      .Name("tqdb_request_seconds")
                      .Help("Time from the decoded request to the response, by method.")
                      .Register(*registry_);
  for (size_t i = 0; i < kNumMethods; ++i) {
    latency_[i] = &latency.Add({{"method", MethodName(static_cast<Method>(i))}}, LatencyBuckets());
  }
  auto& points = prometheus::BuildCounter()
                     .Name("tqdb_points_total")
                     .Help("Points written or removed since the start.")
                     .Register(*registry_);
  points_upserted_ = &points.Add({{"operation", "upsert"}});
  points_deleted_ = &points.Add({{"operation", "delete"}});
  queries_ = &prometheus::BuildCounter()
                  .Name("tqdb_queries_total")
                  .Help("Query vectors searched since the start.")
                  .Register(*registry_)
                  .Add({});
  unauthorized_ = &prometheus::BuildCounter()
                       .Name("tqdb_unauthorized_calls_total")
                       .Help("Calls refused for want of an API key that suffices, by status code.")
                       .Register(*registry_);
}

Metrics::~Metrics() = default;

void Metrics::CountCall(Method method, absl::StatusCode code, absl::Duration latency) {
  // Add() finds the counter of these labels if there is one. That takes a microsecond a call, which
  // is not worth a second table.
  requests_->Add({{"method", MethodName(method)}, {"code", absl::StatusCodeToString(code)}})
      .Increment();
  latency_[static_cast<size_t>(method)]->Observe(absl::ToDoubleSeconds(latency));
}

void Metrics::CountUpserted(uint64_t points) {
  points_upserted_->Increment(static_cast<double>(points));
}

void Metrics::CountDeleted(uint64_t points) {
  points_deleted_->Increment(static_cast<double>(points));
}

void Metrics::CountQueries(uint64_t queries) { queries_->Increment(static_cast<double>(queries)); }

void Metrics::CountUnauthorized(absl::StatusCode code) {
  unauthorized_->Add({{"code", absl::StatusCodeToString(code)}}).Increment();
}

std::string Metrics::Serialize(const storage::Database* database) const {
  std::vector<MetricFamily> families = registry_->Collect();
  AppendAdmission(admission_, &families);
  if (database != nullptr) AppendCollections(*database, &families);
  families.push_back(SingleGauge("process_resident_memory_bytes", "Resident set of the process.",
                                 static_cast<double>(ResidentBytes())));
  GaugeFamily build("tqdb_build_info", "Always 1; the labels say which build runs.");
  build.Add(1, {{"version", Version()}, {"commit", Commit()}, {"kernels", BestKernels().name}});
  families.push_back(build.Take());
  return prometheus::TextSerializer().Serialize(families);
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total_pages = 0, resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace tqdb::service
