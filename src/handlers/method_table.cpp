#include "multihub/handlers/method_table.h"

#include <utility>

#include "handlers/methods.h"

namespace multihub::handlers {

rpc::MethodTable MakeMethodTable(payments::Payments& payments, HandlerOptions options) {
  using rpc::CallContext;
  using rpc::Finish;
  using rpc::RateClass;
  return {
      {"gateway.ping", RateClass::kNone,
       [](const CallContext& context, const Finish& finish) { GatewayPing(context, finish); }},
      {"payment.in", RateClass::kPayment,
       [&payments, options](const CallContext& context, Finish finish) {
         PaymentIn(payments, options, context, std::move(finish));
       }},
      {"payment.out", RateClass::kPayment,
       [&payments, options](const CallContext& context, Finish finish) {
         PaymentOut(payments, options, context, std::move(finish));
       }},
      {"payment.status", RateClass::kRead,
       [&payments](const CallContext& context, Finish finish) { PaymentStatus(payments, context, std::move(finish)); }},
      {"payment.notification", RateClass::kNotification,
       [&payments](const CallContext& context, Finish finish) {
         PaymentNotification(payments, context, std::move(finish));
       }},
      {"balance.get", RateClass::kRead,
       [&payments](const CallContext& context, Finish finish) { BalanceGet(payments, context, std::move(finish)); }},
  };
}

}  // namespace multihub::handlers
