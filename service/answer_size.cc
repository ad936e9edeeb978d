#include "service/answer_size.h"

#include <bit>
#include <cstdint>
#include <string>
#include <variant>

#include "values/filter.h"
#include "values/types.h"

namespace tqdb::service {

namespace {

constexpr size_t kTagBytes = 1;    // of every field, since all numbers of fields are below 16
constexpr size_t kUuidBytes = 36;  // as text
constexpr size_t kBoolBytes = 1;

// Returns the bytes of a number: 7 bits a byte.
size_t NumberBytes(uint64_t number) {
  return (static_cast<size_t>(std::bit_width(number | 1)) + 6) / 7;
}

// Returns the bytes of a field that has its length in front of it.
size_t FieldBytes(size_t content) { return kTagBytes + NumberBytes(content) + content; }

// Returns the bytes of a text or list, which takes none when it is empty.
size_t OptionalFieldBytes(size_t content) { return content == 0 ? 0 : FieldBytes(content); }

size_t IdBytes(const PointId& id) {
  return id.is_uuid() ? FieldBytes(kUuidBytes) : kTagBytes + NumberBytes(id.low);
}

size_t VectorBytes(const storage::PointVector& vector) {
  const size_t form = FieldBytes(vector.values.size() * sizeof(float));
  return OptionalFieldBytes(vector.name.size()) + FieldBytes(form);
}

size_t SparseVectorBytes(const storage::PointSparseVector& vector) {
  size_t indices = 0;
  for (const uint32_t index : vector.vector.indices) indices += NumberBytes(index);
  const size_t values = vector.vector.values.size() * sizeof(float);
  return OptionalFieldBytes(vector.name.size()) +
         FieldBytes(OptionalFieldBytes(indices) + OptionalFieldBytes(values));
}

// Returns the bytes of the value of a group or facet.
size_t ValueBytes(const storage::MatchValue& value) {
  if (const auto* keyword = std::get_if<std::string>(&value.value)) {
    return FieldBytes(keyword->size());
  }
  if (const auto* integer = std::get_if<storage::Integer>(&value.value)) {
    // An int64 is sent as the uint64 of the same bits.
    return kTagBytes + NumberBytes(integer->fits_int64() ? static_cast<uint64_t>(integer->int64())
                                                         : integer->uint64());
  }
  return kTagBytes + kBoolBytes;
}

}  // namespace

size_t PointBytes(const storage::PointRecord& point) {
  size_t bytes = FieldBytes(IdBytes(point.id)) + OptionalFieldBytes(point.payload.size());
  // A score of +0 is not sent; one of -0 is.
  if (std::bit_cast<uint32_t>(point.score) != 0) bytes += kTagBytes + sizeof(float);
  for (const storage::PointVector& vector : point.vectors) bytes += FieldBytes(VectorBytes(vector));
  for (const storage::PointSparseVector& vector : point.sparse_vectors) {
    bytes += FieldBytes(SparseVectorBytes(vector));
  }
  return bytes;
}

size_t AnswerBytes(absl::Span<const storage::PointRecord> points) {
  size_t bytes = 0;
  for (const storage::PointRecord& point : points) bytes += FieldBytes(PointBytes(point));
  return bytes;
}

size_t AnswerBytes(absl::Span<const storage::PointGroup> groups) {
  size_t bytes = 0;
  for (const storage::PointGroup& group : groups) {
    bytes += FieldBytes(ValueBytes(group.value) + AnswerBytes(group.points));
  }
  return bytes;
}

size_t AnswerBytes(absl::Span<const storage::FacetCount> counts) {
  size_t bytes = 0;
  for (const storage::FacetCount& facet : counts) {
    const size_t count = facet.count == 0 ? 0 : kTagBytes + NumberBytes(facet.count);
    bytes += FieldBytes(ValueBytes(facet.value) + count);
  }
  return bytes;
}

size_t NestedBytes(size_t answer_bytes) { return FieldBytes(answer_bytes); }

size_t VectorBytesPerPoint(const storage::CollectionConfig& config) {
  size_t bytes = 0;
  for (const storage::VectorSpaceConfig& space : config.spaces) {
    bytes += space.codec.dim * sizeof(float) + space.name.size();
  }
  return bytes;
}

}  // namespace tqdb::service
