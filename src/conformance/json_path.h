// Where in a JSON document: `result.payment.status`, `events[0].id`, `amounts[currency=MXN].value`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/json_reader.h"
#include "multihub/base/result.h"

namespace multihub::conformance {

class JsonPath {
 public:
  // Keys are letters, digits, '_' and '-'; the error is a part of a sentence.
  static base::Result<JsonPath, std::string> Parse(std::string_view text);

  // Absent when something on the way is not there. The first element that fits a condition is taken.
  base::JsonValue In(base::JsonValue root) const;

 private:
  struct Part {
    std::string key;                    // a member
    std::optional<std::size_t> index;   // or an element
    std::string where_key, where_text;  // or the first element whose string member is this
  };
  std::vector<Part> parts_;
};

}  // namespace multihub::conformance
