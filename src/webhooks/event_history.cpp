#include "multihub/webhooks/event_history.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>
#include <utility>

#include "multihub/base/encoding.h"
#include "multihub/base/ids.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/base/utf8.h"
#include "multihub/storage/payment_store.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/retry_schedule.h"
#include "webhooks/unit_rules.h"

namespace multihub::webhooks {
namespace {

using domain::Payment;
using errors::Code;
using storage::DeliveryRow;
using storage::EndpointRow;
using storage::EventRow;
using Place = storage::EventFilter::Place;
using Deliveries = errors::Outcome<std::vector<DeliveryRow>>;

constexpr int kPageOfKeys = 500;
constexpr std::size_t kPaymentsAtOnce = 64;

base::Failure<errors::Refusal> Unknown() { return base::Fail(errors::Refuse(Code::kPaymentNotFound)); }
base::Failure<errors::Refusal> NoEndpoint() { return base::Fail(errors::Refuse(Code::kNoCallbackUrl)); }

std::optional<Payment> FindPayment(storage::Session& session, const std::string& h_id) {
  auto found = storage::FindByIds(session, {&h_id, 1});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::map<std::string, Payment> FindPayments(storage::Session& session, std::vector<std::string> h_ids) {
  std::sort(h_ids.begin(), h_ids.end());
  h_ids.erase(std::unique(h_ids.begin(), h_ids.end()), h_ids.end());
  std::map<std::string, Payment> found;
  for (std::size_t begin = 0; begin < h_ids.size(); begin += kPaymentsAtOnce) {
    const std::size_t count = std::min(kPaymentsAtOnce, h_ids.size() - begin);
    for (Payment& payment : storage::FindByIds(session, std::span(h_ids).subspan(begin, count))) {
      std::string h_id = payment.h_id;
      found.emplace(std::move(h_id), std::move(payment));
    }
  }
  return found;
}

template <typename Number>
bool ParseDecimal(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0;
}

// The event of that id, and its application's when a merchant asks.
std::optional<EventRow> FindStoredEvent(storage::Session& session, std::optional<domain::ApplicationId> merchant,
                                        const std::string& event_id) {
  if (merchant) return storage::FindEvent(session, *merchant, event_id);
  for (EventRow& event : storage::EventsOf(session, event_id.substr(0, event_id.find(':')))) {
    if (event.event_id == event_id) return std::move(event);
  }
  return std::nullopt;
}

// Where the events of one application are to go again.
class Targets {
 public:
  Targets(const Unit& unit, domain::ApplicationId application, base::Random& random)
      : session_(unit.session), now_ms_(unit.now_ms), application_(application), random_(random) {}

  // To this endpoint only. False: the application has none of that id.
  bool Choose(const std::string& endpoint_id) {
    auto row = storage::FindEndpoint(session_, endpoint_id);
    if (!row || row->application_id != application_) return false;
    chosen_ = std::move(row);
    return true;
  }
  void ChooseAll() { configured_ = storage::SubscribedEndpoints(session_, {&application_, 1}); }

  // Whether the chosen endpoint may hear of this payment at all.
  bool Knows(const Payment& payment) const {
    return !chosen_ || chosen_->source == storage::kSourceConfigured || chosen_->url == payment.webhook_url;
  }

  // The enabled ones. One that is named by a payment and not stored yet is in `to_store_` as well.
  std::vector<EndpointRow> Of(const Payment& payment) {
    std::vector<EndpointRow> rows;
    if (chosen_) {
      rows.push_back(*chosen_);
    } else {
      rows = configured_;
      const bool own_is_configured =
          std::any_of(rows.begin(), rows.end(), [&](const EndpointRow& row) { return row.url == payment.webhook_url; });
      if (!payment.webhook_url.empty() && !own_is_configured) rows.push_back(OwnOf(payment));
    }
    std::erase_if(rows, [](const EndpointRow& row) { return !row.enabled; });
    return rows;
  }

  void StoreNew() {
    for (const EndpointRow& row : to_store_) storage::InsertEndpoint(session_, row);
  }

 private:
  const EndpointRow& OwnOf(const Payment& payment) {
    const auto known = own_.find(payment.webhook_url);
    if (known != own_.end()) return known->second;
    auto row = storage::FindEndpointByUrl(session_, application_, storage::kSourceInRequest, payment.webhook_url);
    if (!row) {
      row.emplace();
      row->id = "wh_" + base::NewUlid(now_ms_, random_);
      row->application_id = application_;
      row->url = payment.webhook_url;
      row->source = storage::kSourceInRequest;
      row->created_ms = now_ms_;
      to_store_.push_back(*row);
    }
    return own_.emplace(payment.webhook_url, *std::move(row)).first->second;
  }

  storage::Session& session_;
  const base::UnixMs now_ms_;
  const domain::ApplicationId application_;
  base::Random& random_;
  std::optional<EndpointRow> chosen_;
  std::vector<EndpointRow> configured_;
  std::map<std::string, EndpointRow> own_;  // by URL
  std::vector<EndpointRow> to_store_;
};

DeliveryRow MakeDelivery(const Unit& unit, const EventKey& event, const EndpointRow& endpoint, base::Random& random) {
  DeliveryRow row;
  row.id = "dlv_" + base::NewUlid(unit.now_ms, random);
  row.endpoint_id = endpoint.id;
  row.application_id = endpoint.application_id;
  row.h_id = event.h_id;
  row.status_version = event.status_version;
  row.due_ms = row.created_ms = unit.now_ms;
  row.expires_ms = unit.now_ms + ExpiryMs(endpoint);
  row.trace = unit.trace;
  return row;
}

// Decides, then writes. `skip`: an event without an endpoint is passed over and no refusal.
Deliveries Queue(const Unit& unit, domain::ApplicationId application, std::span<const EventKey> events,
                 const std::optional<std::string>& endpoint_id, bool skip, base::Random& random) {
  storage::LockApplication(unit.session, application);
  Targets targets(unit, application, random);
  if (!endpoint_id) {
    targets.ChooseAll();
  } else if (!targets.Choose(*endpoint_id)) {
    return Unknown();
  }
  std::vector<std::string> h_ids;
  for (const EventKey& event : events) h_ids.push_back(event.h_id);
  const std::map<std::string, Payment> payments = FindPayments(unit.session, std::move(h_ids));
  std::vector<DeliveryRow> rows;
  for (const EventKey& event : events) {
    const auto payment = payments.find(event.h_id);
    if (payment == payments.end() || !targets.Knows(payment->second)) {
      if (skip) continue;
      return Unknown();
    }
    for (const EndpointRow& endpoint : targets.Of(payment->second)) {
      rows.push_back(MakeDelivery(unit, event, endpoint, random));
    }
  }
  if (rows.empty() && !skip) return NoEndpoint();
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  targets.StoreNew();
  if (base::SeededFault("replay-not-queued")) return rows;
  storage::InsertDeliveries(unit.session, rows);
  return rows;
}

}  // namespace

// ---- events ----

EventPage PageOfEvents(storage::Session& session, const EventQuery& query) {
  storage::EventFilter filter;
  filter.application = query.application;
  filter.type = query.type;
  filter.h_id = query.h_id;
  filter.from_ms = query.from_ms;
  filter.to_ms = query.to_ms;
  if (!base::SeededFault("event-cursor-ignored")) filter.after = query.after;
  filter.limit = query.limit + 1;
  if (query.c_id) {
    const storage::ClientKey key{query.application, *query.c_id};
    const auto found = storage::FindByClientKeys(session, {&key, 1});
    if (found.empty() || (query.h_id && *query.h_id != found.front().h_id)) return {};
    filter.h_id = found.front().h_id;
  }
  std::vector<EventRow> events = storage::ListEvents(session, filter);
  EventPage page;
  if (events.size() > static_cast<std::size_t>(query.limit)) {
    events.pop_back();
    page.next = Place{events.back().created_ms, events.back().h_id, events.back().status_version};
  }
  std::vector<std::string> h_ids;
  for (const EventRow& event : events) h_ids.push_back(event.h_id);
  const std::map<std::string, Payment> payments = FindPayments(session, std::move(h_ids));
  for (EventRow& event : events) {
    const auto payment = payments.find(event.h_id);
    page.events.push_back({std::move(event), payment == payments.end() ? domain::ClientId{} : payment->second.c_id});
  }
  return page;
}

std::string CursorOf(const Place& place) {
  const std::string text =
      std::to_string(place.created_ms) + ":" + std::to_string(place.status_version) + ":" + place.h_id;
  return base::Base64Encode(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::optional<Place> ParseCursor(std::string_view cursor) {
  constexpr std::size_t kLongest = 256;
  if (cursor.size() > kLongest) return std::nullopt;
  const auto bytes = base::Base64Decode(cursor);
  if (!bytes) return std::nullopt;
  const std::string text(bytes->begin(), bytes->end());
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  if (second == std::string::npos || !base::IsValidUtf8(text)) return std::nullopt;
  Place place;
  const std::string_view view = text;
  if (!ParseDecimal(view.substr(0, first), &place.created_ms)) return std::nullopt;
  if (!ParseDecimal(view.substr(first + 1, second - first - 1), &place.status_version)) return std::nullopt;
  place.h_id = text.substr(second + 1);
  if (place.h_id.empty()) return std::nullopt;
  return place;
}

errors::Outcome<EventDetail> DetailOfEvent(storage::Session& session, std::optional<domain::ApplicationId> merchant,
                                           const std::string& event_id) {
  auto event = FindStoredEvent(session, merchant, event_id);
  if (!event) return Unknown();
  EventDetail detail;
  std::vector<DeliveryRow> rows = storage::DeliveriesOf(session, event->h_id, event->status_version);
  if (rows.size() > kMaxDeliveriesShown) {
    rows.erase(rows.begin(), std::prev(rows.end(), static_cast<std::ptrdiff_t>(kMaxDeliveriesShown)));
  }
  std::vector<std::string> ids;
  std::map<std::string, std::size_t> places;
  for (DeliveryRow& row : rows) {
    places.emplace(row.id, ids.size());
    ids.push_back(row.id);
    detail.deliveries.push_back({std::move(row), {}});
  }
  for (storage::AttemptRow& attempt : storage::AttemptsOf(session, ids)) {
    detail.deliveries[places.at(attempt.delivery_id)].attempts.push_back(std::move(attempt));
  }
  const auto payment = FindPayment(session, event->h_id);
  detail.listed = {*std::move(event), payment ? payment->c_id : domain::ClientId{}};
  return detail;
}

std::optional<DeliveryDetail> DetailOfDelivery(storage::Session& session, const std::string& delivery_id) {
  auto row = storage::FindDelivery(session, delivery_id);
  if (!row) return std::nullopt;
  return DeliveryDetail{*std::move(row), storage::AttemptsOf(session, {&delivery_id, 1})};
}

// ---- replays ----

Deliveries ReplayEvent(const Unit& unit, const std::string& event_id, const std::optional<std::string>& endpoint_id,
                       base::Random& random) {
  const auto event = FindStoredEvent(unit.session, unit.merchant, event_id);
  if (!event) return Unknown();
  const EventKey key{event->h_id, event->status_version};
  return Queue(unit, event->application_id, {&key, 1}, endpoint_id, false, random);
}

Deliveries ReplayPayment(const Unit& unit, const std::string& h_id, const std::optional<std::string>& endpoint_id,
                         base::Random& random) {
  const auto payment = FindPayment(unit.session, h_id);
  if (!payment || (unit.merchant && payment->application_id != *unit.merchant)) return Unknown();
  std::vector<EventKey> keys;
  for (const EventRow& event : storage::EventsOf(unit.session, h_id)) keys.push_back({h_id, event.status_version});
  std::reverse(keys.begin(), keys.end());
  return Queue(unit, payment->application_id, keys, endpoint_id, false, random);
}

std::vector<EventKey> EventsBetween(storage::Session& session, domain::ApplicationId application, base::UnixMs from_ms,
                                    base::UnixMs to_ms) {
  storage::EventFilter filter;
  filter.application = application;
  filter.from_ms = from_ms;
  filter.to_ms = to_ms;
  filter.limit = kPageOfKeys;
  std::vector<EventKey> keys;
  for (;;) {
    const std::vector<EventRow> page = storage::ListEvents(session, filter);
    for (const EventRow& event : page) keys.push_back({event.h_id, event.status_version});
    if (page.size() < static_cast<std::size_t>(kPageOfKeys)) break;
    filter.after = Place{page.back().created_ms, page.back().h_id, page.back().status_version};
  }
  std::reverse(keys.begin(), keys.end());
  return keys;
}

Deliveries ReplayEvents(const Unit& unit, domain::ApplicationId application, std::span<const EventKey> events,
                        const std::optional<std::string>& endpoint_id, base::Random& random) {
  return Queue(unit, application, events, endpoint_id, true, random);
}

Deliveries ReplayDelivery(const Unit& unit, const std::string& delivery_id, base::Random& random) {
  const auto row = storage::FindDelivery(unit.session, delivery_id);
  if (!row || (unit.merchant && row->application_id != *unit.merchant)) return Unknown();
  if (!storage::FindEndpoint(unit.session, row->endpoint_id)) return NoEndpoint();
  const EventKey key{row->h_id, row->status_version};
  return Queue(unit, row->application_id, {&key, 1}, row->endpoint_id, false, random);
}

}  // namespace multihub::webhooks
