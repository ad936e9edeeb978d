#include "client/cli/output/gzip_encoder.h"

#include <cassert>
#include <new>

namespace tqdb::client {

GzipEncoder::GzipEncoder() {
  constexpr int kGzip = 15 + 16;  // a window of 2^15 bytes, the largest; + 16 asks for gzip
  constexpr int kMemoryLevel = 8;
  // Every argument is valid, so the call can only fail for lack of memory.
  if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipEncoder::~GzipEncoder() { deflateEnd(&stream_); }

void GzipEncoder::Run(absl::string_view bytes, int flush, std::string& out) {
  assert(bytes.size() <= UINT32_MAX);
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_.avail_in = static_cast<uInt>(bytes.size());
  char buffer[1 << 14];
  // A buffer that is not full means that all of the input was taken.
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = sizeof(buffer);
    deflate(&stream_, flush);
    out.append(buffer, sizeof(buffer) - stream_.avail_out);
  } while (stream_.avail_out == 0);
}

}  // namespace tqdb::client
