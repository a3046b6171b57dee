// Webhook endpoints, events, deliveries and attempts as JSON objects, in the contract's keys and order.
#pragma once

#include <string>
#include <string_view>

#include "multihub/base/json_writer.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/event_history.h"
#include "multihub/webhooks/management.h"

namespace multihub::webhooks {

// The operator sees whose a thing is: `application_id` after its id.
enum class View { kMerchant, kOperator };

// `secret` only in the one answer that shows it.
void AppendEndpoint(base::JsonWriter* json, const storage::EndpointRow& row, View view = View::kMerchant,
                    const base::SecretString* secret = nullptr);
void AppendEvent(base::JsonWriter* json, const ListedEvent& listed, View view = View::kMerchant);
// With its body, deliveries and attempts.
void AppendEvent(base::JsonWriter* json, const EventDetail& detail, View view = View::kMerchant);
void AppendDelivery(base::JsonWriter* json, const storage::DeliveryRow& row, View view = View::kMerchant);
// With its attempts.
void AppendDelivery(base::JsonWriter* json, const DeliveryDetail& detail, View view = View::kMerchant);
void AppendAttempt(base::JsonWriter* json, const storage::AttemptRow& attempt);

// The names of a stored filter, "*" for all.
std::vector<std::string> NamesOf(std::string_view filter);
// What a receiver answered, as text that can be shown: whatever is no UTF-8, and every control character but tabs and
// line ends, becomes U+FFFD.
std::string ShowableText(std::string_view answer);

}  // namespace multihub::webhooks
