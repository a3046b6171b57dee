#include "multihub/handlers/method_table.h"

#include <iterator>
#include <utility>

#include "handlers/methods.h"

namespace multihub::handlers {
namespace {

using rpc::CallContext;
using rpc::Finish;
using rpc::RateClass;

rpc::MethodTable PaymentMethods(payments::Payments& payments, const HandlerOptions& options) {
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

rpc::MethodTable WebhookMethods(webhooks::WebhookMethods& webhooks, const HandlerOptions& options) {
  return {
      {"webhook.create", RateClass::kWebhook,
       [&webhooks, options](const CallContext& context, Finish finish) {
         WebhookCreate(webhooks, options, context, std::move(finish));
       }},
      {"webhook.list", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) { WebhookList(webhooks, context, std::move(finish)); }},
      {"webhook.get", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) { WebhookGet(webhooks, context, std::move(finish)); }},
      {"webhook.update", RateClass::kWebhook,
       [&webhooks, options](const CallContext& context, Finish finish) {
         WebhookUpdate(webhooks, options, context, std::move(finish));
       }},
      {"webhook.delete", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) { WebhookDelete(webhooks, context, std::move(finish)); }},
      {"webhook.enable", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) { WebhookEnable(webhooks, context, std::move(finish)); }},
      {"webhook.disable", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) {
         WebhookDisable(webhooks, context, std::move(finish));
       }},
      {"webhook.test", RateClass::kWebhookSend,
       [&webhooks](const CallContext& context, Finish finish) { WebhookTest(webhooks, context, std::move(finish)); }},
      {"webhook.rotate_secret", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) {
         WebhookRotateSecret(webhooks, context, std::move(finish));
       }},
      {"event.list", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) { EventList(webhooks, context, std::move(finish)); }},
      {"event.get", RateClass::kWebhook,
       [&webhooks](const CallContext& context, Finish finish) { EventGet(webhooks, context, std::move(finish)); }},
      {"event.replay", RateClass::kWebhookSend,
       [&webhooks](const CallContext& context, Finish finish) { EventReplay(webhooks, context, std::move(finish)); }},
  };
}

}  // namespace

rpc::MethodTable MakeMethodTable(payments::Payments& payments, HandlerOptions options,
                                 webhooks::WebhookMethods* webhooks) {
  rpc::MethodTable table = PaymentMethods(payments, options);
  if (webhooks == nullptr) return table;
  rpc::MethodTable more = WebhookMethods(*webhooks, options);
  std::move(more.begin(), more.end(), std::back_inserter(table));
  return table;
}

}  // namespace multihub::handlers
