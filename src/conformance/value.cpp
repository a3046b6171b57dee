#include "conformance/value.h"

#include "multihub/base/json_writer.h"

namespace multihub::conformance {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes digits off the front; false when there is none.
bool TakeDigits(std::string_view* text) {
  std::size_t count = 0;
  while (count < text->size() && IsDigit((*text)[count])) ++count;
  text->remove_prefix(count);
  return count > 0;
}

void RenderList(const Value& value, std::string* out) {
  *out += '[';
  for (const Value& item : value.items) {
    if (out->back() != '[') *out += ',';
    *out += RenderJson(item);
  }
  *out += ']';
}

void RenderMap(const Value& value, std::string* out) {
  bool first = true;
  *out += '{';
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (value.items[i].type == Value::Type::kAbsent) continue;
    if (!first) *out += ',';
    first = false;
    base::AppendJsonString(out, value.keys[i]);
    *out += ':' + RenderJson(value.items[i]);
  }
  *out += '}';
}

}  // namespace

const Value* Value::Find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

Value Value::String(std::string text) {
  Value value;
  value.type = Type::kString;
  value.text = std::move(text);
  return value;
}

bool IsJsonNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t before = text.size();
  if (!TakeDigits(&text) || (leading_zero && before - text.size() > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!TakeDigits(&text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(&text)) return false;
  }
  return text.empty();
}

std::string RenderJson(const Value& value) {
  std::string out;
  switch (value.type) {
    case Value::Type::kNull:
    case Value::Type::kAbsent:
      return "null";
    case Value::Type::kBool:
      return value.boolean ? "true" : "false";
    case Value::Type::kNumber:
    case Value::Type::kRaw:
      return value.text;
    case Value::Type::kString:
      base::AppendJsonString(&out, value.text);
      return out;
    case Value::Type::kList:
      RenderList(value, &out);
      return out;
    case Value::Type::kMap:
      RenderMap(value, &out);
      return out;
  }
  return out;
}

}  // namespace multihub::conformance
