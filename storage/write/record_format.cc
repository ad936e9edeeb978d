#include "storage/write/record_format.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/ending_allocator.h"
#include "base/status_macros.h"
#include "core/codec/codec.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/sparse/sparse_encoding.h"
#include "storage/write/record_body.h"
#include "storage/write/validate_upsert.h"
#include "values/filter_json.h"
#include "values/key_path.h"

namespace tqdb::storage {

namespace {

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("write record: ", what));
}

// Returns an error of validation as damage. A record with a good checksum can still be one that no
// caller of a collection with this configuration could have made.
absl::Status Refused(const absl::Status& status) {
  return status.ok() ? status : Damaged(status.message());
}

// Decodes the body of a record. Each method takes its part off the front of the bytes that are left
// (in_), and returns DataLoss when they are too few or say something impossible. No count is
// trusted before it is compared with its limit, so damaged bytes cannot ask for much memory.
class Decoder {
 public:
  Decoder(absl::string_view body, uint8_t version, const CollectionConfig& config,
          OwnedRecord& owned)
      : in_(body), version_(version), config_(config), owned_(owned) {}

  absl::Status Decode(RecordKind kind) {
    if (version_ != kRecordVersion && kind != RecordKind::kUpsert) {
      return Damaged(absl::StrCat("kind ", static_cast<int>(kind), " has no version ", version_));
    }
    switch (kind) {
      case RecordKind::kUpsert: TQDB_RETURN_IF_ERROR(Upsert()); break;
      case RecordKind::kDelete: TQDB_RETURN_IF_ERROR(Delete()); break;
      case RecordKind::kEdit: TQDB_RETURN_IF_ERROR(Edit()); break;
      case RecordKind::kMean: TQDB_RETURN_IF_ERROR(Mean()); break;
      case RecordKind::kIndex: TQDB_RETURN_IF_ERROR(Index()); break;
      case RecordKind::kMetadata: TQDB_RETURN_IF_ERROR(Metadata()); break;
      default: return Damaged(absl::StrCat("unknown kind ", static_cast<int>(kind)));
    }
    return in_.empty() ? absl::OkStatus() : Damaged("there are bytes behind its end");
  }

 private:
  // Takes a number of things, which must be in least..most. `what` names them in messages.
  absl::Status Count(absl::string_view what, uint64_t least, uint64_t most, size_t* count) {
    uint64_t value;
    if (!GetVarint64(&in_, &value)) return Truncated();
    if (value < least || value > most) {
      return Damaged(
          absl::StrCat("number of ", what, " is ", value, "; allowed: ", least, " to ", most));
    }
    *count = value;
    return absl::OkStatus();
  }

  static absl::Status Truncated() { return Damaged("it is cut off"); }

  absl::Status Take(size_t size, absl::string_view* bytes) {
    if (in_.size() < size) return Truncated();
    *bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return absl::OkStatus();
  }

  absl::Status TakeBytes(absl::string_view* bytes) {
    uint64_t size;
    if (!GetVarint64(&in_, &size)) return Truncated();
    return Take(size, bytes);
  }

  absl::Status TakeText(std::string* text) {
    absl::string_view bytes;
    TQDB_RETURN_IF_ERROR(TakeBytes(&bytes));
    *text = std::string(bytes);
    return absl::OkStatus();
  }

  absl::Status Flag(bool* flag) {
    uint8_t byte;
    if (!GetFixed8(&in_, &byte)) return Truncated();
    if (byte > 1) return Damaged(absl::StrCat("a flag is ", byte));
    *flag = byte == 1;
    return absl::OkStatus();
  }

  absl::Status Id() {
    PointId id;
    if (!ConsumeId(&in_, &id)) return Damaged("an id is damaged");
    owned_.ids.push_back(id);
    return absl::OkStatus();
  }

  absl::Status Ids(bool distinct) {
    size_t count;
    TQDB_RETURN_IF_ERROR(Count("ids", 0, kMaxBatchPoints, &count));
    for (size_t i = 0; i < count; ++i) TQDB_RETURN_IF_ERROR(Id());
    return distinct ? Refused(ValidateDistinctIds("ids", owned_.ids)) : absl::OkStatus();
  }

  // Takes one byte a point, and numbers the rows of the points that have one.
  absl::Status Presence(size_t points, std::vector<int32_t>* row_of_point, size_t* rows) {
    row_of_point->assign(points, -1);
    *rows = 0;
    for (int32_t& row : *row_of_point) {
      bool has = false;
      TQDB_RETURN_IF_ERROR(Flag(&has));
      if (has) row = static_cast<int32_t>((*rows)++);
    }
    return absl::OkStatus();
  }

  absl::Status SpaceIndex(size_t spaces, uint32_t* space) {
    uint8_t byte;
    if (!GetFixed8(&in_, &byte)) return Truncated();
    if (byte >= spaces) return Damaged(absl::StrCat("there is no space ", byte));
    *space = byte;
    return absl::OkStatus();
  }

  // Checks that the floats of a code are finite. Search and decoding rely on it: one NaN score
  // would break the order of hits. Validation does not make this check, since it sees vectors,
  // whose codes are finite. A code from elsewhere has passed no such validation.
  static absl::Status CheckCode(absl::string_view code) {
    CodeHeader header;
    std::memcpy(&header, code.data(), sizeof(header));
    for (const float value : {header.norm, header.centered_norm, header.sign_scale,
                              header.code_scale, header.residual_scale, header.bias}) {
      if (!std::isfinite(value)) return Damaged("a code has a number that is not finite");
    }
    return absl::OkStatus();
  }

  absl::Status Vectors(size_t points, VectorColumn& column) {
    TQDB_RETURN_IF_ERROR(SpaceIndex(config_.spaces.size(), &column.space));
    const VectorSpaceConfig& space = config_.spaces[column.space];
    uint8_t parts;
    if (!GetFixed8(&in_, &parts)) return Truncated();
    // The parts must be those that this space stores. An original that is missing would be found by
    // a rerank only, long after the record was acknowledged.
    const bool keeps = space.store_vectors != StoreVectors::kNone;
    const bool with_original = (parts & kWithOriginal) != 0, with_raw = (parts & kWithRaw) != 0;
    if (parts > (kWithOriginal | kWithRaw) || (with_original && !keeps) ||
        (with_raw && (keeps || space.centering != Centering::kAuto))) {
      return Damaged(
          absl::StrCat("parts of vectors are ", parts, ", not those of space ", column.space));
    }
    size_t rows;
    TQDB_RETURN_IF_ERROR(Presence(points, &column.row_of_point, &rows));
    if (rows > 0 && with_original != keeps) {
      return Damaged(absl::StrCat("vectors of space ", column.space, " come without originals"));
    }
    const size_t code_bytes = CodeRecordBytes(space.codec);
    const size_t original_bytes =
        with_original ? VectorBytes(space.codec.dim, space.store_vectors) : 0;
    const size_t raw_bytes = with_raw ? space.codec.dim * sizeof(float) : 0;
    absl::string_view all;
    // One check of the length covers all rows. `rows` is at most the number of points, so the
    // product cannot overflow.
    TQDB_RETURN_IF_ERROR(Take(rows * (code_bytes + original_bytes + raw_bytes), &all));
    // In the record the parts of one row lie together. A column has all codes, then all originals,
    // then all raw vectors, so they are sorted into three buffers.
    char* codes = NewBuffer(rows * code_bytes, &column.codes);
    char* originals = NewBuffer(rows * original_bytes, &column.originals);
    char* raw = NewBuffer(rows * raw_bytes, &column.raw);
    for (size_t r = 0; r < rows; ++r) {
      TQDB_RETURN_IF_ERROR(CheckCode(all));
      TQDB_RETURN_IF_ERROR(CheckFloats(
          all.substr(code_bytes, original_bytes),
          space.store_vectors == StoreVectors::kF16 ? StoreVectors::kF16 : StoreVectors::kF32));
      TQDB_RETURN_IF_ERROR(
          CheckFloats(all.substr(code_bytes + original_bytes, raw_bytes), StoreVectors::kF32));
      codes = Move(&all, code_bytes, codes);
      originals = Move(&all, original_bytes, originals);
      raw = Move(&all, raw_bytes, raw);
    }
    return absl::OkStatus();
  }

  // Checks that every coordinate of a vector in stored form is one that validation lets pass.
  static absl::Status CheckFloats(absl::string_view bytes, StoreVectors form) {
    if (bytes.empty()) return absl::OkStatus();
    std::vector<float> values(bytes.size() / VectorBytes(1, form));
    TQDB_RETURN_IF_ERROR(DecodeVector(bytes, form, absl::MakeSpan(values)));
    for (const float value : values) {
      if (!(std::fabs(value) <= kMaxCoordinate)) return Damaged("a vector has a bad coordinate");
    }
    return absl::OkStatus();
  }

  // Returns a buffer that the record owns, and sets `view` to it. Returns null for size 0.
  char* NewBuffer(size_t size, absl::string_view* view) {
    if (size == 0) return nullptr;
    owned_.buffers.push_back(std::make_unique_for_overwrite<char[]>(size));
    *view = {owned_.buffers.back().get(), size};
    return owned_.buffers.back().get();
  }

  // Moves `size` bytes off the front of `from`, and returns the end of their copy.
  static char* Move(absl::string_view* from, size_t size, char* to) {
    if (size == 0) return to;
    std::memcpy(to, from->data(), size);
    from->remove_prefix(size);
    return to + size;
  }

  absl::Status Sparse(size_t points, SparseColumn& column) {
    TQDB_RETURN_IF_ERROR(SpaceIndex(config_.sparse_spaces.size(), &column.space));
    size_t rows;
    TQDB_RETURN_IF_ERROR(Presence(points, &column.row_of_point, &rows));
    for (size_t r = 0; r < rows; ++r) {
      TQDB_RETURN_IF_ERROR(TakeText(&owned_.texts.emplace_back()));
      SparseVector& vector = owned_.sparse.emplace_back();
      TQDB_RETURN_IF_ERROR(DecodeSparseVector(owned_.texts.back(), &vector));
      TQDB_RETURN_IF_ERROR(Refused(ValidateSparseVector(vector.view(), "a sparse vector")));
      column.rows.push_back(vector.view());
      column.encoded.push_back(owned_.texts.back());
    }
    return absl::OkStatus();
  }

  // Takes a condition, if there is one.
  absl::Status Condition(std::optional<Filter>* condition) {
    bool has = false;
    TQDB_RETURN_IF_ERROR(Flag(&has));
    if (!has) return absl::OkStatus();
    absl::string_view json;
    TQDB_RETURN_IF_ERROR(TakeBytes(&json));
    absl::StatusOr<Filter> filter = FilterFromJson(json, "condition");
    TQDB_RETURN_IF_ERROR(Refused(filter.status()));
    TQDB_RETURN_IF_ERROR(Refused(PreparedFilter::Create(*filter).status()));
    *condition = *std::move(filter);
    return absl::OkStatus();
  }

  absl::Status ModeAndCondition(UpsertRecord& upsert) {
    uint8_t mode;
    if (!GetFixed8(&in_, &mode)) return Truncated();
    if (mode < static_cast<uint8_t>(UpsertMode::kUpsert) ||
        mode > static_cast<uint8_t>(UpsertMode::kUpdateVectors)) {
      return Damaged(absl::StrCat("mode is ", mode));
    }
    upsert.mode = static_cast<UpsertMode>(mode);
    TQDB_RETURN_IF_ERROR(Condition(&upsert.condition));
    // There is one form of every record: what version 1 can say is not written in version 2.
    if (upsert.unconditional()) return Damaged("an upsert has version 2 without a reason");
    return Refused(ValidateMode(upsert.mode, upsert.condition.has_value()));
  }

  absl::Status Upsert() {
    size_t points, columns;
    UpsertRecord upsert;
    if (version_ == kConditionalVersion) TQDB_RETURN_IF_ERROR(ModeAndCondition(upsert));
    TQDB_RETURN_IF_ERROR(Count("points", 1, kMaxBatchPoints, &points));
    for (size_t i = 0; i < points; ++i) {
      TQDB_RETURN_IF_ERROR(Id());
      TQDB_RETURN_IF_ERROR(TakeText(&owned_.texts.emplace_back()));
      TQDB_RETURN_IF_ERROR(Refused(ValidatePayload(owned_.texts.back(), i, nullptr)));
      owned_.payloads.push_back(owned_.texts.back());
    }
    TQDB_RETURN_IF_ERROR(Refused(ValidateDistinctIds("points", owned_.ids)));
    TQDB_RETURN_IF_ERROR(Refused(ValidateNoPayloads(upsert.mode, owned_.payloads)));
    std::vector<bool> covered(points);
    const auto cover = [&covered](const std::vector<int32_t>& row_of_point) {
      for (size_t i = 0; i < covered.size(); ++i) covered[i] = covered[i] || row_of_point[i] >= 0;
    };
    EndingHashSet<uint32_t> seen;
    TQDB_RETURN_IF_ERROR(Count("vector columns", 0, config_.spaces.size(), &columns));
    for (size_t c = 0; c < columns; ++c) {
      VectorColumn& column = upsert.vectors.emplace_back();
      TQDB_RETURN_IF_ERROR(Vectors(points, column));
      if (!seen.insert(column.space).second) return Damaged("a space is there twice");
      cover(column.row_of_point);
    }
    seen.clear();
    TQDB_RETURN_IF_ERROR(Count("sparse columns", 0, config_.sparse_spaces.size(), &columns));
    for (size_t c = 0; c < columns; ++c) {
      SparseColumn& column = upsert.sparse.emplace_back();
      TQDB_RETURN_IF_ERROR(Sparse(points, column));
      if (!seen.insert(column.space).second) return Damaged("a sparse space is there twice");
      cover(column.row_of_point);
    }
    for (const bool has : covered) {
      if (!has) return Damaged("a point has no vector");
    }
    upsert.ids = owned_.ids;
    upsert.payloads = owned_.payloads;
    owned_.record = std::move(upsert);
    return absl::OkStatus();
  }

  absl::Status Delete() {
    // A caller may name an id twice. The planner finds no point at the second one.
    TQDB_RETURN_IF_ERROR(Ids(/*distinct=*/false));
    bool with_rows = false;
    TQDB_RETURN_IF_ERROR(Flag(&with_rows));
    for (size_t i = 0; with_rows && i < owned_.ids.size(); ++i) {
      if (!GetVarint64(&in_, &owned_.rows.emplace_back())) return Truncated();
    }
    owned_.record = DeleteRecord{owned_.ids, owned_.rows};
    return absl::OkStatus();
  }

  absl::Status Edit() {
    TQDB_RETURN_IF_ERROR(Ids(/*distinct=*/true));
    EditRecord edit;
    edit.ids = owned_.ids;
    uint8_t kind;
    if (!GetFixed8(&in_, &kind)) return Truncated();
    // kClear is the last kind. The number is checked before the cast, because no switch expects
    // another one.
    if (kind > static_cast<uint8_t>(PayloadEdit::Kind::kClear)) {
      return Damaged(absl::StrCat("unknown kind of edit ", kind));
    }
    edit.edit.kind = static_cast<PayloadEdit::Kind>(kind);
    TQDB_RETURN_IF_ERROR(TakeText(&edit.edit.json));
    TQDB_RETURN_IF_ERROR(TakeText(&edit.edit.key));
    size_t keys;
    TQDB_RETURN_IF_ERROR(Count("keys", 0, kMaxEditKeys, &keys));
    for (size_t i = 0; i < keys; ++i) {
      TQDB_RETURN_IF_ERROR(TakeText(&edit.edit.keys.emplace_back()));
    }
    TQDB_RETURN_IF_ERROR(Refused(PreparedEdit::Create(edit.edit).status()));
    TQDB_RETURN_IF_ERROR(Condition(&edit.condition));
    owned_.record = std::move(edit);
    return absl::OkStatus();
  }

  absl::Status Mean() {
    MeanRecord mean;
    TQDB_RETURN_IF_ERROR(SpaceIndex(config_.spaces.size(), &mean.space));
    if (!GetFixed32(&in_, &mean.base_version) || !GetFixed32(&in_, &mean.version)) {
      return Truncated();
    }
    if (mean.version != 0) {
      absl::string_view bytes;
      const size_t dim = config_.spaces[mean.space].codec.dim;
      TQDB_RETURN_IF_ERROR(Take(dim * sizeof(float), &bytes));
      TQDB_RETURN_IF_ERROR(CheckFloats(bytes, StoreVectors::kF32));
      TQDB_ASSIGN_OR_RETURN(mean.mu, DecodeMean(bytes, dim));
    }
    owned_.record = std::move(mean);
    return absl::OkStatus();
  }

  absl::Status Index() {
    IndexRecord index;
    TQDB_RETURN_IF_ERROR(TakeText(&index.path));
    uint8_t kind;
    if (!GetFixed8(&in_, &kind)) return Truncated();
    if (kind != 0 && !IsFieldKind(kind)) return Damaged("unknown kind of payload index");
    if (kind != 0) index.kind = static_cast<FieldKind>(kind);
    const absl::StatusOr<KeyPath> path = KeyPath::Parse(index.path);
    // A path has several spellings, and the index is stored under the one of ToString. Another one
    // would be the same key on disk twice.
    if (!path.ok() || path->ToString() != index.path) return Damaged("a path is damaged");
    owned_.record = std::move(index);
    return absl::OkStatus();
  }

  absl::Status Metadata() {
    absl::StatusOr<std::map<std::string, std::string>> metadata = DecodeMetadata(in_);
    TQDB_RETURN_IF_ERROR(Refused(metadata.status()));
    size_t bytes = 0;
    for (const auto& [key, value] : *metadata) bytes += key.size() + value.size();
    if (bytes > kMaxMetadataBytes) return Damaged("the metadata is too large");
    in_ = {};
    owned_.record = MetadataRecord{*std::move(metadata)};
    return absl::OkStatus();
  }

  absl::string_view in_;
  const uint8_t version_;
  const CollectionConfig& config_;
  OwnedRecord& owned_;
};

// Returns the version in which a record is written.
uint8_t VersionOf(const WriteRecord& record) {
  const auto* upsert = std::get_if<UpsertRecord>(&record);
  return upsert == nullptr || upsert->unconditional() ? kRecordVersion : kConditionalVersion;
}

}  // namespace

std::string EncodeRecord(const WriteRecord& record) {
  std::string out;
  out.push_back(static_cast<char>(VersionOf(record)));
  out.push_back(static_cast<char>(KindOf(record)));
  AppendRecordBody(record, &out);
  PutFixed32(&out, Crc32c(out));
  return out;
}

absl::StatusOr<OwnedRecord> DecodeRecord(absl::string_view bytes, const CollectionConfig& config) {
  constexpr size_t kHead = 2, kChecksum = sizeof(uint32_t);
  if (bytes.size() < kHead + kChecksum) return Damaged("it is cut off");
  absl::string_view tail = bytes.substr(bytes.size() - kChecksum);
  bytes.remove_suffix(kChecksum);
  // The checksum comes before everything else. Without it, a flipped bit in the version would tell
  // the user to look for another release.
  uint32_t checksum;
  if (!GetFixed32(&tail, &checksum) || checksum != Crc32c(bytes)) {
    return Damaged("its checksum is wrong");
  }
  const auto version = static_cast<uint8_t>(bytes[0]);
  if (version != kRecordVersion && version != kConditionalVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "write record has version ", version, "; this build reads versions ", kRecordVersion,
        " and ", kConditionalVersion, ": use the release of tqdb that wrote it, or a later one"));
  }
  OwnedRecord owned;
  Decoder decoder(bytes.substr(kHead), version, config, owned);
  TQDB_RETURN_IF_ERROR(decoder.Decode(static_cast<RecordKind>(bytes[1])));
  return owned;
}

}  // namespace tqdb::storage
