// A refusal: what a call answers instead of a result. Public text and internal detail are separate fields; the
// internal one goes to the log only.
#pragma once

#include <string>

#include "multihub/base/result.h"
#include "multihub/errors/code.h"

namespace multihub::errors {

struct Refusal {
  Code code = Code::kUnexpectedError;
  std::string field;        // 1005 only: path such as "params.payment.payer"; may be empty (whole body)
  std::string description;  // 1005 and 1000 only: public sentence naming the field and the rule
  std::string context;      // compact JSON object, or empty for null
  std::string internal;     // never leaves the process; no secrets, no payer data
  int retry_after_s = 0;    // 1000 only: Retry-After header
};

// A refusal with nothing but its code.
Refusal Refuse(Code code);
// 1005: `description` says which rule `field` broke.
Refusal Invalid(std::string field, std::string description);
// 1000 over a rate limit ("Rate limit exceeded") or for overload ("Server is busy").
Refusal RateLimited(int retry_after_s);
Refusal Busy();
// 2000 / 2001, with what the operator should see in the log.
Refusal HubError(std::string internal);
Refusal Unexpected(std::string internal);

template <typename T>
using Outcome = base::Result<T, Refusal>;

}  // namespace multihub::errors
