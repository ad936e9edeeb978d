#include "storage/sparse/sparse_encoding.h"

#include <bit>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/coding.h"

namespace tqdb::storage {

void EncodeSparseVector(SparseVectorView vector, std::string* out) {
  out->push_back(static_cast<char>(kSparseEncodingVersion));
  PutVarint64(out, vector.indices.size());
  uint64_t next = 0;  // the lowest index that may follow
  for (const uint32_t index : vector.indices) {
    PutVarint64(out, index - next);
    next = uint64_t{index} + 1;
  }
  for (const float value : vector.values) PutFixed32(out, std::bit_cast<uint32_t>(value));
}

absl::Status DecodeSparseVector(absl::string_view bytes, SparseVector* vector) {
  const size_t size = bytes.size();
  uint8_t version;
  if (!GetFixed8(&bytes, &version)) return absl::DataLossError("sparse vector has no bytes");
  if (version != kSparseEncodingVersion) {
    return absl::DataLossError(absl::StrCat("sparse vector has encoding version ", version,
                                            "; need ", kSparseEncodingVersion));
  }
  uint64_t count;
  // An entry takes at least one byte for its index and four for its value. Checking this first
  // keeps a damaged count from reserving gigabytes.
  if (!GetVarint64(&bytes, &count) || count > kMaxNonZeros || bytes.size() < 5 * count) {
    return absl::DataLossError(
        absl::StrCat("sparse vector of ", size, " bytes has a damaged count of entries"));
  }
  vector->indices.resize(count);
  vector->values.resize(count);
  uint64_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    constexpr uint64_t kMaxIndex = std::numeric_limits<uint32_t>::max();
    uint64_t distance;
    if (!GetVarint64(&bytes, &distance) || next > kMaxIndex || distance > kMaxIndex - next) {
      return absl::DataLossError(absl::StrCat("sparse vector has a damaged index ", i));
    }
    vector->indices[i] = static_cast<uint32_t>(next + distance);
    next += distance + 1;
  }
  if (bytes.size() != 4 * count) {
    return absl::DataLossError(absl::StrCat("sparse vector has ", bytes.size(),
                                            " bytes of values; ", count, " entries need ",
                                            4 * count));
  }
  for (float& value : vector->values) {
    uint32_t bits = 0;
    if (!GetFixed32(&bytes, &bits)) break;  // cannot happen: the size was checked above
    value = std::bit_cast<float>(bits);
  }
  // Indices and sizes are right by now. Values may still be infinite, NaN or too large.
  const absl::Status valid = ValidateSparseVector(vector->view(), "sparse vector");
  return valid.ok() ? valid : absl::DataLossError(valid.message());
}

}  // namespace tqdb::storage
