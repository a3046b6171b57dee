#include "multihub/errors/refusal.h"

#include <utility>

#include "multihub/base/check.h"

namespace multihub::errors {
namespace {

constexpr int kBusyRetryAfterS = 1;

Refusal TryAgain(std::string description, int retry_after_s) {
  MULTIHUB_CHECK(retry_after_s >= 1);
  Refusal refusal = Refuse(Code::kCommonError);
  refusal.description = std::move(description);
  refusal.retry_after_s = retry_after_s;
  return refusal;
}

Refusal WithInternal(Code code, std::string internal) {
  Refusal refusal = Refuse(code);
  refusal.internal = std::move(internal);
  return refusal;
}

}  // namespace

Refusal Refuse(Code code) {
  Refusal refusal;
  refusal.code = code;
  return refusal;
}

Refusal Invalid(std::string field, std::string description) {
  Refusal refusal = Refuse(Code::kInvalidRequest);
  refusal.field = std::move(field);
  refusal.description = std::move(description);
  return refusal;
}

Refusal RateLimited(int retry_after_s) { return TryAgain("Rate limit exceeded", retry_after_s); }

Refusal Busy() { return TryAgain("Server is busy", kBusyRetryAfterS); }

Refusal HubError(std::string internal) { return WithInternal(Code::kHubError, std::move(internal)); }

Refusal Unexpected(std::string internal) { return WithInternal(Code::kUnexpectedError, std::move(internal)); }

}  // namespace multihub::errors
