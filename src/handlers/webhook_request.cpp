#include "handlers/webhook_request.h"

#include <algorithm>
#include <utility>

#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::handlers {
namespace {

constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999
constexpr std::size_t kShortestNonce = 8;
constexpr std::size_t kLongestNonce = 64;

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "1777593600" or "1777593600.125"
std::optional<base::UnixMs> ParseSeconds(std::string_view text) {
  constexpr std::size_t kMostDigits = 12;
  constexpr std::size_t kMilliDigits = 3;
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string fraction(point == std::string_view::npos ? "0" : text.substr(point + 1));
  if (!IsDigits(whole) || whole.size() > kMostDigits || !IsDigits(fraction)) return std::nullopt;
  fraction.resize(kMilliDigits, '0');
  const std::int64_t seconds = std::stoll(std::string(whole));
  if (seconds > kLastSecond) return std::nullopt;
  return seconds * 1000 + std::stoll(fraction);
}

std::optional<base::UnixMs> ParseNumber(std::string_view text) {
  const base::WholeNumber number = base::ParseWholeNumber(text);
  if (number.kind == base::WholeNumber::Kind::kInRange) {
    if (number.value < 0 || number.value > kLastSecond) return std::nullopt;
    return number.value * 1000;
  }
  return ParseSeconds(text);
}

std::optional<base::UnixMs> ParseMoment(const base::JsonValue& value) {
  if (value.is_number()) return ParseNumber(value.number_text());
  if (!value.is_string()) return std::nullopt;
  if (const auto seconds = ParseSeconds(value.string())) return seconds;
  base::UnixMs at_ms = 0;
  if (!base::ParseIso8601(std::string(value.string()), &at_ms)) return std::nullopt;
  return at_ms;
}

bool IsNonce(std::string_view text) {
  return text.size() >= kShortestNonce && text.size() <= kLongestNonce &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void CheckIssuedAt(RequestFields* fields, const Branch& params, base::UnixMs now_ms) {
  const std::optional<base::UnixMs> issued_ms = OptionalMoment(fields, params, "issued_at");
  if (!issued_ms) return fields->Refuse(params, "issued_at", "is required: the time of the call");
  if (*issued_ms < now_ms - webhooks::kIssuedWithinMs || *issued_ms > now_ms + webhooks::kIssuedWithinMs) {
    fields->Refuse(params, "issued_at", "must be within 300 seconds of the gateway's time");
  }
}

std::string ReadNonce(RequestFields* fields, const Branch& params) {
  const base::JsonValue value = fields->Optional(params, "nonce");
  if (value.is_string() && IsNonce(value.string())) return std::string(value.string());
  fields->Refuse(params, "nonce", "is required and must be a string of 8 to 64 printable ASCII characters");
  return {};
}

std::optional<std::string> ReadUrl(RequestFields* fields, const Branch& params, Url need,
                                   const HandlerOptions& options) {
  const base::JsonValue value = fields->Optional(params, "url");
  if (!value.present()) {
    if (need == Url::kRequired) fields->Refuse(params, "url", "is required and must be a string");
    return std::nullopt;
  }
  if (!value.is_string()) {
    fields->Refuse(params, "url", "must be a string");
    return std::nullopt;
  }
  if (const auto problem = webhooks::CheckWebhookUrl(value.string(), options.webhook_url)) {
    fields->Refuse(params, "url", *problem);
    return std::nullopt;
  }
  return std::string(value.string());
}

std::optional<std::string> ReadEvents(RequestFields* fields, const Branch& params) {
  const base::JsonValue value = fields->Optional(params, "events");
  if (!value.present()) return std::nullopt;
  std::vector<std::string> names;
  for (std::size_t i = 0; value.is_array() && i < value.size() && value.at(i).is_string(); ++i) {
    names.emplace_back(value.at(i).string());
  }
  auto filter = names.size() == value.size() ? webhooks::SubscriptionOf(names) : std::nullopt;
  if (!filter) fields->Refuse(params, "events", webhooks::kEventsRule);
  return filter;
}

std::optional<std::string> ReadDescription(RequestFields* fields, const Branch& params) {
  const base::JsonValue value = fields->Optional(params, "description");
  if (!value.present()) return std::nullopt;
  if (value.is_string() && webhooks::IsEndpointDescription(value.string())) return std::string(value.string());
  fields->Refuse(params, "description", "must be a string of at most 255 characters without control characters");
  return std::nullopt;
}

std::string RenderEndpoint(const storage::EndpointRow& row, const base::SecretString* secret) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("webhook");
  webhooks::AppendEndpoint(&writer, row, webhooks::View::kMerchant, secret);
  writer.EndObject();
  return json;
}

}  // namespace

std::optional<base::UnixMs> OptionalMoment(RequestFields* fields, const Branch& parent, std::string_view below) {
  const base::JsonValue value = fields->Optional(parent, below);
  if (!value.present()) return std::nullopt;
  const std::optional<base::UnixMs> at_ms = ParseMoment(value);
  if (!at_ms) fields->Refuse(parent, below, "must be a time in ISO 8601, or Unix seconds");
  return at_ms;
}

std::optional<std::int64_t> OptionalWithin(RequestFields* fields, const Branch& parent, std::string_view below,
                                           const webhooks::Bounds& bounds) {
  const base::JsonValue value = fields->Optional(parent, below);
  if (!value.present()) return std::nullopt;
  if (value.is_number()) {
    const base::WholeNumber number = base::ParseWholeNumber(value.number_text());
    if (number.kind == base::WholeNumber::Kind::kInRange && webhooks::IsWithin(bounds, number.value)) {
      return number.value;
    }
  }
  fields->Refuse(parent, below, webhooks::RuleOf(bounds));
  return std::nullopt;
}

webhooks::LookCall ReadLookCall(const rpc::CallContext& context) {
  return {context.application.id, context.received_us};
}

webhooks::ChangeCall ReadChangeCall(RequestFields* fields, const Branch& params, const rpc::CallContext& context,
                                    base::UnixMs now_ms) {
  CheckIssuedAt(fields, params, now_ms);
  std::string nonce = ReadNonce(fields, params);
  if (base::SeededFault("webhook-call-repeatable")) nonce += context.request_id;
  return {context.application.id, context.application.merchant_id, std::move(nonce), context.trace};
}

webhooks::EndpointSettings ReadEndpointSettings(RequestFields* fields, const Branch& params, Url url,
                                                const HandlerOptions& options) {
  webhooks::EndpointSettings settings;
  settings.url = ReadUrl(fields, params, url, options);
  settings.events = ReadEvents(fields, params);
  settings.description = ReadDescription(fields, params);
  settings.max_retries = OptionalWithin(fields, params, "max_retries", webhooks::kMaxRetriesBounds);
  settings.retry_delay_s = OptionalWithin(fields, params, "retry_delay_seconds", webhooks::kRetryDelayBoundsS);
  settings.timeout_s = OptionalWithin(fields, params, "timeout_seconds", webhooks::kTimeoutBoundsS);
  return settings;
}

webhooks::EndpointDone AnswerWithEndpoint(rpc::Finish finish) {
  return [finish = std::move(finish)](errors::Outcome<storage::EndpointRow> outcome) {
    if (!outcome) return finish(base::Fail(std::move(outcome).error()));
    finish(RenderEndpoint(outcome.value(), nullptr));
  };
}

webhooks::Done<webhooks::EndpointWithSecret> AnswerWithSecret(rpc::Finish finish) {
  return [finish = std::move(finish)](errors::Outcome<webhooks::EndpointWithSecret> outcome) {
    if (!outcome) return finish(base::Fail(std::move(outcome).error()));
    finish(RenderEndpoint(outcome->row, &outcome->secret));
  };
}

errors::Outcome<IdRequest> ReadIdRequest(const rpc::CallContext& context, base::UnixMs now_ms) {
  RequestFields fields;
  const Branch params{context.params, "params"};
  IdRequest request;
  request.call = ReadChangeCall(&fields, params, context, now_ms);
  request.id = fields.RequiredText(params, "id");
  if (!fields.ok()) return base::Fail(fields.TakeProblem());
  return request;
}

}  // namespace multihub::handlers
