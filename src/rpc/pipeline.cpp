#include "rpc/pipeline.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "multihub/auth/signature.h"
#include "multihub/base/ip_address.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/base/utf8.h"
#include "multihub/base/whole_number.h"

namespace multihub::rpc {
namespace {

using errors::Code;
using errors::Invalid;
using errors::Refuse;

constexpr std::string_view kResendPrefix = "/api/v1/payments/";
constexpr std::string_view kResendSuffix = "/webhook/resend";
constexpr std::string_view kResendMethod = "payment.notification";

// The payment a resend path names; nullopt for any other path.
std::optional<std::string_view> ResendTarget(std::string_view path) {
  if (path.size() <= kResendPrefix.size() + kResendSuffix.size()) return std::nullopt;
  if (!path.starts_with(kResendPrefix) || !path.ends_with(kResendSuffix)) return std::nullopt;
  path.remove_prefix(kResendPrefix.size());
  path.remove_suffix(kResendSuffix.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return path;
}

// 0: not a positive decimal integer up to 2^53-1 without sign and leading zero.
std::int64_t ParseApplicationId(std::string_view text) {
  constexpr std::size_t kMaxDigits = 16;
  if (text.empty() || text.size() > kMaxDigits || text.front() == '0') return 0;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return value <= base::kMaxSafeInteger ? value : 0;
}

bool EqualIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

// application/json, with or without parameters.
bool IsJsonContentType(std::string_view text) {
  text = text.substr(0, text.find(';'));
  const std::size_t end = text.find_last_not_of(" \t");
  return end != std::string_view::npos && EqualIgnoringCase(text.substr(0, end + 1), "application/json");
}

}  // namespace

// The order is part of the contract: the first gate that a call does not pass answers. Refusals of the gates marked
// kCharged take a token of the caller's source address: somebody who knows no secret can try only so often, while a
// caller whose signature verifies never touches that bucket and cannot be shut out through it.
const Pipeline::Gate Pipeline::kGates[] = {
    // A stranger's mistake in the address is told first and costs nothing to find.
    {&Pipeline::CheckPath, Applies::kEveryCall, Source::kFree},
    // After the path: a path that does not exist has no verbs.
    {&Pipeline::CheckVerb, Applies::kEveryCall, Source::kFree},
    // The body was not read to its end, so nothing can be said of its signature.
    {&Pipeline::CheckBodySize, Applies::kEveryCall, Source::kFree},
    // Syntax of both headers before the directory is asked; the hash first, as the contract has it.
    {&Pipeline::CheckHashHeader, Applies::kEveryCall, Source::kCharged},
    {&Pipeline::CheckApplicationHeader, Applies::kEveryCall, Source::kCharged},
    // Before hashing: whose secret, and may it be used from here at all.
    {&Pipeline::CheckApplication, Applies::kEveryCall, Source::kCharged},
    // Over the raw bytes, before anything parses them: up to here nobody has proved who they are. Answers are signed
    // from here on.
    {&Pipeline::CheckSignature, Applies::kEveryCall, Source::kCharged},
    // The bytes are the application's own; now whether they are JSON, by their label and then by themselves.
    {&Pipeline::CheckContentType, Applies::kMethodCalls, Source::kFree},
    {&Pipeline::ReadBody, Applies::kMethodCalls, Source::kFree},
    // The limits are the method's, so the method is known before they are counted.
    {&Pipeline::ChooseMethod, Applies::kEveryCall, Source::kFree},
    // Before any field is looked at: malformed calls use up the limit like good ones.
    {&Pipeline::CheckRateLimit, Applies::kEveryCall, Source::kFree},
    // The one shape rule that all methods share; the other rules are the handlers'.
    {&Pipeline::CheckParams, Applies::kEveryCall, Source::kFree},
};

Pipeline::Pipeline(const GatewayOptions& options, MethodTable methods, const auth::DirectoryCache& directory,
                   const base::Clock& clock, std::function<void(domain::ApplicationId)> secret_in_use)
    : options_(options),
      methods_(std::move(methods)),
      directory_(directory),
      clock_(clock),
      secret_in_use_(std::move(secret_in_use)),
      method_buckets_(methods_.size()),
      source_buckets_(options.unauthenticated, options.unauthenticated_sources) {}

std::optional<errors::Refusal> Pipeline::Admit(Passage* passage) {
  for (const Gate& gate : kGates) {
    if (passage->resend_h_id && gate.applies == Applies::kMethodCalls) continue;
    Refused refused = (this->*gate.check)(passage);
    if (!refused) continue;
    return gate.source == Source::kCharged ? ChargeSource(passage, std::move(*refused)) : std::move(*refused);
  }
  return std::nullopt;
}

void Pipeline::Collect(observability::MetricsPage* page) const {
  // In the order of RateClass.
  static constexpr std::array<std::string_view, 6> kLimits = {"unauthenticated", "payment", "read",
                                                              "notification",    "webhook", "webhook_send"};
  static_assert(static_cast<std::size_t>(RateClass::kWebhookSend) + 1 == kLimits.size());
  for (std::size_t i = 0; i < kLimits.size(); ++i) {
    page->Add(observability::Metric::kRateLimitRefusals, {kLimits[i]}, limited_[i]);
  }
}

Pipeline::Refused Pipeline::CheckPath(Passage* passage) {
  if (base::SeededFault("verb-before-path") && passage->call.verb != "POST") return CheckVerb(passage);
  if (passage->call.path == kEndpointPath) return std::nullopt;
  passage->resend_h_id = ResendTarget(passage->call.path);
  if (!passage->resend_h_id) return Refuse(Code::kEndpointNotFound);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckVerb(Passage* passage) {
  if (passage->call.verb != "POST") return Refuse(Code::kHttpMethodNotAllowed);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckBodySize(Passage* passage) {
  if (passage->call.body_too_large) return Invalid("body", "body is larger than this gateway accepts");
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckHashHeader(Passage* passage) {
  if (base::SeededFault("application-id-before-hash")) {
    if (Refused refused = CheckApplicationHeader(passage)) return refused;
  }
  const std::optional<std::string>& hash = passage->call.data_hash;
  if (!hash || !auth::IsHashText(*hash)) return Refuse(Code::kBadHashHeader);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckApplicationHeader(Passage* passage) {
  const std::optional<std::string>& id = passage->call.application_id;
  passage->application_id.value = id ? ParseApplicationId(*id) : 0;
  if (passage->application_id.value == 0) return Refuse(Code::kBadApplicationIdHeader);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckApplication(Passage* passage) {
  passage->directory = directory_.Current();
  if (passage->directory == nullptr) return errors::HubError("a call before the directory was read");
  passage->application = passage->directory->Find(passage->application_id);
  if (passage->application == nullptr) return Refuse(Code::kApplicationNotFound);
  if (base::SeededFault("signature-before-application-state")) {
    if (Refused refused = CheckSignature(passage)) return refused;
  }
  if (!passage->application->enabled) return Refuse(Code::kApplicationDisabled);
  if (base::SeededFault("allow-list-ignored")) return std::nullopt;
  if (!passage->application->AllowsAddress(passage->call.client_address)) return Refuse(Code::kAddressNotAllowed);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckSignature(Passage* passage) {
  if (base::SeededFault("content-type-before-signature") && !passage->resend_h_id) {
    if (Refused refused = CheckContentType(passage)) return refused;
  }
  const auth::Application& application = *passage->application;
  const auth::SignatureCheck check =
      auth::CheckSignature(application, passage->call.body, *passage->call.data_hash, clock_.NowMs());
  if (!check.verified()) return Refuse(Code::kAuthenticationError);
  passage->secret = check.secret;
  if (!check.with_previous && !application.secret_in_use) NoteSecretInUse(application);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckContentType(Passage* passage) {
  if (base::SeededFault("json-before-content-type")) {
    if (Refused refused = ReadBody(passage)) return refused;
  }
  const std::optional<std::string>& type = passage->call.content_type;
  if (type && IsJsonContentType(*type)) return std::nullopt;
  if (base::SeededFault("content-type-is-1005")) return Invalid("body", "Content-Type must be application/json");
  return Refuse(Code::kInvalidContentType);
}

Pipeline::Refused Pipeline::ReadBody(Passage* passage) {
  auto parsed = base::JsonDocument::Parse(passage->call.body);
  if (!parsed) {
    return Invalid("body", "body must be one JSON object: " + std::string(parsed.error().reason) + " at byte " +
                               std::to_string(parsed.error().offset));
  }
  passage->document = std::move(parsed).value();
  const base::JsonValue root = passage->document->root();
  if (!root.is_object()) return Invalid("body", "body must be one JSON object");
  passage->service_id = root["service_id"];
  passage->params = root["params"];
  return std::nullopt;
}

Pipeline::Refused Pipeline::ChooseMethod(Passage* passage) {
  if (base::SeededFault("params-before-method") && !passage->resend_h_id) {
    if (Refused refused = CheckParams(passage)) return refused;
  }
  if (passage->resend_h_id) {
    passage->method = FindMethod(kResendMethod);
  } else {
    base::JsonValue name = passage->document->root()["method"];
    if (name.is_object()) name = name["const"];
    if (!name.is_string()) {
      return Invalid("method", "method is required and must be a string, or an object whose member const is a string");
    }
    passage->method = FindMethod(name.string());
  }
  if (passage->method == nullptr) return Refuse(Code::kMethodNotFound);
  return std::nullopt;
}

Pipeline::Refused Pipeline::CheckRateLimit(Passage* passage) {
  if (base::SeededFault("params-before-rate-limit") && !passage->resend_h_id) {
    if (Refused refused = CheckParams(passage)) return refused;
  }
  if (base::SeededFault("resend-not-limited") && passage->resend_h_id) return std::nullopt;
  const RateLimit* limit = LimitOf(passage->method->rate_class);
  if (limit == nullptr) return std::nullopt;
  const auto method = static_cast<std::size_t>(passage->method - methods_.data());
  passage->tokens = method_buckets_.Take(passage->application_id, method, *limit, NowNs());
  if (passage->tokens->taken) return std::nullopt;
  limited_[static_cast<std::size_t>(passage->method->rate_class)].Add();
  return errors::RateLimited(static_cast<int>(passage->tokens->retry_after_s));
}

Pipeline::Refused Pipeline::CheckParams(Passage* passage) {
  if (passage->resend_h_id) return BuildResendParams(passage);
  if (!passage->params.given()) {
    passage->params = base::JsonValue();
    return std::nullopt;
  }
  if (!passage->params.is_object()) return Invalid("params", "params must be an object");
  return std::nullopt;
}

errors::Refusal Pipeline::ChargeSource(Passage* passage, errors::Refusal refusal) {
  if (!options_.limits_enabled) return refusal;
  // Addresses that cannot be read share one bucket.
  const base::IpAddress source = base::IpAddress::Parse(passage->call.client_address).value_or(base::IpAddress());
  const TokenAnswer tokens = source_buckets_.Take(source.Prefix64(), NowNs());
  if (!tokens.taken) {
    limited_[static_cast<std::size_t>(RateClass::kNone)].Add();
    return errors::RateLimited(static_cast<int>(tokens.retry_after_s));
  }
  passage->source_charged = true;
  return refusal;
}

Pipeline::Refused Pipeline::BuildResendParams(Passage* passage) {
  // No payment is named by such a text, and JSON could not carry it.
  if (!base::IsValidUtf8(*passage->resend_h_id)) return Refuse(Code::kPaymentNotFound);
  base::JsonWriter writer(&passage->resend_params);
  writer.BeginObject().Key("payment").BeginObject().Key("identifiers").BeginObject();
  writer.Key("h_id").String(*passage->resend_h_id);
  writer.EndObject().EndObject().EndObject();
  auto parsed = base::JsonDocument::Parse(passage->resend_params);
  if (!parsed) return Refuse(Code::kPaymentNotFound);
  passage->document = std::move(parsed).value();
  passage->params = passage->document->root();
  return std::nullopt;
}

const Method* Pipeline::FindMethod(std::string_view name) const {
  const auto found =
      std::find_if(methods_.begin(), methods_.end(), [&](const Method& method) { return method.name == name; });
  return found == methods_.end() ? nullptr : &*found;
}

const RateLimit* Pipeline::LimitOf(RateClass rate_class) const {
  if (!options_.limits_enabled) return nullptr;
  switch (rate_class) {
    case RateClass::kNone:
      return nullptr;
    case RateClass::kPayment:
      return &options_.payment;
    case RateClass::kRead:
      return &options_.read;
    case RateClass::kNotification:
      return &options_.notification;
    case RateClass::kWebhook:
      return &options_.webhook;
    case RateClass::kWebhookSend:
      return &options_.webhook_send;
  }
  return nullptr;
}

void Pipeline::NoteSecretInUse(const auth::Application& application) {
  const base::Sha256Digest digest = base::Sha256({application.secret.Reveal()});
  {
    const std::lock_guard lock(noted_mutex_);
    base::Sha256Digest& noted = noted_secrets_[application.id];
    if (noted == digest) return;
    noted = digest;
  }
  if (secret_in_use_) secret_in_use_(application.id);
}

}  // namespace multihub::rpc
