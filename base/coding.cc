#include "base/coding.h"

namespace tqdb::storage {

namespace {

template <typename T>
void PutLittleEndian(std::string* out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

template <typename T>
bool GetLittleEndian(absl::string_view* in, T* value) {
  if (in->size() < sizeof(T)) return false;
  T result = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    result |= static_cast<T>(static_cast<T>(static_cast<uint8_t>((*in)[i])) << (8 * i));
  }
  *value = result;
  in->remove_prefix(sizeof(T));
  return true;
}

}  // namespace

void PutFixed32(std::string* out, uint32_t value) { PutLittleEndian(out, value); }
void PutFixed64(std::string* out, uint64_t value) { PutLittleEndian(out, value); }

void PutVarint64(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void PutBytes(std::string* out, absl::string_view bytes) {
  PutVarint64(out, bytes.size());
  out->append(bytes.data(), bytes.size());
}

bool GetFixed8(absl::string_view* in, uint8_t* value) { return GetLittleEndian(in, value); }
bool GetFixed32(absl::string_view* in, uint32_t* value) { return GetLittleEndian(in, value); }
bool GetFixed64(absl::string_view* in, uint64_t* value) { return GetLittleEndian(in, value); }

// Ten bytes hold 70 bits, so the tenth may only be 0 or 1. Longer forms are refused: they would not
// fit 64 bits.
bool GetVarint64(absl::string_view* in, uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < in->size() && i < 10; ++i) {
    const uint64_t byte = static_cast<uint8_t>((*in)[i]);
    if (i == 9 && byte > 1) return false;  // more than 64 bits
    result |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *value = result;
      in->remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool GetBytes(absl::string_view* in, std::string* bytes) {
  uint64_t size;
  if (!GetVarint64(in, &size) || in->size() < size) return false;
  bytes->assign(in->data(), size);
  in->remove_prefix(size);
  return true;
}

void StoreBigEndian64(uint64_t value, char* out) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(value >> (56 - 8 * i) & 0xff);
}

uint64_t LoadBigEndian64(const char* in) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(in[i]);
  return value;
}

}  // namespace tqdb::storage
