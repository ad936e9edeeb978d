#include "service/float_matrix.h"

#include <new>

namespace tqdb::service {

namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

FloatMatrix::FloatMatrix(size_t rows, size_t dim)
    : data_(static_cast<float*>(::operator new(rows* dim * sizeof(float), kAlignment))),
      rows_(rows),
      dim_(dim) {}

void FloatMatrix::Deleter::operator()(float* data) const { ::operator delete(data, kAlignment); }

}  // namespace tqdb::service
