#include "storage/payload/filter_estimator.h"

#include <algorithm>

namespace tqdb::storage {

// Likely sizes take conditions to be independent of each other; bounds take the worst.

RowEstimate FilterEstimator::All(const std::vector<RowEstimate>& estimates) const {
  RowEstimate all = RowEstimate::Exactly(all_);
  for (const RowEstimate& estimate : estimates) {
    // What one leaves out, the other may all have.
    all.min = all.min + estimate.min > all_ ? all.min + estimate.min - all_ : 0;
    all.likely *= all_ == 0 ? 0 : estimate.likely / static_cast<double>(all_);
    all.max = std::min(all.max, estimate.max);
  }
  return all.CappedAt(all_);
}

RowEstimate FilterEstimator::Not(const RowEstimate& estimate) const {
  return {all_ - estimate.max, static_cast<double>(all_) - estimate.likely, all_ - estimate.min};
}

RowEstimate FilterEstimator::Any(const std::vector<RowEstimate>& estimates) const {
  std::vector<RowEstimate> others;
  for (const RowEstimate& estimate : estimates) others.push_back(Not(estimate));
  return Not(All(others));
}

RowEstimate FilterEstimator::Estimate(const PreparedGroup& group) const {
  const auto each = [this](const std::vector<PreparedCondition>& conditions) {
    std::vector<RowEstimate> estimates;
    for (const PreparedCondition& condition : conditions) estimates.push_back(Estimate(condition));
    return estimates;
  };
  std::vector<RowEstimate> parts = each(group.must);
  for (const RowEstimate& estimate : each(group.must_not)) parts.push_back(Not(estimate));
  if (!group.should.empty()) parts.push_back(Any(each(group.should)));
  if (group.min_count > 0) {
    // Between all of them and any; a row in `count` of them is counted that often in their sum.
    const std::vector<RowEstimate> estimates = each(group.min_should);
    const RowEstimate all = All(estimates);
    const double count = static_cast<double>(group.min_count);
    double likely = 0, max = 0;
    for (const RowEstimate& estimate : estimates) {
      likely += estimate.likely;
      max += static_cast<double>(estimate.max);
    }
    const uint64_t bound = std::min<uint64_t>(all_, static_cast<uint64_t>(max / count));
    parts.push_back(RowEstimate{all.min, likely / count / 2, bound}.CappedAt(all_));
  }
  return All(parts);
}

RowEstimate FilterEstimator::Estimate(const PreparedCondition& condition) const {
  if (const auto* field = std::get_if<PreparedField>(&condition.of)) {
    const FieldIndex* index = index_.Find(field->path);
    if (index == nullptr) return RowEstimate::UpTo(all_);
    return index->Estimate(field->test, all_).CappedAt(all_);
  }
  if (const auto* ids = std::get_if<PreparedIds>(&condition.of)) {
    // Ids mostly exist.
    const uint64_t max = std::min<uint64_t>(ids->ids.size(), all_);
    return {0, static_cast<double>(max), max};
  }
  if (std::holds_alternative<PreparedNested>(condition.of)) return RowEstimate::UpTo(all_);
  return Estimate(std::get<PreparedGroup>(condition.of));
}

}  // namespace tqdb::storage
