// The methods, each in the file of its name.
#pragma once

#include "multihub/handlers/method_table.h"
#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"

namespace multihub::handlers {

void GatewayPing(const rpc::CallContext& context, const rpc::Finish& finish);
void PaymentIn(payments::Payments& payments, const HandlerOptions& options, const rpc::CallContext& context,
               rpc::Finish finish);
void PaymentOut(payments::Payments& payments, const HandlerOptions& options, const rpc::CallContext& context,
                rpc::Finish finish);
void PaymentStatus(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish);
void PaymentNotification(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish);
void BalanceGet(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish);

}  // namespace multihub::handlers
