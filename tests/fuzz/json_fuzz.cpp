// Whatever bytes arrive, the reader ends; and what it accepts can be written and read again as the same values.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "multihub/base/check.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/utf8.h"
#include "multihub/base/whole_number.h"

namespace {

using multihub::base::IsValidUtf8;
using multihub::base::JsonDocument;
using multihub::base::JsonError;
using multihub::base::JsonType;
using multihub::base::JsonValue;
using multihub::base::JsonWriter;
using multihub::base::kMaxSafeInteger;
using multihub::base::ParseWholeNumber;
using multihub::base::Result;
using multihub::base::WholeNumber;

void CheckNumber(std::string_view text) {
  const WholeNumber number = ParseWholeNumber(text);
  if (number.kind != WholeNumber::Kind::kInRange) return;
  MULTIHUB_CHECK(number.value <= kMaxSafeInteger && number.value >= -kMaxSafeInteger);
  const WholeNumber again = ParseWholeNumber(std::to_string(number.value));
  MULTIHUB_CHECK(again.kind == WholeNumber::Kind::kInRange && again.value == number.value);
}

void CheckText(std::string_view text) {
  MULTIHUB_CHECK(IsValidUtf8(text));
  MULTIHUB_CHECK(text.find('\0') == std::string_view::npos);
}

// The reader's depth limit bounds the recursion.
void Render(JsonValue value, JsonWriter* writer) {
  switch (value.type()) {
    case JsonType::kNull:
      writer->Null();
      return;
    case JsonType::kBool:
      writer->Bool(value.boolean());
      return;
    case JsonType::kNumber:
      CheckNumber(value.number_text());
      writer->Raw(value.number_text());
      return;
    case JsonType::kString:
      CheckText(value.string());
      writer->String(value.string());
      return;
    case JsonType::kArray:
      writer->BeginArray();
      for (std::size_t i = 0; i < value.size(); ++i) Render(value.at(i), writer);
      writer->EndArray();
      return;
    case JsonType::kObject:
      writer->BeginObject();
      for (std::size_t i = 0; i < value.size(); ++i) {
        CheckText(value.key_at(i));
        writer->Key(value.key_at(i));
        Render(value.member_at(i), writer);
      }
      writer->EndObject();
      return;
  }
}

void CheckSame(JsonValue a, JsonValue b) {
  MULTIHUB_CHECK(a.type() == b.type());
  MULTIHUB_CHECK(a.size() == b.size());
  if (a.is_string()) MULTIHUB_CHECK(a.string() == b.string());
  if (a.is_number()) MULTIHUB_CHECK(a.number_text() == b.number_text());
  if (a.is_bool()) MULTIHUB_CHECK(a.boolean() == b.boolean());
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a.is_array()) {
      CheckSame(a.at(i), b.at(i));
    } else {
      MULTIHUB_CHECK(a.key_at(i) == b.key_at(i));
      CheckSame(a.member_at(i), b.member_at(i));
    }
  }
}

// The bytes of each value are a document of their own with the same value.
void CheckRaw(JsonValue value) {
  const Result<JsonDocument, JsonError> parsed = JsonDocument::Parse(value.raw());
  MULTIHUB_CHECK(parsed.ok());
  CheckSame(value, parsed.value().root());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Result<JsonDocument, JsonError> parsed = JsonDocument::Parse(input);
  if (!parsed.ok()) {
    MULTIHUB_CHECK(parsed.error().offset <= size);
    return 0;
  }
  const JsonValue root = parsed.value().root();
  std::string rendered;
  JsonWriter writer(&rendered);
  Render(root, &writer);
  const Result<JsonDocument, JsonError> again = JsonDocument::Parse(rendered);
  MULTIHUB_CHECK(again.ok());
  CheckSame(root, again.value().root());
  CheckRaw(root);
  for (std::size_t i = 0; i < root.size(); ++i) CheckRaw(root.is_array() ? root.at(i) : root.member_at(i));
  return 0;
}
