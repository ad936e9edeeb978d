// Compresses a stream of bytes to the gzip format.
#ifndef TQDB_CLIENT_CLI_OUTPUT_GZIP_ENCODER_H_
#define TQDB_CLIENT_CLI_OUTPUT_GZIP_ENCODER_H_

#include <zlib.h>

#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::client {

// Not thread-safe.
class GzipEncoder {
 public:
  GzipEncoder();
  ~GzipEncoder();
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  // Compresses `bytes` and appends to `out` as much of the result as is ready. Later calls append
  // the remaining bytes.
  void Append(absl::string_view bytes, std::string& out) { Run(bytes, Z_NO_FLUSH, out); }
  // Appends everything that is left, and the end of the format. No call may follow.
  void Finish(std::string& out) { Run({}, Z_FINISH, out); }

 private:
  void Run(absl::string_view bytes, int flush, std::string& out);

  z_stream stream_ = {};
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_GZIP_ENCODER_H_
