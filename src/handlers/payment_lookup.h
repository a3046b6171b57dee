// The fields of payment.status and payment.notification: which payment is meant.
#pragma once

#include "multihub/errors/refusal.h"
#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"

namespace multihub::handlers {

// 1005 for a field of a wrong type or no identifier at all; 6010 for an identifier that no payment can have.
errors::Outcome<payments::PaymentLookup> ReadPaymentLookup(const rpc::CallContext& context);

}  // namespace multihub::handlers
