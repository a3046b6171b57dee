#include "conformance/json_path.h"

#include <charconv>

namespace multihub::conformance {
namespace {

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string TakeKey(std::string_view* text) {
  std::size_t size = 0;
  while (size < text->size() && IsKeyCharacter((*text)[size])) ++size;
  std::string key(text->substr(0, size));
  text->remove_prefix(size);
  return key;
}

}  // namespace

base::Result<JsonPath, std::string> JsonPath::Parse(std::string_view text) {
  JsonPath path;
  bool key_follows = true;
  while (key_follows || !text.empty()) {
    Part part;
    if (key_follows) {
      part.key = TakeKey(&text);
      if (part.key.empty()) return base::Fail(std::string("a key is missing"));
    } else if (text[0] == '[') {
      const std::size_t end = text.find(']');
      if (end == std::string_view::npos) return base::Fail(std::string("']' is missing"));
      const std::string_view inside = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
      if (const std::size_t equals = inside.find('='); equals != std::string_view::npos) {
        part.where_key = std::string(inside.substr(0, equals));
        part.where_text = std::string(inside.substr(equals + 1));
      } else {
        std::size_t index = 0;
        const auto read = std::from_chars(inside.data(), inside.data() + inside.size(), index);
        if (inside.empty() || read.ptr != inside.data() + inside.size()) {
          return base::Fail(std::string("an index must be a number"));
        }
        part.index = index;
      }
    } else {
      return base::Fail(std::string("'.' or '[' is missing"));
    }
    path.parts_.push_back(std::move(part));
    key_follows = text.starts_with('.');
    if (key_follows) text.remove_prefix(1);
  }
  return path;
}

base::JsonValue JsonPath::In(base::JsonValue root) const {
  base::JsonValue at = root;
  for (const Part& part : parts_) {
    if (!at.present()) return {};
    if (part.index) {
      if (!at.is_array() || *part.index >= at.size()) return {};
      at = at.at(*part.index);
    } else if (!part.where_key.empty()) {
      base::JsonValue found;
      for (std::size_t i = 0; at.is_array() && i < at.size() && !found.present(); ++i) {
        const base::JsonValue member = at.at(i)[part.where_key];
        if (member.is_string() && member.string() == part.where_text) found = at.at(i);
      }
      at = found;
    } else {
      at = at[part.key];
    }
  }
  return at;
}

}  // namespace multihub::conformance
