#include "multihub/webhooks/webhook_object.h"

#include <algorithm>
#include <optional>

#include "multihub/base/clock.h"
#include "multihub/base/utf8.h"
#include "multihub/domain/event_names.h"

namespace multihub::webhooks {
namespace {

using base::JsonWriter;

void AppendOptional(JsonWriter* json, std::string_view key, std::optional<std::int64_t> number) {
  json->Key(key);
  if (number) {
    json->Int(*number);
  } else {
    json->Null();
  }
}

void AppendOptional(JsonWriter* json, std::string_view key, std::string_view text) {
  json->Key(key);
  if (text.empty()) {
    json->Null();
  } else {
    json->String(text);
  }
}

// 0: null.
void AppendMoment(JsonWriter* json, std::string_view key, base::UnixMs at_ms) {
  AppendOptional(json, key, at_ms == 0 ? std::string() : base::FormatIso8601(at_ms));
}

void AppendApplication(JsonWriter* json, View view, domain::ApplicationId application) {
  if (view == View::kOperator) json->Key("application_id").Int(application.value);
}

void AppendClientId(JsonWriter* json, const domain::ClientId& c_id) {
  json->Key("c_id");
  if (c_id.text.empty()) {
    json->Null();
  } else if (c_id.numeric) {
    json->Raw(c_id.text);
  } else {
    json->String(c_id.text);
  }
}

void BeginEvent(JsonWriter* json, const ListedEvent& listed, View view) {
  const storage::EventRow& event = listed.event;
  json->BeginObject().Key("id").String(event.event_id);
  AppendApplication(json, view, event.application_id);
  json->Key("event").String(event.event).Key("h_id").String(event.h_id);
  AppendClientId(json, listed.c_id);
  json->Key("status_version").Int(event.status_version);
  AppendMoment(json, "created_at", event.created_ms);
}

void BeginDelivery(JsonWriter* json, const storage::DeliveryRow& row, View view) {
  const bool pending = row.state == storage::kPending;
  json->BeginObject().Key("id").String(row.id);
  AppendApplication(json, view, row.application_id);
  json->Key("webhook_id").String(row.endpoint_id).Key("h_id").String(row.h_id);
  json->Key("status_version").Int(row.status_version).Key("state").String(row.state);
  AppendOptional(json, "outcome", row.outcome);
  json->Key("attempt_count").Int(row.attempts);
  AppendMoment(json, "next_attempt_at", pending ? row.due_ms : 0);
  AppendMoment(json, "created_at", row.created_ms);
  AppendMoment(json, "expires_at", row.expires_ms);
  AppendMoment(json, "finished_at", row.finished_ms);
}

// Bytes of the character that begins there; 0 when none does.
std::size_t CharacterLength(std::string_view text) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t length = 1; length <= std::min(kLongest, text.size()); ++length) {
    if (base::IsValidUtf8(text.substr(0, length))) return length;
  }
  return 0;
}

bool IsShowable(std::string_view character) {
  return character == "\n" || character == "\r" || character == "\t" || !base::HasControlCharacters(character);
}

}  // namespace

void AppendEndpoint(JsonWriter* json, const storage::EndpointRow& row, View view, const base::SecretString* secret) {
  json->BeginObject().Key("id").String(row.id);
  AppendApplication(json, view, row.application_id);
  json->Key("url").String(row.url).Key("source").String(row.source).Key("enabled").Bool(row.enabled);
  AppendOptional(json, "disabled_reason", row.disabled_reason);
  json->Key("events").BeginArray();
  for (const std::string& name : NamesOf(row.events)) json->String(name);
  json->EndArray().Key("description").String(row.description);
  AppendOptional(json, "max_retries", row.max_retries);
  AppendOptional(json, "retry_delay_seconds", row.retry_delay_s);
  AppendOptional(json, "timeout_seconds", row.timeout_s);
  AppendMoment(json, "created_at", row.created_ms);
  if (secret != nullptr) json->Key("secret").String(secret->Reveal());
  json->EndObject();
}

void AppendEvent(JsonWriter* json, const ListedEvent& listed, View view) {
  BeginEvent(json, listed, view);
  json->EndObject();
}

void AppendEvent(JsonWriter* json, const EventDetail& detail, View view) {
  BeginEvent(json, detail.listed, view);
  json->Key("body").Raw(detail.listed.event.body).Key("deliveries").BeginArray();
  for (const DeliveryDetail& delivery : detail.deliveries) AppendDelivery(json, delivery, view);
  json->EndArray().EndObject();
}

void AppendDelivery(JsonWriter* json, const storage::DeliveryRow& row, View view) {
  BeginDelivery(json, row, view);
  json->EndObject();
}

void AppendDelivery(JsonWriter* json, const DeliveryDetail& detail, View view) {
  BeginDelivery(json, detail.row, view);
  json->Key("attempts").BeginArray();
  for (const storage::AttemptRow& attempt : detail.attempts) AppendAttempt(json, attempt);
  json->EndArray().EndObject();
}

void AppendAttempt(JsonWriter* json, const storage::AttemptRow& attempt) {
  json->BeginObject().Key("attempt").Int(attempt.attempt);
  AppendMoment(json, "started_at", attempt.started_ms);
  json->Key("duration_ms").Int(attempt.duration_ms);
  AppendOptional(json, "http_status",
                 attempt.http_status == 0 ? std::nullopt : std::optional<std::int64_t>(attempt.http_status));
  AppendOptional(json, "error", attempt.error);
  json->Key("answer").String(ShowableText(attempt.answer)).EndObject();
}

std::vector<std::string> NamesOf(std::string_view filter) {
  std::vector<std::string> names;
  while (!filter.empty()) {
    const std::size_t end = filter.find(',');
    names.emplace_back(filter.substr(0, end));
    filter.remove_prefix(end == std::string_view::npos ? filter.size() : end + 1);
  }
  return names;
}

std::string ShowableText(std::string_view answer) {
  std::string text;
  text.reserve(answer.size());
  while (!answer.empty()) {
    const std::size_t length = CharacterLength(answer);
    const std::string_view character = answer.substr(0, length);
    text.append(length > 0 && IsShowable(character) ? character : std::string_view("\xEF\xBF\xBD"));
    answer.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

}  // namespace multihub::webhooks
