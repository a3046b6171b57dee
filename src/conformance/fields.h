// What a case can look at in an answer, or in a webhook the listener got: the members of the body by their path, and
// beside them `headers.<name>` (the first of that name, in lower case) and `signature.<which>` of a webhook.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conformance/answer.h"
#include "multihub/base/json_reader.h"

namespace multihub::conformance {

class Fields {
 public:
  using Named = std::vector<std::pair<std::string, std::string>>;

  static Fields Of(const Answer& answer);
  // `signatures`: names and JSON values.
  static Fields Of(const Named& headers, const std::string& body, const Named& signatures);

  // Absent when nothing is there; the path is well formed. Valid while this object lives.
  base::JsonValue At(const std::string& path) const;

 private:
  Fields(const Named& headers, const std::string& body, const Named& signatures);

  std::shared_ptr<const std::string> beside_text_, body_text_;
  std::shared_ptr<const base::JsonDocument> beside_, body_;
};

}  // namespace multihub::conformance
