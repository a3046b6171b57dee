// The methods, each in the file of its name.
#pragma once

#include "multihub/handlers/method_table.h"
#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"
#include "multihub/webhooks/webhooks.h"

namespace multihub::handlers {

void GatewayPing(const rpc::CallContext& context, const rpc::Finish& finish);
void PaymentIn(payments::Payments& payments, const HandlerOptions& options, const rpc::CallContext& context,
               rpc::Finish finish);
void PaymentOut(payments::Payments& payments, const HandlerOptions& options, const rpc::CallContext& context,
                rpc::Finish finish);
void PaymentStatus(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish);
void PaymentNotification(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish);
void BalanceGet(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish);

void WebhookCreate(webhooks::WebhookMethods& webhooks, const HandlerOptions& options, const rpc::CallContext& context,
                   rpc::Finish finish);
void WebhookList(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void WebhookGet(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void WebhookUpdate(webhooks::WebhookMethods& webhooks, const HandlerOptions& options, const rpc::CallContext& context,
                   rpc::Finish finish);
void WebhookDelete(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void WebhookEnable(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void WebhookDisable(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void WebhookTest(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void WebhookRotateSecret(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void EventList(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void EventGet(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);
void EventReplay(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish);

}  // namespace multihub::handlers
