// The fields by which a request names a payment.
#pragma once

#include <optional>
#include <string>

#include "handlers/request_fields.h"
#include "multihub/errors/refusal.h"
#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"

namespace multihub::handlers {

struct SentClientId {
  std::optional<std::string> text;  // nullopt: none was sent
  bool possible = true;             // false: no payment can have it
};
// `c_id` under `parent`: a string, or where numbers are allowed a whole number.
SentClientId ReadClientId(RequestFields* fields, const Branch& parent, bool numbers_allowed);

// Of payment.status and payment.notification. 1005 for a field of a wrong type or no identifier at all; 6010 for an
// identifier that no payment can have.
errors::Outcome<payments::PaymentLookup> ReadPaymentLookup(const rpc::CallContext& context);

}  // namespace multihub::handlers
