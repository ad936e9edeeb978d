// How many rows a filter matches, from the counts of its conditions.
#ifndef TQDB_STORAGE_PAYLOAD_FILTER_ESTIMATOR_H_
#define TQDB_STORAGE_PAYLOAD_FILTER_ESTIMATOR_H_

#include <cstdint>
#include <vector>

#include "storage/payload/payload_index.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"

namespace tqdb::storage {

class FilterEstimator {
 public:
  // `index` must outlive the estimator.
  explicit FilterEstimator(const PayloadIndex& index) : index_(index), all_(index.rows().size()) {}

  RowEstimate Estimate(const PreparedGroup& group) const;

 private:
  RowEstimate Estimate(const PreparedCondition& condition) const;
  RowEstimate All(const std::vector<RowEstimate>& estimates) const;
  RowEstimate Any(const std::vector<RowEstimate>& estimates) const;
  RowEstimate Not(const RowEstimate& estimate) const;

  const PayloadIndex& index_;
  const uint64_t all_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_FILTER_ESTIMATOR_H_
