#include "base/json_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/json_members.h"

namespace tqdb {

namespace {

using absl::string_view;

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
  std::vector<Member> members;  // of an object
  // Names to places in `members`. A tree, because hash tables of Abseil do not survive that there
  // is no memory.
  std::map<std::string, size_t, std::less<>> places;
  std::vector<JsonText> elements;  // of an array
};

JsonText::JsonText(string_view text) : text_(FirstJsonValue(text)) {}
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
  if (is_array()) {
    for (const string_view element : JsonElements(text_)) parts_->elements.emplace_back(element);
  } else if (is_object()) {
    for (const JsonMember& member : JsonMembers(text_)) {
      std::string name = Unescaped(member.key);
      const auto [place, is_new] = parts_->places.try_emplace(name, parts_->members.size());
      if (is_new) {
        parts_->members.push_back(
            {std::move(name), std::string(member.key), JsonText(member.value)});
      } else {
        parts_->members[place->second].value = JsonText(member.value);
      }
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
  parts_->places.emplace(std::string(name), parts_->members.size());
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
