// The methods of the API: one file per method in src/handlers, one row per method here.
#pragma once

#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"
#include "multihub/webhooks/webhook_url.h"

namespace multihub::handlers {

struct HandlerOptions {
  webhooks::WebhookUrlOptions webhook_url;  // what `params.payment.webhook_url` may name
};

// `payments` outlives the table.
rpc::MethodTable MakeMethodTable(payments::Payments& payments, HandlerOptions options = {});

}  // namespace multihub::handlers
