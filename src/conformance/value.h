// What stands in a case file, before anybody knows what it means: scalars, lists and mappings with their lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace multihub::conformance {

// A small tree, freely copied. Mappings keep their order. Strings may hold `${...}` (see template_text.h).
struct Value {
  enum class Type {
    kNull,
    kBool,
    kNumber,  // `text` is a JSON number as written
    kString,
    kRaw,     // tagged !raw: `text` is put into a JSON document as it is
    kAbsent,  // tagged !absent: an expectation that nothing is there; in a request the member is left out
    kList,
    kMap,
  };

  Type type = Type::kNull;
  bool boolean = false;
  std::string text;
  std::vector<std::string> keys;  // of a mapping, side by side with `items`
  std::vector<Value> items;
  int line = 0;  // from 1; 0 when it was made by the program

  bool is_null() const { return type == Type::kNull; }
  bool is_string() const { return type == Type::kString; }
  bool is_list() const { return type == Type::kList; }
  bool is_map() const { return type == Type::kMap; }
  // The member of a mapping; nullptr when there is none or this is no mapping.
  const Value* Find(std::string_view key) const;

  static Value String(std::string text);
};

// RFC 8259's grammar of a number.
bool IsJsonNumber(std::string_view text);

// Compact JSON. Strings are written as they are: expand them before (template_text.h).
std::string RenderJson(const Value& value);

}  // namespace multihub::conformance
