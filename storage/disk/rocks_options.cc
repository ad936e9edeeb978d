#include "storage/disk/rocks_options.h"

#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>

namespace tqdb::storage {

namespace {

// Upper bound of the log, in bytes. RocksDB flushes memtables to stay below it, so a reopen after
// a crash replays about this much at most.
constexpr uint64_t kMaxLogBytes = uint64_t{128} << 20;
// Size in bytes from which an original goes to a blob file. For smaller ones the header of the
// blob record would cost more than the rewriting by compaction that it saves.
constexpr uint64_t kMinBlobBytes = 512;

// Returns `type`, or no compression if this build of RocksDB lacks it. Files name their own
// compression, so a store that was written with another one stays readable.
rocksdb::CompressionType IfSupported(rocksdb::CompressionType type) {
  const auto supported = rocksdb::GetSupportedCompressions();
  return std::find(supported.begin(), supported.end(), type) != supported.end()
             ? type
             : rocksdb::kNoCompression;
}

// Discards RocksDB's own log. Debian builds RocksDB with assertions, and one of them ends the
// process when the file of that log cannot grow. A full disk must not end the process. Nothing is
// lost: errors reach us as statuses and through ErrorListener.
class SilentLogger : public rocksdb::Logger {
 public:
  SilentLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

rocksdb::DBOptions RocksOptions() {
  rocksdb::DBOptions options;
  options.max_total_wal_size = kMaxLogBytes;
  // RocksDB would reserve 70 MiB of disk for the log of each collection, and 4 MiB for its
  // MANIFEST.
  options.allow_fallocate = false;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  // The kernel writes table files out while they grow, so that the final sync is not one long wait.
  options.bytes_per_sync = uint64_t{1} << 20;
  // The MANIFEST gets a checksum of each whole file, so that a copy of the files can be verified.
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.info_log = std::make_shared<SilentLogger>();
  // Statistics would only go to that log, and to a buffer that nobody reads.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions RocksFamilyOptions(Family family,
                                                const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Four times the size that RocksDB has by default: the index of a file, which stays in memory,
  // has a quarter of the entries. There are no bloom filters: the files of rows hardly overlap, so
  // a look-up finds its file by the range of keys alone. Points are looked up on disk only by reads
  // of an older moment.
  table.block_size = size_t{16} << 10;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = size_t{32} << 20;
  // One memtable is filled while another is flushed. The third takes writes when a flush is slow,
  // so that writers need not stop at once.
  options.max_write_buffer_number = 3;
  // A memtable with a single entry takes one such block. RocksDB's default is 1 MiB, so a small
  // collection would hold 5 MiB.
  options.arena_block_size = size_t{64} << 10;
  switch (family) {
    case Family::kPoints: options.compression = IfSupported(rocksdb::kLZ4Compression); break;
    case Family::kPayloads:
      options.compression = IfSupported(rocksdb::kLZ4Compression);
      // Most payloads lie on the last level, which compaction seldom writes. There a slower
      // compressor with a better ratio pays.
      options.bottommost_compression = IfSupported(rocksdb::kZSTD);
      break;
    case Family::kCodes:
      // Codes are read in sequence, at start-up. Larger blocks mean fewer index entries.
      table.block_size = size_t{64} << 10;
      options.write_buffer_size = size_t{64} << 20;
      break;
    case Family::kVectors:
      options.write_buffer_size = size_t{64} << 20;
      options.enable_blob_files = true;
      options.min_blob_size = kMinBlobBytes;
      options.enable_blob_garbage_collection = true;
      options.blob_garbage_collection_age_cutoff = 0.25;
      options.blob_garbage_collection_force_threshold = 0.5;
      break;
    // A few keys, written with every batch: the memtable holds the same ones again and again.
    case Family::kMeta: options.write_buffer_size = size_t{1} << 20; break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace tqdb::storage
