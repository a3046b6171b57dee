// Writes compact JSON in the form JSON.stringify would give: no spaces, `\b \f \n \r \t \" \\` short escapes, other
// control characters as \u00xx in lower case, everything else raw UTF-8. Strings must be valid UTF-8.
//
// The caller keeps the structure right (Key before every value in an object); commas are the writer's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace multihub::base {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  // `key` is escaped like any string.
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  // |value| <= 2^53-1, checked: a larger integer is not what every reader reads.
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // A value that is compact JSON already.
  JsonWriter& Raw(std::string_view json);

 private:
  void Separate();
  std::string* out_;
  bool first_ = true;
};

// Appends `value` quoted and escaped.
void AppendJsonString(std::string* out, std::string_view value);

}  // namespace multihub::base
