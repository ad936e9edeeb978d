// Names that every layer shares: identifiers, metrics, limits.
#ifndef TQDB_VALUES_TYPES_H_
#define TQDB_VALUES_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb {

// Dimensions of a dense vector. Codes of vectors below dim 8 have 8 dimensions
// (core/codec/codec.h).
inline constexpr size_t kMinDim = 1;
inline constexpr size_t kMaxDim = 16384;
// Largest magnitude of one coordinate, and smallest Euclidean norm under COSINE: outside these,
// float32 squares overflow or vanish.
inline constexpr float kMaxCoordinate = 1e15f;
inline constexpr double kMinNorm = 1e-15;

// The similarity that a vector space ranks by. A higher score is better under every metric, so L2
// has the negative squared distance.
enum class Metric : uint8_t {
  kCosine = 1,  // score = <q, x> / (|q| |x|)
  kDot = 2,     // score = <q, x>
  kL2 = 3,      // score = -|q - x|^2
};

// The residual stage of the codec. With kQjl each dimension has one more bit: the sign of the part
// that the code missed, under a second rotation. See TurboQuant (arXiv 2504.19874, Sec. 3.2) and
// docs/quantization.md.
enum class Residual : uint8_t { kNone = 1, kQjl = 2 };

// Whether a space subtracts a mean before encoding, under a guard that adopts it only while it
// helps (docs/quantization.md, "Guarded centring").
enum class Centering : uint8_t { kOff = 1, kAuto = 2 };

// The identifier that a caller gives a point: an unsigned integer or a UUID.
struct PointId {
  enum class Kind : uint8_t { kNumber = 0, kUuid = 1 };

  // Each makes an id: from a number, or from the upper and the lower half of a UUID.
  static PointId Number(uint64_t number) { return {0, number, Kind::kNumber}; }
  static PointId Uuid(uint64_t high, uint64_t low) { return {high, low, Kind::kUuid}; }
  // Returns the id of a text, which is a decimal uint64 or a UUID in its 36-character hexadecimal
  // form. InvalidArgument otherwise.
  static absl::StatusOr<PointId> Parse(absl::string_view text);
  // Returns the id of a UUID in that form. InvalidArgument otherwise, for a number too.
  static absl::StatusOr<PointId> Uuid(absl::string_view text);
  // Returns a text that Parse accepts; a UUID is in lower case.
  std::string ToString() const;

  bool is_uuid() const { return kind == Kind::kUuid; }
  // Returns 0 for a UUID.
  uint64_t number() const { return is_uuid() ? 0 : low; }
  // Returns an empty string for a number.
  std::string uuid() const;
  // Orders numbers first, ascending, then UUIDs in byte order. It is the order of scrolling, and of
  // hits with equal scores.
  friend auto operator<=>(const PointId& a, const PointId& b) {
    if (a.kind != b.kind) return a.kind <=> b.kind;
    if (a.high != b.high) return a.high <=> b.high;
    return a.low <=> b.low;
  }
  friend bool operator==(const PointId& a, const PointId& b) = default;
  template <typename H>
  friend H AbslHashValue(H h, const PointId& id) {
    return H::combine(std::move(h), id.high, id.low, id.kind);
  }

  uint64_t high = 0;  // upper half of a UUID; 0 for a number
  uint64_t low = 0;   // lower half of a UUID; the number itself
  Kind kind = Kind::kNumber;
};

// Each returns the name as it is written in the API, in capitals.
absl::string_view MetricName(Metric metric);
absl::string_view ResidualName(Residual residual);
absl::string_view CenteringName(Centering centering);

}  // namespace tqdb

#endif  // TQDB_VALUES_TYPES_H_
