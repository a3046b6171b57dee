#include "multihub/base/json_writer.h"

#include <array>
#include <charconv>
#include <cstddef>

#include "base/hex_table.h"
#include "multihub/base/check.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/base/whole_number.h"

namespace multihub::base {
namespace {

constexpr char kPlain = 0;
constexpr char kHexEscape = 'u';

// For every byte: kPlain, or the letter that follows its backslash.
constexpr std::array<char, 256> EscapeTable() {
  std::array<char, 256> table{};
  for (std::size_t control = 0; control < 0x20; ++control) table[control] = kHexEscape;
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}
constexpr std::array<char, 256> kEscapes = EscapeTable();

void AppendEscape(std::string* out, std::uint8_t byte) {
  *out += '\\';
  *out += kEscapes[byte];
  if (kEscapes[byte] != kHexEscape) return;
  *out += "00";
  *out += kHexPairs[byte][0];
  *out += kHexPairs[byte][1];
}

}  // namespace

void AppendJsonString(std::string* out, std::string_view value) {
  *out += '"';
  std::size_t plain_from = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(value[i]);
    if (SeededFault("slashes-escaped") && byte == '/') {
      out->append(value, plain_from, i - plain_from) += '\\';
      plain_from = i;
    }
    if (kEscapes[byte] == kPlain) continue;
    out->append(value, plain_from, i - plain_from);
    AppendEscape(out, byte);
    plain_from = i + 1;
  }
  out->append(value, plain_from, value.size() - plain_from);
  *out += '"';
}

void JsonWriter::Separate() {
  if (!first_) *out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  *out_ += '{';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  *out_ += '}';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  *out_ += '[';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  *out_ += ']';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendJsonString(out_, key);
  *out_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(out_, value);
  return *this;
}

JsonWriter& JsonWriter::Int(std::int64_t value) {
  MULTIHUB_CHECK(value <= kMaxSafeInteger && value >= -kMaxSafeInteger);
  Separate();
  std::array<char, 20> digits;
  const std::to_chars_result end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out_->append(digits.data(), end.ptr);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  *out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  *out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  *out_ += json;
  return *this;
}

}  // namespace multihub::base
