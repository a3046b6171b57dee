// Webhook endpoints, what is delivered to them, every attempt, and the nonces of calls that change them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "multihub/base/trace.h"
#include "multihub/domain/ids.h"
#include "multihub/domain/retry_schedule.h"
#include "multihub/storage/payment_store.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

// ---- endpoints
// -------------------------------------------------------------------------------------------------------

inline constexpr std::string_view kSourceConfigured = "configured";
inline constexpr std::string_view kSourceInRequest = "in_request";  // named by a payment's webhook_url

struct EndpointRow {
  std::string id;  // "wh_" + ULID
  domain::ApplicationId application_id;
  std::string url;
  std::string source;
  bool enabled = true;
  std::string disabled_reason;  // "merchant", "operator", "gone" (the receiver answered 410); empty when enabled
  std::string events;           // a filter for domain::Matches; unused in_request, where each payment has its own
  std::string description;
  // nullopt: the default schedule and timeout.
  std::optional<std::int64_t> max_retries, retry_delay_s, timeout_s;
  // base::Seal under EndpointSecretPlace; empty in_request, where the application's own signs.
  std::string sealed_secret;
  std::string sealed_previous_secret;  // empty: none
  std::int64_t previous_until_ms = 0;
  std::int64_t created_ms = 0;
};
inline domain::RetrySettings RetrySettingsOf(const EndpointRow& row) { return {row.max_retries, row.retry_delay_s}; }
// What a sealed endpoint secret is bound to.
std::string EndpointSecretPlace(const std::string& endpoint_id);

// One endpoint per application, source and URL: a second one throws StorageFailure kDuplicate.
void InsertEndpoint(Session& session, const EndpointRow& row);
std::optional<EndpointRow> FindEndpoint(Session& session, const std::string& id);
std::vector<EndpointRow> FindEndpoints(Session& session, std::span<const std::string> ids);
// Oldest first; of one source or of all.
std::vector<EndpointRow> EndpointsOf(Session& session, domain::ApplicationId application,
                                     std::optional<std::string_view> source = std::nullopt);
// Of every application.
std::vector<EndpointRow> AllEndpoints(Session& session, std::string_view source);
// The enabled configured ones.
std::vector<EndpointRow> SubscribedEndpoints(Session& session, std::span<const domain::ApplicationId> applications);
std::optional<EndpointRow> FindEndpointByUrl(Session& session, domain::ApplicationId application,
                                             std::string_view source, const std::string& url);
std::int64_t CountEndpoints(Session& session, domain::ApplicationId application, std::string_view source);
// From here to the end of the transaction no other unit that takes this lock for the application goes on, in any
// process: what is counted stays true. False: there is no such application.
bool LockApplication(Session& session, domain::ApplicationId application);
// Everything but id, application, source and created_ms. False: there is no such row. Throws kDuplicate for a URL that
// is taken.
bool UpdateEndpoint(Session& session, const EndpointRow& row);
// The row and its pending deliveries, which fail with `endpoint_disabled`; finished deliveries stay.
bool DeleteEndpoint(Session& session, const std::string& id, std::int64_t now_ms);
// Its pending deliveries fail with `outcome`. Returns how many.
std::int64_t FailPending(Session& session, const std::string& endpoint_id, std::string_view outcome,
                         std::int64_t now_ms);

// ---- deliveries
// ------------------------------------------------------------------------------------------------------

inline constexpr std::string_view kPending = "pending";
inline constexpr std::string_view kDelivered = "delivered";
inline constexpr std::string_view kFailed = "failed";

inline constexpr std::string_view kOutcomeEndpointDisabled = "endpoint_disabled";
inline constexpr std::string_view kOutcomeExpired = "expired";
inline constexpr std::string_view kOutcomeExhausted = "exhausted";  // the last attempt failed
inline constexpr std::string_view kOutcomeGone = "gone";            // the receiver answered 410
inline constexpr std::string_view kOutcomePruned = "event_pruned";  // its event is no longer kept

// One event on its way to one endpoint.
struct DeliveryRow {
  std::string id;  // "dlv_" + ULID
  std::string endpoint_id;
  domain::ApplicationId application_id;
  std::string h_id;
  std::int64_t status_version = 0;
  std::string state = std::string(kPending);
  std::int64_t due_ms = 0;  // database time: the next attempt, or the end of the lease of who works on it
  std::string lease_owner;  // the process that works on it; empty: nobody
  std::int64_t attempts = 0;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t finished_ms = 0;
  std::string outcome;  // why it failed
  base::Trace trace;    // of the call that asked for the event again; none: the payment's counts
};
void InsertDeliveries(Session& session, std::span<const DeliveryRow> deliveries);

// A delivery with everything that is needed to send it.
struct ReadyDelivery {
  DeliveryRow row;
  std::shared_ptr<const EndpointRow> endpoint;
  std::string event_id;
  std::string body;
  base::Trace trace;  // that the webhook belongs to; none: of older payments
};
std::optional<DeliveryRow> FindDelivery(Session& session, const std::string& id);
// Of an event, oldest first.
std::vector<DeliveryRow> DeliveriesOf(Session& session, const std::string& h_id, std::int64_t status_version);
// (payment, endpoint) of the pending deliveries of these payments that wait for their first attempt.
std::vector<std::pair<std::string, std::string>> FirstAttemptsWaiting(Session& session,
                                                                      std::span<const std::string> h_ids);
struct DeliveryFilter {
  std::optional<domain::ApplicationId> application;
  std::optional<std::string> endpoint_id, h_id, state;
  std::int64_t created_from_ms = 0;
  int limit = 100;
};
// Newest first.
std::vector<DeliveryRow> ListDeliveries(Session& session, const DeliveryFilter& filter);

// Ids of endpoints that have deliveries due, at most `limit`, those after `after` in the order of ids. `oldest_due_ms`,
// when given, becomes the oldest due time of these endpoints' deliveries, if that is before what it is.
std::vector<std::string> EndpointsWithDue(Session& session, std::int64_t now_ms, const std::string& after, int limit,
                                          std::int64_t* oldest_due_ms = nullptr);
// How many have not ended; no further than `limit` is counted.
std::int64_t CountPending(Session& session, std::int64_t limit);

// Takes up to `limit` due deliveries of an endpoint for `owner` until `lease_until_ms`, oldest due first, and returns
// them as they are now. Not taken: those whose payment has an earlier event that waits for its first attempt at this
// endpoint.
std::vector<DeliveryRow> ClaimDeliveries(Session& session, const std::string& endpoint_id, std::int64_t now_ms,
                                         const std::string& owner, std::int64_t lease_until_ms, int limit);
// The deliveries with their endpoints and bodies, in order. Left out: those whose endpoint or event is not there.
std::vector<ReadyDelivery> LoadReady(Session& session, std::span<const DeliveryRow> deliveries);
// A pending delivery that `owner` holds has failed without an attempt.
void FailDelivery(Session& session, const std::string& id, const std::string& owner, std::string_view outcome,
                  std::int64_t now_ms);
// Gives back what `owner` holds: due at `due_ms`, without an attempt.
void ReleaseDeliveries(Session& session, std::span<const std::string> ids, const std::string& owner,
                       std::int64_t due_ms);

struct AttemptRow {
  std::string delivery_id;
  std::int64_t attempt = 0;  // 1, 2, …
  std::int64_t started_ms = 0;
  std::int64_t duration_ms = 0;
  std::int64_t http_status = 0;  // 0: no answer
  std::string error;             // net::NameOf(CallError), or empty
  std::string answer;            // the first KiB
};
// An attempt, and what becomes of its delivery.
struct AttemptEnd {
  AttemptRow attempt;
  std::string state;  // kPending: again at due_ms
  std::int64_t due_ms = 0;
  std::string outcome;
  std::int64_t finished_ms = 0;
};
// Stores the attempts, and moves the deliveries that `owner` still holds. One whose lease ran out, or that ended
// meanwhile, keeps its state. Of two ends of the same attempt the first counts. Safe to run again.
void RecordAttempts(Session& session, std::span<const AttemptEnd> ends, const std::string& owner);
// In order of delivery and attempt.
std::vector<AttemptRow> AttemptsOf(Session& session, std::span<const std::string> delivery_ids);

// ---- events
// ----------------------------------------------------------------------------------------------------------

struct EventFilter {
  domain::ApplicationId application;
  std::optional<std::string> type, h_id;
  std::int64_t from_ms = 0, to_ms = INT64_MAX;  // to: exclusive
  // Only events older than this one: the page after it.
  struct Place {
    std::int64_t created_ms = 0;
    std::string h_id;
    std::int64_t status_version = 0;
  };
  std::optional<Place> after;
  int limit = 20;
};
// Newest first; equal times by payment and version, descending.
std::vector<EventRow> ListEvents(Session& session, const EventFilter& filter);
// By its event id and its application's; nullopt: unknown, or another application's.
std::optional<EventRow> FindEvent(Session& session, domain::ApplicationId application, const std::string& event_id);

// ---- nonces
// ----------------------------------------------------------------------------------------------------------

// False when the application has used the nonce before and that use has not run out. Part of the unit that does what
// the call asks for, so that a call that is refused later leaves its nonce unused.
bool UseNonce(Session& session, domain::ApplicationId application, const std::string& nonce, std::int64_t now_ms,
              std::int64_t expires_ms);
// The `expires_ms` of the last UseNonce of this nonce; nullopt: it was never used.
std::optional<std::int64_t> NonceExpiry(Session& session, domain::ApplicationId application, const std::string& nonce);

}  // namespace multihub::storage
