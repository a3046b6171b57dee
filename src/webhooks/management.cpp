#include "multihub/webhooks/management.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "multihub/base/check.h"
#include "multihub/base/ids.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/base/utf8.h"
#include "multihub/domain/event_names.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/retry_schedule.h"
#include "multihub/webhooks/signature.h"
#include "webhooks/unit_rules.h"

namespace multihub::webhooks {
namespace {

using errors::Code;
using storage::EndpointRow;

constexpr std::string_view kByMerchant = "merchant";
constexpr std::string_view kByOperator = "operator";

errors::Refusal UrlTaken() {
  return errors::Invalid("params.url", "params.url is the URL of another webhook of this application");
}

errors::Refusal TooManyEndpoints() {
  errors::Refusal refusal = errors::Refuse(Code::kLimitExceeded);
  base::JsonWriter(&refusal.context).BeginObject().Key("max").Int(kMaxEndpoints).EndObject();
  return refusal;
}

bool IsConfigured(const EndpointRow& row) { return row.source == storage::kSourceConfigured; }

// Locks the endpoint's application; the row as it is from then on.
errors::Outcome<EndpointRow> LockEndpoint(const Unit& unit, const std::string& id) {
  auto seen = GetEndpoint(unit.session, unit.merchant, id);
  if (!seen) return seen;
  storage::LockApplication(unit.session, seen->application_id);
  return GetEndpoint(unit.session, unit.merchant, id);
}

// The same for a change that merchants may make to configured endpoints only.
errors::Outcome<EndpointRow> LockChangeable(const Unit& unit, const std::string& id) {
  auto row = LockEndpoint(unit, id);
  if (row && unit.merchant && !IsConfigured(*row)) return base::Fail(errors::Refuse(Code::kPaymentNotFound));
  return row;
}

errors::Outcome<EndpointRow> LockConfigured(const Unit& unit, const std::string& id) {
  auto row = LockEndpoint(unit, id);
  if (row && !IsConfigured(*row)) return base::Fail(errors::Refuse(Code::kPaymentNotFound));
  return row;
}

void Apply(const EndpointSettings& settings, EndpointRow* row) {
  if (settings.url) row->url = *settings.url;
  if (settings.events) row->events = *settings.events;
  if (settings.description) row->description = *settings.description;
  if (settings.max_retries) row->max_retries = settings.max_retries;
  if (settings.retry_delay_s) row->retry_delay_s = settings.retry_delay_s;
  if (settings.timeout_s) row->timeout_s = settings.timeout_s;
}

bool IsUrlTaken(storage::Session& session, const EndpointRow& row) {
  const auto other = storage::FindEndpointByUrl(session, row.application_id, storage::kSourceConfigured, row.url);
  return other && other->id != row.id;
}

// A deposit nobody made. It is not final, so that a receiver that looks no closer credits nothing.
void AppendSamplePayment(base::JsonWriter* json) {
  constexpr std::string_view kMoment = "2026-01-01T00:00:00.000Z";
  json->BeginObject();
  json->Key("amount").BeginObject().Key("value").Int(1000).Key("currency").String("INR").EndObject();
  json->Key("identifiers").BeginObject().Key("c_id").String("webhook-test");
  json->Key("h_id").String("pay_00000000000000000000000000").EndObject();
  json->Key("status").BeginObject().Key("status").String("created").Key("final").Bool(false);
  json->Key("success").Null().Key("error").Null().EndObject();
  json->Key("status_version").Int(1);
  json->Key("timestamps").BeginObject().Key("created").String(kMoment).Key("updated").String(kMoment);
  json->Key("finished").Null().EndObject();
  json->Key("destination").String("in").Key("service_id").Int(1);
  json->Key("receiver").BeginObject().EndObject().Key("operations").BeginArray().EndArray();
  json->EndObject();
}

}  // namespace

// ---- settings ----

std::string RuleOf(const Bounds& bounds) {
  return "must be a whole number from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max);
}

bool IsWithin(const Bounds& bounds, std::int64_t value) { return value >= bounds.min && value <= bounds.max; }

bool IsEndpointDescription(std::string_view text) {
  return base::IsValidUtf8(text) && base::CountUtf8Characters(text) <= kMaxEndpointDescription &&
         !base::HasControlCharacters(text);
}

std::optional<std::string> SubscriptionOf(std::span<const std::string> names) {
  if (names.empty()) return std::nullopt;
  if (names.size() == 1 && names.front() == domain::kEveryEvent) return std::string(domain::kEveryEvent);
  if (!std::all_of(names.begin(), names.end(), domain::IsKnownEvent)) return std::nullopt;
  return domain::JoinFilter(names);
}

// ---- endpoints ----

EndpointWithSecret MakeEndpoint(domain::ApplicationId application, const EndpointSettings& settings,
                                const base::MasterKey& key, base::UnixMs now_ms, base::Random& random) {
  MULTIHUB_CHECK(settings.url.has_value());
  EndpointWithSecret made;
  made.row.id = "wh_" + base::NewUlid(now_ms, random);
  made.row.application_id = application;
  made.row.source = storage::kSourceConfigured;
  made.row.events = domain::DefaultSubscription();
  made.row.created_ms = now_ms;
  Apply(settings, &made.row);
  SealedSecret secret = MakeSecret(made.row.id, key, random);
  made.row.sealed_secret = std::move(secret.sealed);
  made.secret = std::move(secret.secret);
  return made;
}

errors::Outcome<EndpointRow> CreateEndpoint(const Unit& unit, const EndpointRow& made) {
  storage::Session& session = unit.session;
  if (!storage::LockApplication(session, made.application_id)) {
    return base::Fail(errors::Refuse(Code::kPaymentNotFound));
  }
  if (storage::FindEndpoint(session, made.id)) return made;
  if (IsUrlTaken(session, made)) return base::Fail(UrlTaken());
  if (storage::CountEndpoints(session, made.application_id, storage::kSourceConfigured) >= kMaxEndpoints) {
    return base::Fail(TooManyEndpoints());
  }
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  storage::InsertEndpoint(session, made);
  return made;
}

errors::Outcome<EndpointRow> ChangeEndpoint(const Unit& unit, const std::string& id, const EndpointSettings& settings) {
  auto row = LockConfigured(unit, id);
  if (!row) return row;
  EndpointRow changed = std::move(row).value();
  Apply(settings, &changed);
  if (IsUrlTaken(unit.session, changed)) return base::Fail(UrlTaken());
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  if (base::SeededFault("webhook-update-forgotten")) return changed;
  storage::UpdateEndpoint(unit.session, changed);
  return changed;
}

errors::Outcome<EndpointRow> RemoveEndpoint(const Unit& unit, const std::string& id) {
  auto row = LockChangeable(unit, id);
  if (!row) return row;
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  storage::DeleteEndpoint(unit.session, id, unit.now_ms);
  return row;
}

errors::Outcome<EndpointRow> SwitchEndpoint(const Unit& unit, const std::string& id, bool enabled) {
  auto found = LockChangeable(unit, id);
  if (!found) return found;
  EndpointRow row = std::move(found).value();
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  if (row.enabled != enabled) {
    row.enabled = enabled;
    row.disabled_reason = enabled ? std::string_view() : unit.merchant ? kByMerchant : kByOperator;
    storage::UpdateEndpoint(unit.session, row);
  }
  if (!enabled) storage::FailPending(unit.session, id, storage::kOutcomeEndpointDisabled, unit.now_ms);
  return row;
}

SealedSecret MakeSecret(const std::string& endpoint_id, const base::MasterKey& key, base::Random& random) {
  SealedSecret made;
  made.secret = NewEndpointSecret(random);
  made.sealed = base::Seal(key, storage::EndpointSecretPlace(endpoint_id), made.secret.Reveal(), random);
  return made;
}

errors::Outcome<EndpointRow> RotateEndpointSecret(const Unit& unit, const std::string& id, const std::string& sealed) {
  auto found = LockConfigured(unit, id);
  if (!found || found->sealed_secret == sealed) return found;
  EndpointRow row = std::move(found).value();
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  row.sealed_previous_secret = std::move(row.sealed_secret);
  row.previous_until_ms = unit.now_ms + kPreviousSecretMs;
  row.sealed_secret = sealed;
  if (base::SeededFault("rotated-secret-not-used")) return row;
  storage::UpdateEndpoint(unit.session, row);
  return row;
}

std::vector<EndpointRow> ListEndpoints(storage::Session& session, domain::ApplicationId application,
                                       std::string_view source) {
  std::vector<EndpointRow> rows = storage::EndpointsOf(session, application, source);
  if (rows.size() > kMaxListed) {
    rows.erase(rows.begin(), std::prev(rows.end(), static_cast<std::ptrdiff_t>(kMaxListed)));
  }
  return rows;
}

errors::Outcome<EndpointRow> GetEndpoint(storage::Session& session, std::optional<domain::ApplicationId> merchant,
                                         const std::string& id) {
  auto row = storage::FindEndpoint(session, id);
  if (base::SeededFault("others-endpoints-shown") && row) return *std::move(row);
  if (!row || (merchant && row->application_id != *merchant)) {
    return base::Fail(errors::Refuse(Code::kPaymentNotFound));
  }
  return *std::move(row);
}

// ---- tests ----

errors::Outcome<EndpointRow> EndpointToTest(const Unit& unit, const std::string& id) {
  auto found = LockChangeable(unit, id);
  if (!found) return found;
  if (auto refusal = RefusedBeforeWriting(unit)) return base::Fail(*std::move(refusal));
  return found;
}

OutgoingWebhook MakeTest(const EndpointRow& endpoint, domain::MerchantId merchant, base::UnixMs now_ms,
                         base::Random& random) {
  OutgoingWebhook webhook;
  EndpointRow hurried = endpoint;
  hurried.timeout_s = std::min(endpoint.timeout_s.value_or(kDefaultTimeoutS), kTestTimeoutS);
  webhook.endpoint = std::make_shared<const EndpointRow>(std::move(hurried));
  webhook.event_id = "test_" + base::NewUlid(now_ms, random) + ":" + std::string(domain::kWebhookTest);
  base::JsonWriter json(&webhook.body);
  json.BeginObject().Key("id").String(webhook.event_id).Key("created_at").String(base::FormatIso8601(now_ms));
  json.Key("data").BeginObject().Key("next").Null().Key("result").BeginObject().Key("payment");
  AppendSamplePayment(&json);
  json.EndObject().Key("success").Bool(true).Key("request_id").String(base::NewUuid(random));
  json.Key("processing_time").Int(0).EndObject();
  json.Key("merchant_id").String(std::to_string(merchant.value)).EndObject();
  webhook.trace = base::BeginTrace(random);
  return webhook;
}

storage::AttemptRow AttemptOf(const SentAttempt& sent) {
  storage::AttemptRow attempt;
  attempt.attempt = 1;
  attempt.started_ms = sent.started_ms;
  attempt.duration_ms = sent.answer.duration_ms;
  attempt.http_status = sent.answer.status;
  attempt.error = net::NameOf(sent.answer.error);
  if (sent.answer.error != net::CallError::kRefusedTarget) attempt.answer = sent.answer.body;
  return attempt;
}

}  // namespace multihub::webhooks
