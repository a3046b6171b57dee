// The event log as merchants and operators look into it, and sending events again. Units of work, as management.h has
// them; everything throws StorageFailure when the database fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/domain/ids.h"
#include "multihub/domain/payment.h"
#include "multihub/errors/refusal.h"
#include "multihub/storage/session.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/management.h"

namespace multihub::webhooks {

// ---- events ----

struct EventQuery {
  domain::ApplicationId application;
  std::optional<std::string> type, c_id, h_id;
  base::UnixMs from_ms = 0, to_ms = INT64_MAX;  // to: exclusive
  std::optional<storage::EventFilter::Place> after;
  int limit = 20;
};
struct ListedEvent {
  storage::EventRow event;
  domain::ClientId c_id;
};
struct EventPage {
  std::vector<ListedEvent> events;                  // newest first
  std::optional<storage::EventFilter::Place> next;  // where the next page begins; nullopt: this is the last
};
// Empty when the application has no such payment.
EventPage PageOfEvents(storage::Session& session, const EventQuery& query);

// A place as callers carry it from page to page.
std::string CursorOf(const storage::EventFilter::Place& place);
std::optional<storage::EventFilter::Place> ParseCursor(std::string_view cursor);

struct DeliveryDetail {
  storage::DeliveryRow row;
  std::vector<storage::AttemptRow> attempts;  // in order
};
struct EventDetail {
  ListedEvent listed;
  std::vector<DeliveryDetail> deliveries;  // oldest first; the kMaxDeliveriesShown newest
};
inline constexpr std::size_t kMaxDeliveriesShown = 100;
// 6010 for an unknown event.
errors::Outcome<EventDetail> DetailOfEvent(storage::Session& session, std::optional<domain::ApplicationId> merchant,
                                           const std::string& event_id);
// nullopt: there is no such delivery.
std::optional<DeliveryDetail> DetailOfDelivery(storage::Session& session, const std::string& delivery_id);

// ---- replays ----

// Each makes new deliveries, due now, of the stored bytes of an event: to one endpoint, or without `endpoint_id` to
// every enabled configured endpoint of the application and to the payment's own, whatever they subscribe to. Returns
// the new deliveries. 6010: no such event or endpoint (of in-request endpoints only the payment's own counts). 8001: no
// endpoint, or it is disabled.
errors::Outcome<std::vector<storage::DeliveryRow>> ReplayEvent(const Unit& unit, const std::string& event_id,
                                                               const std::optional<std::string>& endpoint_id,
                                                               base::Random& random);
// Every event of the payment that is still kept.
errors::Outcome<std::vector<storage::DeliveryRow>> ReplayPayment(const Unit& unit, const std::string& h_id,
                                                                 const std::optional<std::string>& endpoint_id,
                                                                 base::Random& random);
struct EventKey {
  std::string h_id;
  std::int64_t status_version = 0;
};
// The application's events from `from_ms` until before `to_ms`, oldest first.
std::vector<EventKey> EventsBetween(storage::Session& session, domain::ApplicationId application, base::UnixMs from_ms,
                                    base::UnixMs to_ms);
// As ReplayEvent for each, but an event without an endpoint is passed over. An unknown endpoint is 6010 all the same.
errors::Outcome<std::vector<storage::DeliveryRow>> ReplayEvents(const Unit& unit, domain::ApplicationId application,
                                                                std::span<const EventKey> events,
                                                                const std::optional<std::string>& endpoint_id,
                                                                base::Random& random);
// The delivery's event to its endpoint once more, under a new id.
errors::Outcome<std::vector<storage::DeliveryRow>> ReplayDelivery(const Unit& unit, const std::string& delivery_id,
                                                                  base::Random& random);

}  // namespace multihub::webhooks
