#include "conformance/fields.h"

#include <set>

#include "conformance/json_path.h"
#include "multihub/base/check.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/utf8.h"

namespace multihub::conformance {
namespace {

std::shared_ptr<const base::JsonDocument> Parsed(const std::string& text) {
  auto document = base::JsonDocument::Parse(text, 64);
  if (!document.ok()) return nullptr;
  return std::make_shared<const base::JsonDocument>(std::move(document).value());
}

std::string Beside(const Fields::Named& headers, const Fields::Named& signatures) {
  std::string text;
  std::set<std::string> written;
  base::JsonWriter writer(&text);
  writer.BeginObject().Key("headers").BeginObject();
  for (const auto& [name, value] : headers) {
    const bool is_text = base::IsValidUtf8(name) && base::IsValidUtf8(value);
    if (is_text && written.insert(name).second) writer.Key(name).String(value);
  }
  writer.EndObject().Key("signature").BeginObject();
  for (const auto& [name, value] : signatures) writer.Key(name).Raw(value);
  writer.EndObject().EndObject();
  return text;
}

}  // namespace

Fields::Fields(const Named& headers, const std::string& body, const Named& signatures)
    : beside_text_(std::make_shared<const std::string>(Beside(headers, signatures))),
      body_text_(std::make_shared<const std::string>(body)),
      beside_(Parsed(*beside_text_)),
      body_(Parsed(*body_text_)) {}

Fields Fields::Of(const Answer& answer) { return Fields(answer.http().headers, answer.http().body, {}); }

Fields Fields::Of(const Named& headers, const std::string& body, const Named& signatures) {
  return Fields(headers, body, signatures);
}

base::JsonValue Fields::At(const std::string& path) const {
  const auto parsed = JsonPath::Parse(path);
  MULTIHUB_CHECK(parsed.ok());
  const bool beside = path.starts_with("headers.") || path.starts_with("signature.");
  const auto& document = beside ? beside_ : body_;
  return document == nullptr ? base::JsonValue() : parsed->In(document->root());
}

}  // namespace multihub::conformance
