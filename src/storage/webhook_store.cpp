#include "multihub/storage/webhook_store.h"

#include <algorithm>
#include <map>
#include <set>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "storage/set_statements.h"

namespace multihub::storage {
namespace {

constexpr std::string_view kEndpointColumns =
    "id, application_id, url, source, enabled, disabled_reason, events, description, max_retries, retry_delay_s, "
    "timeout_s, sealed_secret, sealed_previous_secret, previous_until_ms, created_ms";
constexpr std::string_view kEndpointTypes = "tittitttiiittii";

constexpr std::string_view kDeliveryColumns =
    "id, endpoint_id, application_id, h_id, status_version, state, due_ms, lease_owner, attempts, created_ms, "
    "expires_ms, finished_ms, outcome, trace_context";
constexpr std::string_view kDeliveryTypes = "ttitititiiiitt";

constexpr std::string_view kEventColumns = "h_id, status_version, event_id, event, application_id, created_ms, body";
constexpr std::string_view kEventTypes = "tittiit";

// A digest stands for the URL in the key: URLs are longer than an index takes.
std::string UrlDigest(const std::string& url) { return base::HexEncode(base::Sha256({url})); }

Value OptionalNumber(const std::optional<std::int64_t>& number) { return number ? Value(*number) : Value(); }

std::optional<std::int64_t> NumberOf(const Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

EndpointRow ReadEndpoint(const Row& row) {
  EndpointRow e;
  e.id = row.text(0);
  e.application_id = {row.integer(1)};
  e.url = row.text(2);
  e.source = row.text(3);
  e.enabled = row.integer(4) != 0;
  e.disabled_reason = row.text(5);
  e.events = row.text(6);
  e.description = row.text(7);
  e.max_retries = NumberOf(row, 8);
  e.retry_delay_s = NumberOf(row, 9);
  e.timeout_s = NumberOf(row, 10);
  e.sealed_secret = row.text(11);
  e.sealed_previous_secret = row.text(12);
  e.previous_until_ms = row.integer(13);
  e.created_ms = row.integer(14);
  return e;
}

DeliveryRow ReadDelivery(const Row& row) {
  DeliveryRow d;
  d.id = row.text(0);
  d.endpoint_id = row.text(1);
  d.application_id = {row.integer(2)};
  d.h_id = row.text(3);
  d.status_version = row.integer(4);
  d.state = row.text(5);
  d.due_ms = row.integer(6);
  d.lease_owner = row.text(7);
  d.attempts = row.integer(8);
  d.created_ms = row.integer(9);
  d.expires_ms = row.integer(10);
  d.finished_ms = row.integer(11);
  d.outcome = row.text(12);
  d.trace = base::ParseStoredTrace(row.text(13));
  return d;
}

EventRow ReadEvent(const Row& row) {
  return {row.text(0), row.integer(1), row.text(2), row.text(3), {row.integer(4)}, row.integer(5), row.text(6)};
}

std::vector<EndpointRow> SelectEndpoints(Session& session, const std::string& tail, std::span<const Value> values) {
  std::vector<EndpointRow> rows;
  session.Query("SELECT " + std::string(kEndpointColumns) + " FROM webhook_endpoints " + tail, kEndpointTypes, values,
                [&](const Row& row) { rows.push_back(ReadEndpoint(row)); });
  return rows;
}

std::vector<DeliveryRow> SelectDeliveries(Session& session, const std::string& tail, std::span<const Value> values) {
  std::vector<DeliveryRow> rows;
  session.Query("SELECT " + std::string(kDeliveryColumns) + " FROM webhook_deliveries d " + tail, kDeliveryTypes,
                values, [&](const Row& row) { rows.push_back(ReadDelivery(row)); });
  return rows;
}

std::optional<EndpointRow> First(std::vector<EndpointRow> rows) {
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

// The part of an event id before the first colon is its payment.
std::string PaymentOf(const std::string& event_id) { return event_id.substr(0, event_id.find(':')); }

}  // namespace

// ---- endpoints
// -------------------------------------------------------------------------------------------------------

std::string EndpointSecretPlace(const std::string& endpoint_id) { return "webhook_endpoints/secret/" + endpoint_id; }

void InsertEndpoint(Session& session, const EndpointRow& e) {
  static const InsertShape kShape("webhook_endpoints",
                                  "id, application_id, url, url_digest, source, enabled, disabled_reason, events, "
                                  "description, max_retries, retry_delay_s, timeout_s, sealed_secret, "
                                  "sealed_previous_secret, previous_until_ms, created_ms");
  const std::string digest = UrlDigest(e.url);
  const std::vector<Value> values = {e.id,
                                     e.application_id.value,
                                     e.url,
                                     digest,
                                     e.source,
                                     e.enabled,
                                     e.disabled_reason,
                                     e.events,
                                     e.description,
                                     OptionalNumber(e.max_retries),
                                     OptionalNumber(e.retry_delay_s),
                                     OptionalNumber(e.timeout_s),
                                     e.sealed_secret,
                                     e.sealed_previous_secret,
                                     e.previous_until_ms,
                                     e.created_ms};
  InsertRows(session, kShape, values);
}

std::optional<EndpointRow> FindEndpoint(Session& session, const std::string& id) {
  return First(FindEndpoints(session, {&id, 1}));
}

std::vector<EndpointRow> FindEndpoints(Session& session, std::span<const std::string> ids) {
  if (ids.empty()) return {};
  const std::vector<Value> values = FilledList(ids);
  return SelectEndpoints(session, "WHERE id IN (" + Placeholders(values.size()) + ")", values);
}

std::vector<EndpointRow> EndpointsOf(Session& session, domain::ApplicationId application,
                                     std::optional<std::string_view> source) {
  std::vector<Value> values = {application.value};
  if (source) values.push_back(*source);
  return SelectEndpoints(
      session, std::string("WHERE application_id = ?") + (source ? " AND source = ?" : "") + " ORDER BY id", values);
}

std::vector<EndpointRow> AllEndpoints(Session& session, std::string_view source) {
  const std::vector<Value> values = {source};
  return SelectEndpoints(session, "WHERE source = ? ORDER BY id", values);
}

std::vector<EndpointRow> SubscribedEndpoints(Session& session, std::span<const domain::ApplicationId> applications) {
  if (applications.empty()) return {};
  std::vector<Value> values;
  for (std::size_t i = 0; i < ListSize(applications.size()); ++i) {
    values.emplace_back(applications[std::min(i, applications.size() - 1)].value);
  }
  return SelectEndpoints(session,
                         "WHERE application_id IN (" + Placeholders(values.size()) +
                             ") AND source = 'configured' AND enabled = 1 ORDER BY id",
                         values);
}

std::optional<EndpointRow> FindEndpointByUrl(Session& session, domain::ApplicationId application,
                                             std::string_view source, const std::string& url) {
  const std::string digest = UrlDigest(url);
  const std::vector<Value> values = {application.value, source, digest};
  return First(SelectEndpoints(session, "WHERE application_id = ? AND source = ? AND url_digest = ?", values));
}

std::int64_t CountEndpoints(Session& session, domain::ApplicationId application, std::string_view source) {
  return session
      .QueryInteger("SELECT COUNT(*) FROM webhook_endpoints WHERE application_id = ? AND source = ?",
                    {application.value, source})
      .value_or(0);
}

bool LockApplication(Session& session, domain::ApplicationId application) {
  // Changes nothing: an UPDATE takes the row's lock on every engine.
  return session.Execute("UPDATE applications SET created_ms = created_ms WHERE id = ?", {application.value}) == 1;
}

bool UpdateEndpoint(Session& session, const EndpointRow& e) {
  const std::string digest = UrlDigest(e.url);
  return session.Execute(
             "UPDATE webhook_endpoints SET url = ?, url_digest = ?, enabled = ?, disabled_reason = ?, events = ?, "
             "description = ?, max_retries = ?, retry_delay_s = ?, timeout_s = ?, sealed_secret = ?, "
             "sealed_previous_secret = ?, previous_until_ms = ? WHERE id = ?",
             {e.url, digest, e.enabled, e.disabled_reason, e.events, e.description, OptionalNumber(e.max_retries),
              OptionalNumber(e.retry_delay_s), OptionalNumber(e.timeout_s), e.sealed_secret, e.sealed_previous_secret,
              e.previous_until_ms, e.id}) == 1;
}

bool DeleteEndpoint(Session& session, const std::string& id, std::int64_t now_ms) {
  if (session.Execute("DELETE FROM webhook_endpoints WHERE id = ?", {id}) != 1) return false;
  FailPending(session, id, kOutcomeEndpointDisabled, now_ms);
  return true;
}

std::int64_t FailPending(Session& session, const std::string& endpoint_id, std::string_view outcome,
                         std::int64_t now_ms) {
  return session.Execute(
      "UPDATE webhook_deliveries SET state = 'failed', outcome = ?, finished_ms = ?, lease_owner = '' WHERE "
      "endpoint_id = ? AND state = 'pending'",
      {outcome, now_ms, endpoint_id});
}

// ---- deliveries
// ------------------------------------------------------------------------------------------------------

void InsertDeliveries(Session& session, std::span<const DeliveryRow> deliveries) {
  static const InsertShape kShape("webhook_deliveries", kDeliveryColumns);
  std::vector<std::string> traces;
  traces.reserve(deliveries.size());
  std::vector<Value> values;
  values.reserve(deliveries.size() * kShape.width());
  for (const DeliveryRow& d : deliveries) {
    const std::string& trace = traces.emplace_back(base::StoredTrace(d.trace));
    values.insert(values.end(), {d.id, d.endpoint_id, d.application_id.value, d.h_id, d.status_version, d.state,
                                 d.due_ms, d.lease_owner, d.attempts, d.created_ms, d.expires_ms, d.finished_ms,
                                 d.outcome, OptionalText(trace)});
  }
  InsertRows(session, kShape, values);
}

std::optional<DeliveryRow> FindDelivery(Session& session, const std::string& id) {
  const std::vector<Value> values = {id};
  std::vector<DeliveryRow> found = SelectDeliveries(session, "WHERE id = ?", values);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<DeliveryRow> DeliveriesOf(Session& session, const std::string& h_id, std::int64_t status_version) {
  const std::vector<Value> values = {h_id, status_version};
  return SelectDeliveries(session, "WHERE h_id = ? AND status_version = ? ORDER BY id", values);
}

std::vector<std::pair<std::string, std::string>> FirstAttemptsWaiting(Session& session,
                                                                      std::span<const std::string> h_ids) {
  std::vector<std::pair<std::string, std::string>> waiting;
  if (h_ids.empty()) return waiting;
  const std::vector<Value> values = FilledList(h_ids);
  session.Query("SELECT h_id, endpoint_id FROM webhook_deliveries WHERE h_id IN (" + Placeholders(values.size()) +
                    ") AND state = 'pending' AND attempts = 0",
                "tt", values, [&](const Row& row) { waiting.emplace_back(row.text(0), row.text(1)); });
  return waiting;
}

std::vector<DeliveryRow> ListDeliveries(Session& session, const DeliveryFilter& filter) {
  std::string where = "WHERE created_ms >= ?";
  std::vector<Value> values = {filter.created_from_ms};
  const auto add = [&](const char* condition, Value value) {
    where += condition;
    values.push_back(value);
  };
  if (filter.application) add(" AND application_id = ?", filter.application->value);
  if (filter.endpoint_id) add(" AND endpoint_id = ?", *filter.endpoint_id);
  if (filter.h_id) add(" AND h_id = ?", *filter.h_id);
  if (filter.state) add(" AND state = ?", *filter.state);
  add(" ORDER BY id DESC LIMIT ?", filter.limit);
  return SelectDeliveries(session, where, values);
}

std::vector<std::string> EndpointsWithDue(Session& session, std::int64_t now_ms, const std::string& after, int limit,
                                          std::int64_t* oldest_due_ms) {
  std::vector<std::string> due;
  // One step of the index per endpoint, however many deliveries each has waiting.
  std::string at = after;
  while (static_cast<int>(due.size()) < limit) {
    const auto next = session.QueryText(
        "SELECT endpoint_id FROM webhook_deliveries WHERE state = 'pending' AND endpoint_id > ? ORDER BY endpoint_id "
        "LIMIT 1",
        {at});
    if (!next) break;
    at = *next;
    const auto earliest = session.QueryInteger(
        "SELECT due_ms FROM webhook_deliveries WHERE state = 'pending' AND endpoint_id = ? ORDER BY due_ms LIMIT 1",
        {at});
    if (!earliest || *earliest > now_ms) continue;
    due.push_back(at);
    if (oldest_due_ms != nullptr) *oldest_due_ms = std::min(*oldest_due_ms, *earliest);
  }
  return due;
}

std::int64_t CountPending(Session& session, std::int64_t limit) {
  // Steps of the index until there is one too many; only what is known to be few is counted.
  const auto beyond = session.QueryText(
      "SELECT endpoint_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1 OFFSET ?",
      {limit});
  if (beyond) return limit;
  return session.QueryInteger("SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'pending'").value_or(0);
}

std::vector<DeliveryRow> ClaimDeliveries(Session& session, const std::string& endpoint_id, std::int64_t now_ms,
                                         const std::string& owner, std::int64_t lease_until_ms, int limit) {
  const std::vector<Value> values = {endpoint_id, now_ms, limit};
  std::vector<DeliveryRow> due = SelectDeliveries(
      session,
      "WHERE state = 'pending' AND endpoint_id = ? AND due_ms <= ? AND NOT EXISTS (SELECT 1 FROM webhook_deliveries e "
      "WHERE e.h_id = d.h_id AND e.status_version < d.status_version AND e.endpoint_id = d.endpoint_id AND "
      "e.state = 'pending' AND e.attempts = 0) ORDER BY due_ms, id LIMIT ?",
      values);
  std::vector<DeliveryRow> claimed;
  for (DeliveryRow& d : due) {
    if (session.Execute("UPDATE webhook_deliveries SET due_ms = ?, lease_owner = ? WHERE id = ? AND state = 'pending' "
                        "AND due_ms = ? AND lease_owner = ?",
                        {lease_until_ms, owner, d.id, d.due_ms, d.lease_owner}) != 1) {
      continue;
    }
    d.due_ms = lease_until_ms;
    d.lease_owner = owner;
    claimed.push_back(std::move(d));
  }
  return claimed;
}

std::vector<ReadyDelivery> LoadReady(Session& session, std::span<const DeliveryRow> deliveries) {
  if (deliveries.empty()) return {};
  std::vector<std::string> endpoint_ids, h_ids;
  for (const DeliveryRow& d : deliveries) {
    endpoint_ids.push_back(d.endpoint_id);
    h_ids.push_back(d.h_id);
  }
  std::map<std::string, std::shared_ptr<const EndpointRow>> endpoints;
  for (EndpointRow& e : FindEndpoints(session, endpoint_ids)) {
    std::string id = e.id;
    endpoints.emplace(std::move(id), std::make_shared<const EndpointRow>(std::move(e)));
  }
  struct Event {
    EventRow row;
    base::Trace trace;  // its payment's
  };
  std::map<std::pair<std::string, std::int64_t>, Event> events;
  const std::vector<Value> values = FilledList(h_ids);
  session.Query(
      "SELECT e.h_id, e.status_version, e.event_id, e.event, e.application_id, e.created_ms, e.body, p.trace_context "
      "FROM events e LEFT JOIN payments p ON p.h_id = e.h_id WHERE e.h_id IN (" +
          Placeholders(values.size()) + ")",
      "tittiitt", values, [&](const Row& row) {
        Event event{ReadEvent(row), base::ParseStoredTrace(row.text(7))};
        events.emplace(std::pair(event.row.h_id, event.row.status_version), std::move(event));
      });
  std::vector<ReadyDelivery> ready;
  for (const DeliveryRow& d : deliveries) {
    const auto endpoint = endpoints.find(d.endpoint_id);
    const auto event = events.find({d.h_id, d.status_version});
    if (endpoint == endpoints.end() || event == events.end()) continue;
    const auto& [row, trace] = event->second;
    ready.push_back({d, endpoint->second, row.event_id, row.body, d.trace.given() ? d.trace : trace});
  }
  return ready;
}

void FailDelivery(Session& session, const std::string& id, const std::string& owner, std::string_view outcome,
                  std::int64_t now_ms) {
  session.Execute(
      "UPDATE webhook_deliveries SET state = 'failed', outcome = ?, finished_ms = ?, lease_owner = '' WHERE id = ? AND "
      "state = 'pending' AND lease_owner = ?",
      {outcome, now_ms, id, owner});
}

void ReleaseDeliveries(Session& session, std::span<const std::string> ids, const std::string& owner,
                       std::int64_t due_ms) {
  for (const std::string& id : ids) {
    session.Execute(
        "UPDATE webhook_deliveries SET due_ms = ?, lease_owner = '' WHERE id = ? AND state = 'pending' AND "
        "lease_owner = ?",
        {due_ms, id, owner});
  }
}

void RecordAttempts(Session& session, std::span<const AttemptEnd> ends, const std::string& owner) {
  static const InsertShape kShape("webhook_attempts",
                                  "delivery_id, attempt, started_ms, duration_ms, http_status, error, answer");
  if (ends.empty()) return;
  std::vector<std::string> ids;
  for (const AttemptEnd& end : ends) ids.push_back(end.attempt.delivery_id);
  // Attempts that are there already: an earlier run of this unit was committed after all, or the lease had run out and
  // somebody else has made the same attempt. That can be ourselves, while the first of the two waited to be recorded:
  // then both are in `ends`.
  std::set<std::pair<std::string, std::int64_t>> known;
  for (const AttemptRow& attempt : AttemptsOf(session, ids)) known.emplace(attempt.delivery_id, attempt.attempt);
  std::vector<Value> values;
  values.reserve(ends.size() * kShape.width());
  for (const AttemptEnd& end : ends) {
    const AttemptRow& a = end.attempt;
    if (!known.emplace(a.delivery_id, a.attempt).second) continue;
    values.insert(values.end(),
                  {a.delivery_id, a.attempt, a.started_ms, a.duration_ms, a.http_status, a.error, a.answer});
  }
  InsertRows(session, kShape, values);
  for (const AttemptEnd& end : ends) {
    session.Execute(
        "UPDATE webhook_deliveries SET state = ?, due_ms = ?, attempts = ?, outcome = ?, finished_ms = ?, "
        "lease_owner = '' WHERE id = ? AND state = 'pending' AND lease_owner = ?",
        {end.state, end.due_ms, end.attempt.attempt, end.outcome, end.finished_ms, end.attempt.delivery_id, owner});
  }
}

std::vector<AttemptRow> AttemptsOf(Session& session, std::span<const std::string> delivery_ids) {
  std::vector<AttemptRow> attempts;
  if (delivery_ids.empty()) return attempts;
  const std::vector<Value> values = FilledList(delivery_ids);
  session.Query(
      "SELECT delivery_id, attempt, started_ms, duration_ms, http_status, error, answer FROM webhook_attempts WHERE "
      "delivery_id IN (" +
          Placeholders(values.size()) + ") ORDER BY delivery_id, attempt",
      "tiiiitt", values, [&](const Row& row) {
        attempts.push_back(
            {row.text(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.text(5), row.text(6)});
      });
  return attempts;
}

// ---- events
// ----------------------------------------------------------------------------------------------------------

std::vector<EventRow> ListEvents(Session& session, const EventFilter& filter) {
  std::string where = "WHERE application_id = ? AND created_ms >= ? AND created_ms < ?";
  std::vector<Value> values = {filter.application.value, filter.from_ms, filter.to_ms};
  if (filter.type) {
    where += " AND event = ?";
    values.push_back(*filter.type);
  }
  if (filter.h_id) {
    where += " AND h_id = ?";
    values.push_back(*filter.h_id);
  }
  if (filter.after) {
    const EventFilter::Place& at = *filter.after;
    where += " AND (created_ms < ? OR (created_ms = ? AND (h_id < ? OR (h_id = ? AND status_version < ?))))";
    values.insert(values.end(), {at.created_ms, at.created_ms, at.h_id, at.h_id, at.status_version});
  }
  where += " ORDER BY created_ms DESC, h_id DESC, status_version DESC LIMIT ?";
  values.emplace_back(filter.limit);
  std::vector<EventRow> events;
  session.Query("SELECT " + std::string(kEventColumns) + " FROM events " + where, kEventTypes, values,
                [&](const Row& row) { events.push_back(ReadEvent(row)); });
  return events;
}

std::optional<EventRow> FindEvent(Session& session, domain::ApplicationId application, const std::string& event_id) {
  std::optional<EventRow> found;
  const std::string h_id = PaymentOf(event_id);
  session.Query(
      "SELECT " + std::string(kEventColumns) + " FROM events WHERE h_id = ? AND event_id = ? AND application_id = ?",
      kEventTypes, {h_id, event_id, application.value}, [&](const Row& row) { found = ReadEvent(row); });
  return found;
}

// ---- nonces
// ----------------------------------------------------------------------------------------------------------

std::optional<std::int64_t> NonceExpiry(Session& session, domain::ApplicationId application, const std::string& nonce) {
  return session.QueryInteger("SELECT expires_ms FROM call_nonces WHERE application_id = ? AND nonce = ?",
                              {application.value, nonce});
}

bool UseNonce(Session& session, domain::ApplicationId application, const std::string& nonce, std::int64_t now_ms,
              std::int64_t expires_ms) {
  const auto known = NonceExpiry(session, application, nonce);
  if (!known) {
    // Two at once: the unique key lets one in, and the other's unit runs again and finds it.
    session.Execute("INSERT INTO call_nonces (application_id, nonce, expires_ms) VALUES (?, ?, ?)",
                    {application.value, nonce, expires_ms});
    return true;
  }
  return *known < now_ms && session.Execute(
                                "UPDATE call_nonces SET expires_ms = ? WHERE application_id = ? AND "
                                "nonce = ? AND expires_ms = ?",
                                {expires_ms, application.value, nonce, *known}) == 1;
}

}  // namespace multihub::storage
