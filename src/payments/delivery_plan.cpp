#include "payments/delivery_plan.h"

#include <algorithm>

#include "multihub/base/ids.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/domain/event_names.h"
#include "payments/jobs.h"

namespace multihub::payments {
namespace {

bool EventsOvertake() { return base::SeededFault("webhook-events-overtake"); }

}  // namespace

std::vector<std::size_t> DeliveryPlan::Make(std::span<const PlannedEvent> events) {
  std::vector<std::size_t> counts;
  if (events.empty()) return counts;
  ReadConfigured(events);
  std::vector<std::vector<Endpoint>> endpoints;
  for (const PlannedEvent& planned : events) endpoints.push_back(EndpointsOf(planned));
  ReadWaiting(events, endpoints);
  std::vector<storage::DeliveryRow> rows;
  for (std::size_t i = 0; i < events.size(); ++i) {
    for (const Endpoint& endpoint : endpoints[i]) {
      storage::ReadyDelivery delivery = Deliver(events[i], endpoint);
      rows.push_back(delivery.row);
      events[i].job->deliveries.push_back(std::move(delivery));
    }
    counts.push_back(endpoints[i].size());
  }
  storage::InsertDeliveries(session_, rows);
  return counts;
}

void DeliveryPlan::ReadConfigured(std::span<const PlannedEvent> events) {
  std::set<domain::ApplicationId> applications;
  for (const PlannedEvent& planned : events) applications.insert(planned.payment->application_id);
  const std::vector<domain::ApplicationId> list(applications.begin(), applications.end());
  for (storage::EndpointRow& row : storage::SubscribedEndpoints(session_, list)) {
    const domain::ApplicationId application = row.application_id;
    configured_[application].push_back(std::make_shared<const storage::EndpointRow>(std::move(row)));
  }
}

void DeliveryPlan::ReadWaiting(std::span<const PlannedEvent> events, std::span<const std::vector<Endpoint>> endpoints) {
  if (EventsOvertake()) return;
  std::vector<std::string> moved;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].event->status_version > 1 && !endpoints[i].empty()) moved.push_back(events[i].payment->h_id);
  }
  for (auto& [h_id, endpoint_id] : storage::FirstAttemptsWaiting(session_, moved)) {
    waiting_.emplace(std::move(h_id), std::move(endpoint_id));
  }
}

// The configured endpoints that want it, and the payment's own, unless its URL is a configured one: then that one hears
// of it when either subscription says so.
std::vector<DeliveryPlan::Endpoint> DeliveryPlan::EndpointsOf(const PlannedEvent& planned) {
  const domain::Payment& payment = *planned.payment;
  const std::string& event = planned.event->event;
  const bool asked_again = planned.asked_by != nullptr;
  const bool own_wants =
      !payment.webhook_url.empty() && (asked_again || domain::Matches(payment.webhook_events, event));
  std::vector<Endpoint> endpoints;
  bool own_is_configured = false;
  for (const Endpoint& endpoint : configured_[payment.application_id]) {
    const bool same_url = endpoint->url == payment.webhook_url;
    own_is_configured = own_is_configured || same_url;
    if (asked_again || domain::Matches(endpoint->events, event) || (same_url && own_wants)) {
      endpoints.push_back(endpoint);
    }
  }
  if (own_wants && !own_is_configured) endpoints.push_back(InRequestEndpoint(payment));
  // One that was switched off takes nothing more.
  std::erase_if(endpoints, [](const Endpoint& endpoint) { return !endpoint->enabled; });
  return endpoints;
}

DeliveryPlan::Endpoint DeliveryPlan::InRequestEndpoint(const domain::Payment& payment) {
  Endpoint& known = in_request_[{payment.application_id, payment.webhook_url}];
  if (known != nullptr) return known;
  auto stored =
      storage::FindEndpointByUrl(session_, payment.application_id, storage::kSourceInRequest, payment.webhook_url);
  if (!stored) {
    stored.emplace();
    stored->id = "wh_" + base::NewUlid(now_ms_, random_);
    stored->application_id = payment.application_id;
    stored->url = payment.webhook_url;
    stored->source = storage::kSourceInRequest;
    stored->created_ms = now_ms_;
    storage::InsertEndpoint(session_, *stored);
  }
  known = std::make_shared<const storage::EndpointRow>(*std::move(stored));
  return known;
}

storage::ReadyDelivery DeliveryPlan::Deliver(const PlannedEvent& planned, const Endpoint& endpoint) {
  storage::ReadyDelivery delivery;
  delivery.endpoint = endpoint;
  delivery.event_id = planned.event->event_id;
  delivery.body = planned.event->body;
  delivery.trace = planned.payment->trace;
  storage::DeliveryRow& row = delivery.row;
  row.id = "dlv_" + base::NewUlid(now_ms_, random_);
  row.endpoint_id = endpoint->id;
  row.application_id = planned.payment->application_id;
  row.h_id = planned.payment->h_id;
  row.status_version = planned.event->status_version;
  if (planned.asked_by != nullptr && planned.asked_by->given()) delivery.trace = row.trace = *planned.asked_by;
  row.created_ms = row.due_ms = now_ms_;
  row.expires_ms = now_ms_ + domain::GiveUpAfterMs(storage::RetrySettingsOf(*endpoint));
  if (EventsOvertake() && row.status_version == 1) {
    row.due_ms += 1500;
    return delivery;
  }
  // An earlier event of the payment goes first; this one is found when that was attempted.
  const bool first = waiting_.emplace(row.h_id, row.endpoint_id).second;
  if (first && !hooks_.owner.empty() && hooks_.has_room(endpoint->id)) {
    row.lease_owner = hooks_.owner;
    row.due_ms = now_ms_ + hooks_.lease_ms(*endpoint);
  }
  return delivery;
}

}  // namespace multihub::payments
