#include "storage/write/record_body.h"

#include "base/coding.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "values/filter_json.h"

namespace tqdb::storage {

namespace {

// Appends the body of a record to `out`, by its kind.
class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(*out) {}

  void operator()(const UpsertRecord& upsert) {
    if (!upsert.unconditional()) {
      Byte(static_cast<uint8_t>(upsert.mode));
      Byte(upsert.condition ? 1 : 0);
      if (upsert.condition) PutBytes(&out_, FilterToJson(*upsert.condition));
    }
    PutVarint64(&out_, upsert.ids.size());
    for (size_t i = 0; i < upsert.ids.size(); ++i) {
      Id(upsert.ids[i]);
      PutBytes(&out_, upsert.payloads.empty() ? absl::string_view() : upsert.payloads[i]);
    }
    PutVarint64(&out_, upsert.vectors.size());
    for (const VectorColumn& column : upsert.vectors) {
      Byte(static_cast<uint8_t>(column.space));
      Byte(static_cast<uint8_t>((column.originals.empty() ? 0 : kWithOriginal) |
                                (column.raw.empty() ? 0 : kWithRaw)));
      const size_t rows = Presence(column.row_of_point);
      for (const int32_t row : column.row_of_point) {
        if (row < 0) continue;
        // Row by row and not part by part, in the order of points. Two columns with equal rows in
        // another order in memory have equal bytes.
        for (const absl::string_view part : {column.codes, column.originals, column.raw}) {
          const size_t size = part.size() / rows;
          out_.append(part.data() + static_cast<size_t>(row) * size, size);
        }
      }
    }
    PutVarint64(&out_, upsert.sparse.size());
    for (const SparseColumn& column : upsert.sparse) {
      Byte(static_cast<uint8_t>(column.space));
      Presence(column.row_of_point);
      for (const int32_t row : column.row_of_point) {
        if (row >= 0) PutBytes(&out_, column.encoded[static_cast<size_t>(row)]);
      }
    }
  }

  void operator()(const DeleteRecord& deletion) {
    Ids(deletion.ids);
    Byte(deletion.rows.empty() ? 0 : 1);
    for (const uint64_t row : deletion.rows) PutVarint64(&out_, row);
  }

  void operator()(const EditRecord& edit) {
    Ids(edit.ids);
    Byte(static_cast<uint8_t>(edit.edit.kind));
    PutBytes(&out_, edit.edit.json);
    PutBytes(&out_, edit.edit.key);
    PutVarint64(&out_, edit.edit.keys.size());
    for (const std::string& key : edit.edit.keys) PutBytes(&out_, key);
    Byte(edit.condition ? 1 : 0);
    if (edit.condition) PutBytes(&out_, FilterToJson(*edit.condition));
  }

  void operator()(const MeanRecord& mean) {
    Byte(static_cast<uint8_t>(mean.space));
    PutFixed32(&out_, mean.base_version);
    PutFixed32(&out_, mean.version);
    out_.append(EncodeMean(mean.mu));
  }

  void operator()(const IndexRecord& index) {
    PutBytes(&out_, index.path);
    Byte(index.kind ? static_cast<uint8_t>(*index.kind) : 0);
  }

  void operator()(const MetadataRecord& set) { out_.append(EncodeMetadata(set.metadata)); }

 private:
  void Byte(uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void Id(const PointId& id) {
    const Key key = Key::OfId(id);
    out_.append(key.view().data(), key.view().size());
  }
  void Ids(absl::Span<const PointId> ids) {
    PutVarint64(&out_, ids.size());
    for (const PointId& id : ids) Id(id);
  }
  // Appends one byte a point: 1 if it has a row, 0 if not. Returns the number of rows.
  size_t Presence(const std::vector<int32_t>& row_of_point) {
    size_t rows = 0;
    for (const int32_t row : row_of_point) {
      Byte(row >= 0 ? 1 : 0);
      rows += row >= 0 ? 1 : 0;
    }
    return rows;
  }

  std::string& out_;
};

}  // namespace

void AppendRecordBody(const WriteRecord& record, std::string* out) {
  std::visit(Encoder(out), record);
}

}  // namespace tqdb::storage
