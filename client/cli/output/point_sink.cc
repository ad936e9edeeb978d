#include "client/cli/output/point_sink.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/gzip_encoder.h"
#include "client/cli/output/npy_writer.h"
#include "client/cli/output/output_file.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {
namespace {

// JSON lines, plain or compressed.
class JsonlSink : public PointSink {
 public:
  JsonlSink(OutputFile file, bool compress) : file_(std::move(file)) {
    if (compress) encoder_ = std::make_unique<GzipEncoder>();
  }

  absl::Status Append(const Point& point) override {
    line_.clear();
    AppendPointLine(point, line_);
    if (encoder_ == nullptr) return file_.Append(line_);
    compressed_.clear();
    encoder_->Append(line_, compressed_);
    return file_.Append(compressed_);
  }
  absl::Status Finish() override {
    if (encoder_ != nullptr) {
      compressed_.clear();
      encoder_->Finish(compressed_);
      if (absl::Status s = file_.Append(compressed_); !s.ok()) return s;
    }
    return file_.Commit();
  }
  std::vector<std::string> files() const override { return {file_.path()}; }

 private:
  OutputFile file_;
  std::unique_ptr<GzipEncoder> encoder_;  // null for plain text
  std::string line_;
  std::string compressed_;
};

// Three files: X.npy has the vectors of one space, and X.ids.txt and X.payloads.jsonl have one line
// for each row. `import` takes them with --ids and --payloads.
class NpySink : public PointSink {
 public:
  NpySink(NpyWriter vectors, OutputFile ids, OutputFile payloads, std::string path,
          std::string vector_name)
      : vectors_(std::move(vectors)),
        ids_(std::move(ids)),
        payloads_(std::move(payloads)),
        path_(std::move(path)),
        vector_name_(std::move(vector_name)) {}

  absl::Status Append(const Point& point) override {
    for (const NamedVector& vector : point.vectors) {
      if (vector.name != vector_name_) continue;
      if (absl::Status s = vectors_.Append(vector.values); !s.ok()) return s;
      if (absl::Status s = ids_.Append(point.id.ToString() + "\n"); !s.ok()) return s;
      std::string payload = point.payload;
      std::replace(payload.begin(), payload.end(), '\n', ' ');
      return payloads_.Append(payload + "\n");
    }
    return absl::OkStatus();  // the point has no vector in this space
  }
  // X.npy is named last: where it is, the other two are complete.
  absl::Status Finish() override {
    if (absl::Status s = ids_.Commit(); !s.ok()) return s;
    if (absl::Status s = payloads_.Commit(); !s.ok()) return s;
    return vectors_.Finish();
  }
  std::vector<std::string> files() const override { return {path_, ids_.path(), payloads_.path()}; }

 private:
  NpyWriter vectors_;
  OutputFile ids_;
  OutputFile payloads_;
  std::string path_;
  std::string vector_name_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PointSink>> PointSink::Open(const std::string& path,
                                                           const std::string& vector_name,
                                                           const CollectionInfo& info) {
  if (!absl::EndsWithIgnoreCase(path, ".npy")) {
    absl::StatusOr<OutputFile> file = OutputFile::Create(path);
    if (!file.ok()) return file.status();
    return std::make_unique<JsonlSink>(*std::move(file), absl::EndsWithIgnoreCase(path, ".gz"));
  }
  std::optional<uint32_t> dim;
  for (const VectorSpaceConfig& space : info.config.vector_spaces) {
    if (space.name == vector_name) dim = space.dim;
  }
  if (!dim.has_value()) {
    return absl::NotFoundError(absl::StrCat("--vector-name: collection \"", info.name,
                                            "\" has no vector space named \"", vector_name, "\""));
  }
  const std::string stem = path.substr(0, path.size() - 4);
  absl::StatusOr<NpyWriter> vectors = NpyWriter::Open(path, *dim);
  if (!vectors.ok()) return vectors.status();
  absl::StatusOr<OutputFile> ids = OutputFile::Create(stem + ".ids.txt");
  if (!ids.ok()) return ids.status();
  absl::StatusOr<OutputFile> payloads = OutputFile::Create(stem + ".payloads.jsonl");
  if (!payloads.ok()) return payloads.status();
  return std::make_unique<NpySink>(*std::move(vectors), *std::move(ids), *std::move(payloads), path,
                                   vector_name);
}

}  // namespace tqdb::client
