// Numbers of payloads and filters, compared as the numbers that they are.
//
// A double holds integers exactly only up to 2^53, and payloads have ids, hashes and times beyond
// that. Comparing by conversion to double would find 2^53 + 1 equal to 2^53. So an integer stays an
// integer, of 64 bits with a sign or without one, and is compared with a double without rounding
// either of them.
//
// Example: 2^63 = 9223372036854775808 is an Integer, though no int64_t. It equals the double
// 0x1p63, and is above the Integer 2^63 - 1, which has no double that equals it.
//
// Left out: integers beyond 64 bits (json_parser.h says what becomes of them).
//
// Thread-safe: plain values.
#ifndef TQDB_BASE_NUMBER_H_
#define TQDB_BASE_NUMBER_H_

#include <cassert>
#include <cmath>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>

namespace tqdb::storage {

// An integer of -2^63 to 2^64 - 1: every int64_t and every uint64_t is one.
class Integer {
 public:
  constexpr Integer() = default;
  // Takes integers of every width. A boolean is no integer.
  template <std::integral T>
  requires(!std::same_as<T, bool>) constexpr Integer(
      T value)  // NOLINT: a number is one, whatever its type
      : sign_(value < 0 ? -1 : 0), bits_(static_cast<uint64_t>(value)) {}

  // Returns the integer that a number equals. Returns nothing for a fraction, for NaN and outside
  // of 64 bits.
  static std::optional<Integer> Of(double number) {
    // The range comes first: casting a double beyond it is undefined. NaN fails it, too.
    if (!(number >= -0x1p63 && number < 0x1p64) || number != std::trunc(number)) {
      return std::nullopt;
    }
    return number < 0 ? Integer(static_cast<int64_t>(number))
                      : Integer(static_cast<uint64_t>(number));
  }

  bool fits_int64() const {
    return sign_ < 0 || bits_ <= uint64_t{std::numeric_limits<int64_t>::max()};
  }
  // Requires: fits_int64().
  int64_t int64() const {
    assert(fits_int64());
    return static_cast<int64_t>(bits_);
  }
  bool fits_uint64() const { return sign_ == 0; }
  // Requires: fits_uint64().
  uint64_t uint64() const {
    assert(fits_uint64());
    return bits_;
  }
  // Returns the double that equals the integer. Returns nothing if there is none: 2^53 + 1.
  std::optional<double> AsDouble() const {
    const double nearest =
        sign_ < 0 ? static_cast<double>(static_cast<int64_t>(bits_)) : static_cast<double>(bits_);
    return Of(nearest) == *this ? std::optional<double>(nearest) : std::nullopt;
  }
  std::string ToString() const {
    return fits_int64() ? std::to_string(int64()) : std::to_string(bits_);
  }

  friend constexpr auto operator<=>(const Integer& a, const Integer& b) = default;

 private:
  // Two's complement of 65 bits: the sign is the upper part, -1 or 0. So the order of the members
  // is the order of the integers.
  int8_t sign_ = 0;
  uint64_t bits_ = 0;

  friend struct std::hash<Integer>;
};

// An integer of 64 bits or a double. Equal numbers are equal whatever they are held as: 1 and 1.0.
class Number {
 public:
  Number() = default;
  Number(Integer value) : value_(value) {}  // NOLINT: as for Integer
  Number(double value) : value_(value) {}   // NOLINT: as for Integer
  template <std::integral T>
  requires(!std::same_as<T, bool>) Number(T value)
      : value_(Integer(value)) {}  // NOLINT: as for Integer

  // Returns whether the number is held as an integer: 1.0 is not.
  bool is_integer() const { return std::holds_alternative<Integer>(value_); }
  // Requires: is_integer().
  Integer integer() const { return std::get<Integer>(value_); }
  // Requires: not is_integer().
  double real() const { return std::get<double>(value_); }

  // Returns the integer of 64 bits that equals the number, if there is one. 1.0 gives 1.
  std::optional<Integer> AsInteger() const {
    return is_integer() ? integer() : Integer::Of(real());
  }
  // Returns the double that equals the number, if there is one.
  std::optional<double> AsDouble() const { return is_integer() ? integer().AsDouble() : real(); }
  bool is_finite() const { return is_integer() || std::isfinite(real()); }

  // Compares without rounding. NaN is unordered and equals nothing.
  friend std::partial_ordering operator<=>(const Number& a, const Number& b) {
    if (a.is_integer() && b.is_integer()) return a.integer() <=> b.integer();
    if (a.is_integer()) return Compare(a.integer(), b.real());
    if (b.is_integer()) return 0 <=> Compare(b.integer(), a.real());
    return a.real() <=> b.real();
  }
  friend bool operator==(const Number& a, const Number& b) { return (a <=> b) == 0; }

 private:
  static std::partial_ordering Compare(const Integer& a, double b) {
    if (std::isnan(b)) return std::partial_ordering::unordered;
    if (b >= 0x1p64) return std::partial_ordering::less;
    if (b < -0x1p63) return std::partial_ordering::greater;
    // If the integers are equal, the fraction of b decides. Both steps are exact.
    const double whole = std::trunc(b);
    const Integer other = *Integer::Of(whole);
    if (a != other) return a <=> other;
    return 0.0 <=> b - whole;
  }

  std::variant<Integer, double> value_;
};

}  // namespace tqdb::storage

// Also serves hash tables of Abseil, and makes a std::variant with an Integer hashable.
template <>
struct std::hash<tqdb::storage::Integer> {
  size_t operator()(const tqdb::storage::Integer& integer) const {
    return std::hash<uint64_t>()(integer.bits_);
  }
};

#endif  // TQDB_BASE_NUMBER_H_
