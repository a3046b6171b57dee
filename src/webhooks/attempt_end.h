// What one attempt means for its delivery.
#pragma once

#include "multihub/base/random.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/sender.h"

namespace multihub::webhooks {

// The receiver wants nothing more: HTTP 410.
bool SaysGone(const net::OutgoingAnswer& answer);

// Delivered by any 2xx; failed for good by 410 and by the attempt that was the endpoint's last; else due again after
// the schedule's pause, or a longer one that the receiver asked for with 429 or 503.
storage::AttemptEnd EndOf(const storage::DeliveryRow& row, const storage::EndpointRow& endpoint,
                          const SentAttempt& sent, base::UnixMs now_ms, base::Random& random);

}  // namespace multihub::webhooks
