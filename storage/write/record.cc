#include "storage/write/record.h"

#include "values/filter_json.h"

namespace tqdb::storage {

namespace {

absl::string_view FloatBytes(absl::Span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Hashes the fields of a record in a fixed order. Machines compare these digests, so the order and
// the form of every field are as fixed as a file format.
class ContentHasher {
 public:
  void operator()(const UpsertRecord& upsert) {
    // No number of points is as high, so a record with a condition never hashes like one without.
    // Those without hash as they did before there were conditions.
    if (!upsert.unconditional()) {
      Number(kConditional + static_cast<uint64_t>(upsert.mode));
      Number(upsert.condition ? 1 : 0);
      if (upsert.condition) hasher_.Add(FilterToJson(*upsert.condition));
    }
    Number(upsert.ids.size());
    for (size_t i = 0; i < upsert.ids.size(); ++i) {
      hasher_.Add(upsert.ids[i]);
      hasher_.Add(upsert.payloads.empty() ? absl::string_view() : upsert.payloads[i]);
    }
    for (const VectorColumn& column : upsert.vectors) {
      const size_t rows = CountRows(column.row_of_point);
      Number(column.space);
      for (size_t i = 0; i < upsert.ids.size(); ++i) {
        if (column.row_of_point[i] < 0) continue;
        const auto r = static_cast<size_t>(column.row_of_point[i]);
        // The position of the point tells ("a" has a vector, "b" has none) from the opposite.
        Number(i);
        hasher_.Add(RowBytes(column.codes, rows, r));
        hasher_.Add(RowBytes(column.originals, rows, r));
        hasher_.Add(RowBytes(column.raw, rows, r));
      }
    }
    for (const SparseColumn& column : upsert.sparse) {
      Number(kMaxSpaceNumber + column.space);
      for (size_t i = 0; i < upsert.ids.size(); ++i) {
        if (column.row_of_point[i] < 0) continue;
        Number(i);
        hasher_.Add(column.encoded[static_cast<size_t>(column.row_of_point[i])]);
      }
    }
  }

  void operator()(const DeleteRecord& deletion) {
    Number(deletion.ids.size());
    for (const PointId& id : deletion.ids) hasher_.Add(id);
    for (const uint64_t row : deletion.rows) Number(row);
  }

  void operator()(const EditRecord& edit) {
    Number(edit.ids.size());
    for (const PointId& id : edit.ids) hasher_.Add(id);
    Number(static_cast<uint64_t>(edit.edit.kind));
    hasher_.Add(edit.edit.json);
    hasher_.Add(edit.edit.key);
    for (const std::string& key : edit.edit.keys) hasher_.Add(key);
    if (edit.condition) hasher_.Add(FilterToJson(*edit.condition));
  }

  void operator()(const MeanRecord& mean) {
    Number(mean.space);
    Number(mean.base_version);
    Number(mean.version);
    hasher_.Add(FloatBytes(mean.mu));
  }

  void operator()(const IndexRecord& index) {
    hasher_.Add(index.path);
    Number(index.kind ? static_cast<uint64_t>(*index.kind) : 0);
  }

  void operator()(const MetadataRecord& set) {
    // A map, so the order of entries is that of their keys and does not depend on the caller.
    Number(set.metadata.size());
    for (const auto& [key, value] : set.metadata) {
      hasher_.Add(key);
      hasher_.Add(value);
    }
  }

  void Number(uint64_t number) { hasher_.Add(number); }
  Digest Finish() const { return hasher_.Finish(); }

 private:
  // First number of a sparse space. Vector spaces have lower ones, so no two columns hash alike.
  static constexpr uint64_t kMaxSpaceNumber = 128;
  // Added to the mode of an upsert that has one, or a condition.
  static constexpr uint64_t kConditional = uint64_t{1} << 32;

  Hasher hasher_;
};

}  // namespace

size_t CountRows(const std::vector<int32_t>& row_of_point) {
  size_t rows = 0;
  for (const int32_t row : row_of_point) rows += row >= 0 ? 1 : 0;
  return rows;
}

absl::string_view RowBytes(absl::string_view bytes, size_t rows, size_t r) {
  const size_t size = rows == 0 ? 0 : bytes.size() / rows;
  return bytes.substr(r * size, size);
}

Digest ContentDigest(const WriteRecord& record) {
  ContentHasher hasher;
  // The kind comes first, so that records of two kinds with equal fields differ.
  hasher.Number(static_cast<uint64_t>(KindOf(record)));
  std::visit(hasher, record);
  return hasher.Finish();
}

}  // namespace tqdb::storage
