// The fields of payment.in and payment.out.
#pragma once

#include "multihub/domain/route.h"
#include "multihub/errors/refusal.h"
#include "multihub/handlers/method_table.h"
#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"

namespace multihub::handlers {

// Checks the shape (presence, type, length) in the contract's order and nothing else: 1005, or the command.
errors::Outcome<payments::AcceptPayment> ReadPaymentRequest(domain::Direction direction, const HandlerOptions& options,
                                                            const rpc::CallContext& context);

}  // namespace multihub::handlers
