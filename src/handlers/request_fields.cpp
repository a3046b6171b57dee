#include "handlers/request_fields.h"

#include <algorithm>
#include <utility>

#include "multihub/base/seeded_fault.h"
#include "multihub/base/utf8.h"

namespace multihub::handlers {
namespace {

std::string_view LastPart(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// [1-9][0-9]{0,15}
bool IsServiceIdText(std::string_view text) {
  constexpr std::size_t kMaxDigits = 16;
  return !text.empty() && text.size() <= kMaxDigits && text.front() != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void RequestFields::Refuse(std::string_view path, std::string_view rule) {
  if (!ok()) return;
  std::string description(path);
  description.append(" ").append(rule);
  problem_ = errors::Invalid(std::string(path), std::move(description));
}

void RequestFields::Refuse(const Branch& parent, std::string_view below, std::string_view rule) {
  std::string path(parent.path);
  path.append(".").append(below);
  Refuse(path, rule);
}

Branch RequestFields::RequiredObject(const Branch& parent, std::string_view path) {
  const base::JsonValue value = parent.value[LastPart(path)];
  if (ok() && value.is_object()) return {value, path};
  Refuse(path, "is required and must be an object");
  return {base::JsonValue(), path};
}

Branch RequestFields::OptionalObject(const Branch& parent, std::string_view path) {
  const base::JsonValue value = parent.value[LastPart(path)];
  if (ok() && value.is_object()) return {value, path};
  if (value.given()) Refuse(path, "must be an object");
  return {base::JsonValue(), path};
}

base::JsonValue RequestFields::Optional(const Branch& parent, std::string_view below) {
  if (!ok()) return {};
  base::JsonValue value = parent.value;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t dot = below.find('.', begin);
    value = value[below.substr(begin, dot == std::string_view::npos ? dot : dot - begin)];
    if (!value.given()) return {};
    if (dot == std::string_view::npos) return value;
    if (!value.is_object()) {
      Refuse(parent, below.substr(0, dot), "must be an object");
      return {};
    }
    begin = dot + 1;
  }
}

std::optional<std::string_view> RequestFields::OptionalText(const Branch& parent, std::string_view below,
                                                            std::size_t max_characters) {
  const base::JsonValue value = Optional(parent, below);
  if (!value.present()) return std::nullopt;
  const bool fits = value.is_string() && (value.string().size() <= max_characters ||
                                          base::CountUtf8Characters(value.string()) <= max_characters);
  if (fits) return value.string();
  Refuse(parent, below, "must be a string of at most " + std::to_string(max_characters) + " characters");
  return std::nullopt;
}

std::optional<std::string_view> RequestFields::OptionalText(const Branch& parent, std::string_view below) {
  const base::JsonValue value = Optional(parent, below);
  if (!value.present()) return std::nullopt;
  if (value.is_string()) return value.string();
  Refuse(parent, below, "must be a string");
  return std::nullopt;
}

std::string_view RequestFields::RequiredText(const Branch& parent, std::string_view below) {
  const base::JsonValue value = Optional(parent, below);
  if (value.is_string()) return value.string();
  Refuse(parent, below, "is required and must be a string");
  return {};
}

base::WholeNumber RequestFields::RequiredWholeNumber(const Branch& parent, std::string_view below) {
  const base::JsonValue value = Optional(parent, below);
  if (value.is_number()) {
    const base::WholeNumber number = base::ParseWholeNumber(value.number_text());
    if (number.kind != base::WholeNumber::Kind::kNotWhole) return number;
  }
  if (base::SeededFault("amount-as-text") && value.is_string()) return base::ParseWholeNumber(value.string());
  Refuse(parent, below, "is required and must be a whole number");
  return {};
}

std::optional<std::vector<std::string>> RequestFields::OptionalNames(const Branch& parent, std::string_view below) {
  const base::JsonValue value = Optional(parent, below);
  if (!value.present()) return std::nullopt;
  std::vector<std::string> names;
  for (std::size_t i = 0; value.is_array() && i < value.size() && value.at(i).is_string(); ++i) {
    names.emplace_back(value.at(i).string());
  }
  if (!names.empty() && names.size() == value.size()) return names;
  Refuse(parent, below, "must be a non-empty array of strings");
  return std::nullopt;
}

std::optional<domain::ServiceId> RequestFields::OptionalServiceId(base::JsonValue sent) {
  if (!ok() || !sent.given()) return std::nullopt;
  if (sent.is_string() && IsServiceIdText(sent.string())) {
    std::int64_t value = 0;
    for (const char digit : sent.string()) value = value * 10 + (digit - '0');
    return domain::ServiceId{value};
  }
  if (sent.is_number()) {
    const base::WholeNumber number = base::ParseWholeNumber(sent.number_text());
    if (number.kind == base::WholeNumber::Kind::kInRange)
      return domain::ServiceId{std::max<std::int64_t>(number.value, 0)};
    if (number.kind != base::WholeNumber::Kind::kNotWhole) return domain::ServiceId{0};
  }
  Refuse("service_id", "must be an integer, or a string of 1 to 16 digits without a leading zero");
  return std::nullopt;
}

domain::ServiceId RequestFields::RequiredServiceId(base::JsonValue sent) {
  if (!sent.given()) Refuse("service_id", "is required and must be an integer");
  return OptionalServiceId(sent).value_or(domain::ServiceId{0});
}

}  // namespace multihub::handlers
