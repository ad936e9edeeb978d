#include "base/json_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace tqdb {

namespace {

using absl::string_view;

constexpr string_view kSpaces = " \t\n\r";

// Drops the spaces at the front.
void SkipSpaces(string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
}

// Drops `c` and the spaces around it from the front. Returns false if something else is there.
bool Take(string_view& text, char c) {
  SkipSpaces(text);
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  SkipSpaces(text);
  return true;
}

// Returns the bytes of the string at the front, quotes included.
size_t StringBytes(string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

// Returns the bytes of the value at the front.
size_t ValueBytes(string_view text) {
  size_t depth = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      i += StringBytes(text.substr(i));
    } else if (c == '{' || c == '[') {
      ++depth;
      ++i;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;  // the end of what the value is in
      --depth;
      ++i;
    } else if (depth > 0) {
      ++i;
      continue;
    } else {
      // A number or a word: it goes on to the next separator.
      return std::min(text.find_first_of(" \t\n\r,}]:"), text.size());
    }
    if (depth == 0) return i;
  }
  return text.size();
}

// Takes the value off the front.
string_view TakeValue(string_view& text) {
  const string_view value = text.substr(0, ValueBytes(text));
  text.remove_prefix(value.size());
  return value;
}

// Returns the number of four hexadecimal digits.
uint32_t Hex(string_view digits) {
  uint32_t number = 0;
  for (const char c : digits.substr(0, 4)) {
    number = number * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return number;
}

// Appends a code point in UTF-8.
void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  // The first byte tells the number of bytes, each of the others has six bits.
  const int others = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr uint32_t kFirst[] = {0, 0xc0, 0xe0, 0xf0};
  out.push_back(static_cast<char>(kFirst[others] | code >> 6 * others));
  for (int i = others - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(0x80 | (code >> 6 * i & 0x3f)));
  }
}

// Returns what a string says, without its quotes and escapes.
std::string Unescaped(string_view quoted) {
  const string_view text = quoted.substr(1, quoted.size() < 2 ? 0 : quoted.size() - 2);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    switch (const char c = text[++i]) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        uint32_t code = Hex(text.substr(i + 1));
        i += 4;
        // A pair of surrogates is one code point.
        if (code >= 0xd800 && code < 0xdc00 &&
            text.substr(std::min(i + 1, text.size()), 2) == "\\u") {
          code = 0x10000 + ((code - 0xd800) << 10) + (Hex(text.substr(i + 3)) - 0xdc00);
          i += 6;
        }
        AppendUtf8(code, out);
        break;
      }
      default: out.push_back(c);  // a quote, a slash or a backslash
    }
  }
  return out;
}

// Returns the shortest string that says the text.
std::string Escaped(string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace

struct JsonText::Parts {
  std::vector<Member> members;                      // of an object
  absl::flat_hash_map<std::string, size_t> places;  // names to places in `members`
  std::vector<JsonText> elements;                   // of an array
};

JsonText::JsonText(string_view text) : text_(absl::StripPrefix(text, "\xef\xbb\xbf")) {
  SkipSpaces(text_);
  text_ = text_.substr(0, ValueBytes(text_));
}
JsonText::JsonText(JsonText&&) = default;
JsonText& JsonText::operator=(JsonText&&) = default;
JsonText::~JsonText() = default;

string_view JsonText::type_name() const {
  switch (text_.empty() ? '\0' : text_[0]) {
    case '{': return "object";
    case '[': return "array";
    case '"': return "string";
    case 't':
    case 'f': return "boolean";
    case 'n': return "null";
    default: return "number";
  }
}

JsonText::Parts& JsonText::Open() {
  if (parts_ != nullptr) return *parts_;
  parts_ = std::make_unique<Parts>();
  string_view rest = text_;
  if (Take(rest, '[')) {
    while (!rest.empty() && rest[0] != ']') {
      parts_->elements.emplace_back(TakeValue(rest));
      if (!Take(rest, ',')) break;
    }
  } else if (Take(rest, '{')) {
    while (!rest.empty() && rest[0] == '"') {
      const string_view quoted = TakeValue(rest);
      if (!Take(rest, ':')) break;
      JsonText value(TakeValue(rest));
      std::string name = Unescaped(quoted);
      const auto [place, is_new] = parts_->places.try_emplace(name, parts_->members.size());
      if (is_new) {
        parts_->members.push_back({std::move(name), std::string(quoted), std::move(value)});
      } else {
        parts_->members[place->second].value = std::move(value);
      }
      if (!Take(rest, ',')) break;
    }
  }
  return *parts_;
}

JsonText* JsonText::Find(string_view name) {
  Parts& parts = Open();
  const auto it = parts.places.find(name);
  return it == parts.places.end() ? nullptr : &parts.members[it->second].value;
}

JsonText& JsonText::At(string_view name) {
  if (JsonText* value = Find(name)) return *value;
  parts_->places.emplace(name, parts_->members.size());
  parts_->members.push_back({std::string(name), Escaped(name), JsonText()});
  return parts_->members.back().value;
}

void JsonText::Erase(string_view name) {
  Parts& parts = Open();
  const auto it = parts.places.find(name);
  if (it == parts.places.end()) return;
  // The member stays in its place, so that the places of the others stay true.
  parts.members[it->second].erased = true;
  parts.places.erase(it);
}

const std::vector<JsonText::Member>& JsonText::members() { return Open().members; }

std::vector<JsonText>& JsonText::elements() { return Open().elements; }

void JsonText::AppendTo(std::string& out) const {
  if (parts_ == nullptr) {
    out.append(text_.data(), text_.size());
    return;
  }
  const char* between = "";
  if (is_array()) {
    out.push_back('[');
    for (const JsonText& element : parts_->elements) {
      out.append(std::exchange(between, ","));
      element.AppendTo(out);
    }
    out.push_back(']');
    return;
  }
  out.push_back('{');
  for (const Member& member : parts_->members) {
    if (member.erased) continue;
    out.append(std::exchange(between, ","));
    out.append(member.name_text);
    out.push_back(':');
    member.value.AppendTo(out);
  }
  out.push_back('}');
}

std::string JsonText::ToString() const {
  std::string out;
  AppendTo(out);
  return out;
}

}  // namespace tqdb
