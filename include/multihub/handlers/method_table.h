// The methods of the API: one file per method in src/handlers, one row per method here.
#pragma once

#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"
#include "multihub/webhooks/webhook_url.h"
#include "multihub/webhooks/webhooks.h"

namespace multihub::handlers {

struct HandlerOptions {
  webhooks::WebhookUrlOptions webhook_url;  // which URLs merchants may have webhooks sent to
};

// `payments` and `webhooks` outlive the table. Without `webhooks` it has no webhook and event methods.
rpc::MethodTable MakeMethodTable(payments::Payments& payments, HandlerOptions options = {},
                                 webhooks::WebhookMethods* webhooks = nullptr);

}  // namespace multihub::handlers
