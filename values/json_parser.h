// JSON text to trees, with numbers that keep their place among integers of 64 bits.
//
// A tree holds an integer of 64 bits exactly, and any other number as the nearest double. So an
// integer beyond 64 bits becomes a double: 10^30 becomes 1e30, as it does in any reader of JSON
// that knows doubles alone. This rounds it, and may round it onto an integer of 64 bits: -2^63 - 1
// would become -2^63, which some other payload has. Such integers become the next double below
// -2^63. So an integer beyond 64 bits never equals one of 64 bits, and lies on its right side of
// all of them.
//
// Json is nlohmann::json or nlohmann::ordered_json. Whoever includes this file includes the
// library.
#ifndef TQDB_VALUES_JSON_PARSER_H_
#define TQDB_VALUES_JSON_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Builds the tree of a text. Json::sax_parse reads the text and calls the functions below, which
// return whether to read on. Others derive from this class to watch the text while it is read.
template <typename Json>
class JsonTreeBuilder {
 public:
  using number_integer_t = typename Json::number_integer_t;
  using number_unsigned_t = typename Json::number_unsigned_t;
  using number_float_t = typename Json::number_float_t;
  using string_t = typename Json::string_t;
  using binary_t = typename Json::binary_t;

  bool null() { return Put(nullptr); }
  bool boolean(bool value) { return Put(value); }
  bool number_integer(int64_t number) { return Put(number); }
  bool number_unsigned(uint64_t number) { return Put(number); }
  // Takes a number that is no integer of 64 bits, and the text that it was read from.
  bool number_float(double number, const std::string& text) {
    const bool integer = text.find_first_of(".eE") == std::string::npos;
    // Above 2^64 - 1 no nearest double is within 64 bits.
    return Put(integer && number == -0x1p63 ? kBelowInt64 : number);
  }
  bool string(std::string& text) { return Put(std::move(text)); }
  bool binary(binary_t&) { return false; }  // JSON text has none
  bool start_object(size_t) { return Open(Json::object()); }
  bool key(std::string& name) {
    key_ = std::move(name);
    return true;
  }
  bool end_object() { return Close(); }
  bool start_array(size_t) { return Open(Json::array()); }
  bool end_array() { return Close(); }
  // Takes the error that ends the reading. `position` is a byte of the text, the first is 1.
  template <typename Error>
  bool parse_error(size_t /*position*/, const std::string& /*token*/, const Error&) {
    return false;
  }

  // Returns the tree of a text that was read to its end.
  Json TakeTree() { return std::move(root_); }

 private:
  static constexpr double kBelowInt64 = -0x1p63 - 2048;  // the first double below -2^63

  // Adds a value to the innermost open array or object, and returns its place.
  Json* Place(Json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back();
    if (!parent.is_array()) return &(parent[key_] = std::move(value));  // the last of a name counts
    parent.push_back(std::move(value));
    return &parent.back();
  }
  bool Put(Json&& value) {
    Place(std::move(value));
    return true;
  }
  bool Open(Json&& value) {
    open_.push_back(Place(std::move(value)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;  // from the outermost inwards; no value moves while it is open
  std::string key_;          // of the next value
};

// Returns the tree of a text, or a discarded value if the text is not JSON.
template <typename Json>
Json ParseJson(absl::string_view text) {
  JsonTreeBuilder<Json> builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return Json::value_t::discarded;
  return builder.TakeTree();
}

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_JSON_PARSER_H_
