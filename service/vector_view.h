// A vector as a caller has it: numbers in one of several forms, borrowed.
//
// The numbers are copied once, from here to the matrix that storage reads. So a protocol hands
// over the bytes that it received, at whatever address they lie, and the service checks their
// length. For example, 3,072 bytes of float16 are the same vector as 1,536 floats.
#ifndef TQDB_SERVICE_VECTOR_VIEW_H_
#define TQDB_SERVICE_VECTOR_VIEW_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "service/field_path.h"
#include "storage/api/options.h"

namespace tqdb::service {

// Thread-safe, as every immutable value.
class VectorView {
 public:
  // Makes a vector without numbers, which no space accepts.
  VectorView() = default;

  static VectorView OfF32(absl::string_view bytes);  // float32, little-endian
  static VectorView OfF16(absl::string_view bytes);  // IEEE half floats, little-endian
  static VectorView OfFloats(absl::Span<const float> values);

  // Returns OK when there are space.dim numbers. Their values are not looked at: the codec does
  // that once. InvalidArgument names the field, its form and both lengths.
  absl::Status Check(const storage::VectorSpaceConfig& space, FieldPath field) const;
  // Returns the numbers; none if the bytes are not a whole number of them.
  std::vector<float> Values() const;
  // Writes the numbers of a vector that has passed Check. Requires out.size() == space.dim.
  void CopyTo(absl::Span<float> out) const;

 private:
  enum class Form { kNone, kF32, kF16, kFloats };

  VectorView(Form form, const void* data, size_t bytes) : form_(form), data_(data), bytes_(bytes) {}

  Form form_ = Form::kNone;
  const void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_VECTOR_VIEW_H_
