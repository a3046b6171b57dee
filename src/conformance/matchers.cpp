#include "conformance/matchers.h"

#include <functional>
#include <map>
#include <regex>

#include "multihub/base/utf8.h"
#include "multihub/base/whole_number.h"

namespace multihub::conformance {
namespace {

using base::JsonType;
using base::JsonValue;

constexpr std::size_t kMaxShown = 300;
// std::regex recurses for each character.
constexpr std::size_t kMaxMatched = 4096;

std::string Shown(JsonValue value) {
  if (!value.present()) return "nothing";
  std::string text(value.raw());
  if (text.size() <= kMaxShown) return text;
  std::size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

std::string_view TypeName(JsonValue value) {
  switch (value.type()) {
    case JsonType::kNull:
      return "null";
    case JsonType::kBool:
      return "boolean";
    case JsonType::kNumber:
      return base::ParseWholeNumber(value.number_text()).kind == base::WholeNumber::Kind::kNotWhole ? "number"
                                                                                                    : "integer";
    case JsonType::kString:
      return "string";
    case JsonType::kArray:
      return "array";
    case JsonType::kObject:
      return "object";
  }
  return "null";
}

bool SameNumber(JsonValue a, JsonValue b) {
  const base::WholeNumber left = base::ParseWholeNumber(a.number_text());
  const base::WholeNumber right = base::ParseWholeNumber(b.number_text());
  if (left.kind == base::WholeNumber::Kind::kInRange && right.kind == left.kind) return left.value == right.value;
  return a.number_text() == b.number_text();
}

// The rule's argument as JSON to compare with.
class Expected {
 public:
  explicit Expected(const Value& value) : text_(RenderJson(value)), document_(base::JsonDocument::Parse(text_)) {}
  bool Is(JsonValue actual) const { return document_.ok() && SameJson(document_->root(), actual); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  base::Result<base::JsonDocument, base::JsonError> document_;
};

// A matcher gets a value that is there, and says what differs.
using Matcher = std::function<std::string(const Value& argument, JsonValue actual)>;

std::string Equals(const Value& argument, JsonValue actual) {
  const Expected expected(argument);
  return expected.Is(actual) ? "" : "is " + Shown(actual) + ", expected " + expected.text();
}

std::string Not(const Value& argument, JsonValue actual) {
  const Expected expected(argument);
  return expected.Is(actual) ? "is " + Shown(actual) + ", which it must not be" : "";
}

std::string Type(const Value& argument, JsonValue actual) {
  return TypeName(actual) == argument.text ? "" : "is " + Shown(actual) + ", expected some " + argument.text;
}

std::string Matches(const Value& argument, JsonValue actual) {
  if (!actual.is_string()) return "is " + Shown(actual) + ", expected a string that matches " + argument.text;
  const std::string text(actual.string().substr(0, kMaxMatched));
  // Valid until templates were expanded into it: those put in plain words.
  try {
    if (std::regex_search(text, std::regex(argument.text))) return "";
  } catch (const std::regex_error&) {
    return "cannot be compared with the pattern " + argument.text;
  }
  return "is " + Shown(actual) + ", expected a string that matches " + argument.text;
}

// Of a number its value; of a string its text, when both are strings (times in ISO 8601 sort so).
std::string Compare(const Value& argument, JsonValue actual, bool at_least) {
  const std::string words = std::string(at_least ? "at least " : "at most ") + argument.text;
  const std::string differs = "is " + Shown(actual) + ", expected " + words;
  const bool numbers = IsJsonNumber(argument.text);
  if (!numbers && actual.is_string()) {
    const bool good = at_least ? actual.string() >= argument.text : actual.string() <= argument.text;
    return good ? "" : differs;
  }
  // Header values are strings of digits.
  std::string digits;
  if (actual.is_number()) digits = std::string(actual.number_text());
  if (actual.is_string() && IsJsonNumber(actual.string())) digits = std::string(actual.string());
  if (digits.empty()) return differs;
  const base::WholeNumber left = base::ParseWholeNumber(digits);
  const base::WholeNumber right = base::ParseWholeNumber(argument.text);
  if (left.kind != base::WholeNumber::Kind::kInRange || right.kind != left.kind) return differs;
  return (at_least ? left.value >= right.value : left.value <= right.value) ? "" : differs;
}

std::string OneOf(const Value& argument, JsonValue actual) {
  for (const Value& item : argument.items) {
    if (Expected(item).Is(actual)) return "";
  }
  return "is " + Shown(actual) + ", expected one of " + RenderJson(argument);
}

std::string Keys(const Value& argument, JsonValue actual) {
  std::string expected, found;
  for (const Value& item : argument.items) expected += (expected.empty() ? "" : ", ") + item.text;
  if (!actual.is_object()) return "is " + Shown(actual) + ", expected an object with the keys " + expected;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    found += (found.empty() ? "" : ", ") + std::string(actual.key_at(i));
  }
  return found == expected ? "" : "has the keys " + found + ", expected in this order " + expected;
}

std::string Lacks(const Value& argument, JsonValue actual) {
  for (const Value& item : argument.items) {
    if (actual[item.text].present()) return "has the key " + item.text + ", which must not be there";
  }
  return "";
}

std::string Size(const Value& argument, JsonValue actual) {
  const std::size_t size = actual.is_string() ? base::CountUtf8Characters(actual.string()) : actual.size();
  return std::to_string(size) == argument.text ? ""
                                               : "has the size " + std::to_string(size) + ", expected " + argument.text;
}

std::string Contains(const Value& argument, JsonValue actual) {
  const std::string differs = "is " + Shown(actual) + ", expected " + RenderJson(argument) + " in it";
  if (actual.is_string()) return actual.string().find(argument.text) == std::string_view::npos ? differs : "";
  for (std::size_t i = 0; actual.is_array() && i < actual.size(); ++i) {
    if (Expected(argument).Is(actual.at(i))) return "";
  }
  return differs;
}

const std::map<std::string, Matcher>& Matchers() {
  static const std::map<std::string, Matcher> all = {
      {"equals", Equals},
      {"not", Not},
      {"type", Type},
      {"matches", Matches},
      {"at_least", [](const Value& argument, JsonValue actual) { return Compare(argument, actual, true); }},
      {"at_most", [](const Value& argument, JsonValue actual) { return Compare(argument, actual, false); }},
      {"one_of", OneOf},
      {"keys", Keys},
      {"lacks", Lacks},
      {"size", Size},
      {"contains", Contains}};
  return all;
}

bool IsListOfTexts(const Value& value) {
  if (!value.is_list()) return false;
  for (const Value& item : value.items) {
    if (!item.is_string()) return false;
  }
  return true;
}

std::string ProblemOfPattern(const Value& argument) {
  if (!argument.is_string()) return "matches needs a pattern in quotes";
  try {
    std::regex pattern(argument.text);
  } catch (const std::regex_error&) {
    return "matches: '" + argument.text + "' is no pattern (ECMAScript)";
  }
  return "";
}

std::string ProblemOfMatcher(const std::string& name, const Value& argument) {
  if (Matchers().count(name) == 0) {
    std::string known;
    for (const auto& [word, unused] : Matchers()) known += (known.empty() ? "" : ", ") + word;
    return "there is no matcher '" + name + "'; there are " + known;
  }
  if (name == "matches") return ProblemOfPattern(argument);
  if ((name == "keys" || name == "lacks") && !IsListOfTexts(argument)) return name + " needs a list of keys";
  if (name == "one_of" && !argument.is_list()) return "one_of needs a list";
  if (name == "size" && argument.type != Value::Type::kNumber) return "size needs a number";
  if (name == "type") {
    for (const char* type : {"null", "boolean", "number", "integer", "string", "array", "object"}) {
      if (argument.text == type) return "";
    }
    return "type must be null, boolean, number, integer, string, array or object";
  }
  return "";
}

}  // namespace

bool SameJson(JsonValue a, JsonValue b) {
  if (!a.present() || !b.present()) return a.present() == b.present();
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case JsonType::kNull:
      return true;
    case JsonType::kBool:
      return a.boolean() == b.boolean();
    case JsonType::kNumber:
      return SameNumber(a, b);
    case JsonType::kString:
      return a.string() == b.string();
    case JsonType::kArray:
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!SameJson(a.at(i), b.at(i))) return false;
      }
      return true;
    case JsonType::kObject:
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!SameJson(a.member_at(i), b[a.key_at(i)])) return false;
      }
      return true;
  }
  return false;
}

std::string ProblemOfRule(const Value& rule) {
  if (rule.is_list()) return "a list is expected by 'equals: [...]'";
  if (!rule.is_map()) return "";
  if (rule.items.empty()) return "an object is expected by 'equals: {...}'";
  for (std::size_t i = 0; i < rule.items.size(); ++i) {
    if (std::string problem = ProblemOfMatcher(rule.keys[i], rule.items[i]); !problem.empty()) return problem;
  }
  return "";
}

std::string CheckField(const std::string& path, const Value& rule, JsonValue actual) {
  if (rule.type == Value::Type::kAbsent) {
    return actual.present() ? path + " is " + Shown(actual) + ", expected nothing there" : "";
  }
  if (!actual.present()) return path + " is missing";
  if (!rule.is_map()) {
    const std::string differs = Equals(rule, actual);
    return differs.empty() ? "" : path + " " + differs;
  }
  for (std::size_t i = 0; i < rule.items.size(); ++i) {
    const std::string differs = Matchers().at(rule.keys[i])(rule.items[i], actual);
    if (!differs.empty()) return path + " " + differs;
  }
  return "";
}

}  // namespace multihub::conformance
