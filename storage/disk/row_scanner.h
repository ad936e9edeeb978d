// Reads the rows of a collection back as the changes that wrote them, in row order.
//
// The families of a store are sorted by row (points by id), so one cursor each and a step from row
// to row suffice: nothing is looked up by its key. What the families say must agree. A code without
// a point or a payload of another point means damage, and ends the scan with DataLoss.
//
// Belongs to one thread.
#ifndef TQDB_STORAGE_DISK_ROW_SCANNER_H_
#define TQDB_STORAGE_DISK_ROW_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/api/options.h"
#include "storage/disk/change.h"
#include "storage/disk/store.h"
#include "values/sparse_vector.h"

namespace tqdb::storage {

class RowScanner {
 public:
  struct Options {
    uint64_t next_row = 0;  // no row may be as high
    bool payloads = false;  // read them, too; else `payload` of every row is empty
    // Whether space i keeps vectors of rows that wait for a mean.
    std::vector<bool> waiting;
  };

  // Reads all points, which takes 32 bytes of memory each. `store` and `config` must outlive the
  // scanner.
  static absl::StatusOr<std::unique_ptr<RowScanner>> Open(const Store& store,
                                                          const CollectionConfig& config,
                                                          Options options);

  size_t points() const { return points_.size(); }
  size_t uuids() const { return uuids_; }  // points whose id is a UUID

  // Returns the next row, or null after the last. Of originals, only those of waiting rows are
  // there. Valid until the next call.
  absl::StatusOr<const PutRow*> Next();

 private:
  struct PointRow {
    uint64_t row;
    PointId id;
  };
  // A cursor over the rows of one space in one family.
  struct Rows {
    std::unique_ptr<Cursor> cursor;
    uint64_t row = 0;       // of the cursor, when it is valid
    const char* what = "";  // "code" or the like: for messages, as is `where`
    std::string where;      // "vector space 'x'"
    uint32_t space = 0;     // in the configuration
  };

  RowScanner(const CollectionConfig& config, Options options);
  absl::Status ReadPoints(const Store& store);
  static absl::StatusOr<Rows> OpenRows(const Store& store, Family family, size_t key_space,
                                       uint32_t space, std::string where);
  // Notes the row that the cursor has come to.
  static absl::Status ReadKey(Rows& rows);
  // DataLoss when a row that no point has was passed over on the way to `row`, or is left over.
  static absl::Status CheckPassed(const Rows& rows, uint64_t row);
  absl::Status ReadVectors(uint64_t row);
  absl::Status ReadSparse(uint64_t row);
  absl::Status ReadPayload(const PointRow& point);

  const Options options_;
  std::vector<PointRow> points_;  // by row
  size_t uuids_ = 0;
  size_t next_ = 0;
  std::vector<size_t> code_bytes_;  // of each space
  std::vector<Rows> codes_;
  std::vector<Rows>
      originals_;  // of spaces with waiting rows; by space, without a cursor elsewhere
  std::vector<Rows> sparse_;
  std::unique_ptr<Cursor> payloads_;
  // What the current row consists of. Cursors stand on it, so that their values stay valid.
  bool on_row_ = false;
  PutRow put_;
  std::vector<RowVector> vectors_;
  std::vector<RowSparse> row_sparse_;
  std::vector<SparseVector> decoded_;  // one a sparse space
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_ROW_SCANNER_H_
