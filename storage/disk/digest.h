// Digests of what a collection was told: 128 bits that two collections share when they were given
// the same records in the same order.
//
// A digest is no signature. It finds replicas and restarts that have come apart by a bug, a
// damaged disk or a lost write, not a forger. So it is a hash of multiplications, which passes
// some 8 GB/s on one core: a write is held up by less than a hundredth.
//
// Digests are stored and compared between builds: what this file computes is part of the disk
// format (docs/format.md), and tests/storage/record_format_test.cc holds it to known values.
#ifndef TQDB_STORAGE_DISK_DIGEST_H_
#define TQDB_STORAGE_DISK_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "values/types.h"

namespace tqdb::storage {

// All zero: the digest of a collection that no record was given to.
struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;
  // Returns 32 hexadecimal digits, `high` first.
  std::string ToString() const;
  friend bool operator==(const Digest&, const Digest&) = default;
};

// Hashes a list of fields. Each call adds one field with its length, so that fields cannot run
// into each other: ("ab", "c") and ("a", "bc") differ.
class Hasher {
 public:
  void Add(absl::string_view bytes);
  void Add(uint64_t number) { Mix(number, ~number); }
  void Add(const PointId& id) {
    Add(static_cast<uint64_t>(id.kind));
    Mix(id.high, id.low);
  }
  void Add(const Digest& digest) { Mix(digest.high, digest.low); }
  // Returns the digest of the fields so far; others may be added after it.
  Digest Finish() const;

 private:
  void Mix(uint64_t a, uint64_t b);

  uint64_t low_ = 0x243f6a8885a308d3;  // digits of pi, as all constants here
  uint64_t high_ = 0x13198a2e03707344;
};

// Returns the digest of a collection after record `sequence`. `content` is what the record says,
// `outcome` what it came to: the rows that it took, replaced and deleted.
Digest NextDigest(const Digest& before, uint64_t sequence, const Digest& content,
                  const Digest& outcome);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_DIGEST_H_
