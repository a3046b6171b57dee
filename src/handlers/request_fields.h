// Reading the fields of a request, one after the other in the contract's order. The first field that breaks its rule is
// the answer (1005 with the field and the rule, never with what the client sent); after it every read finds nothing.
//
// `null` counts as absent everywhere. Lengths count Unicode characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/json_reader.h"
#include "multihub/base/whole_number.h"
#include "multihub/domain/ids.h"
#include "multihub/domain/payment.h"
#include "multihub/errors/refusal.h"

namespace multihub::handlers {

// An object on the way to the fields below it.
struct Branch {
  base::JsonValue value;  // absent: so is everything below
  std::string_view path;  // "params.payment.payer"
};

class RequestFields {
 public:
  bool ok() const { return !problem_.has_value(); }
  // Only when not ok().
  errors::Refusal TakeProblem() { return std::move(problem_).value(); }

  // `path` is the field's whole path; its last part is the key in `parent`.
  Branch RequiredObject(const Branch& parent, std::string_view path);
  Branch OptionalObject(const Branch& parent, std::string_view path);

  // `below` is the path under `parent`, such as "person.first_name"; what lies on the way must be objects when given.
  // Texts are valid as long as the request's document.
  std::optional<std::string_view> OptionalText(const Branch& parent, std::string_view below,
                                               std::size_t max_characters);
  std::optional<std::string_view> OptionalText(const Branch& parent, std::string_view below);
  std::string_view RequiredText(const Branch& parent, std::string_view below);
  base::WholeNumber RequiredWholeNumber(const Branch& parent, std::string_view below);
  // A non-empty array of strings.
  std::optional<std::vector<std::string>> OptionalNames(const Branch& parent, std::string_view below);
  // The value, whatever it is; absent when null.
  base::JsonValue Optional(const Branch& parent, std::string_view below);

  // An integer, or a string of 1 to 16 digits without a leading zero. A whole number that no route can have becomes 0.
  std::optional<domain::ServiceId> OptionalServiceId(base::JsonValue sent);
  domain::ServiceId RequiredServiceId(base::JsonValue sent);

  // Records that the field `below` breaks a rule; `rule` is the rest of the sentence that its path begins.
  void Refuse(const Branch& parent, std::string_view below, std::string_view rule);
  void Refuse(std::string_view path, std::string_view rule);

 private:
  std::optional<errors::Refusal> problem_;
};

}  // namespace multihub::handlers
