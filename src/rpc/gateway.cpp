#include "multihub/rpc/gateway.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "multihub/auth/signature.h"
#include "multihub/base/check.h"
#include "multihub/base/ids.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/observability/log.h"
#include "rpc/envelope.h"
#include "rpc/open_calls.h"
#include "rpc/pipeline.h"
#include "rpc/request_metrics.h"

namespace multihub::rpc {
namespace {

using errors::Code;
using errors::Refusal;
using observability::LogField;
using observability::LogLevel;

void AddTokenHeaders(const TokenAnswer& tokens, Reply* reply) {
  reply->headers.emplace_back("RateLimit-Limit", std::to_string(tokens.limit));
  reply->headers.emplace_back("RateLimit-Remaining", std::to_string(tokens.remaining));
  reply->headers.emplace_back("RateLimit-Reset", std::to_string(tokens.full_in_s));
}

void AddRetryAfter(const Refusal& refusal, Reply* reply) {
  if (refusal.code != Code::kCommonError || base::SeededFault("retry-after-missing")) return;
  reply->headers.emplace_back("Retry-After", std::to_string(std::max(refusal.retry_after_s, 1)));
}

int HttpStatusOf(Code code) {
  if (base::SeededFault("refusals-http-200")) return 200;
  if (base::SeededFault("unknown-method-http-400") && code == Code::kMethodNotFound) return 400;
  const int status = errors::RowOf(code).http_status;
  MULTIHUB_CHECK(status != 0);
  return status;
}

void LogInternal(const Refusal& refusal, const OpenCall& open) {
  if (refusal.internal.empty()) return;
  const LogLevel level = refusal.code == Code::kUnexpectedError ? LogLevel::kError : LogLevel::kWarn;
  observability::Log(level, "call_trouble",
                     {{LogField::kRequestId, open.request_id},
                      {LogField::kTraceId, open.trace.id},
                      {LogField::kCode, static_cast<std::int64_t>(refusal.code)},
                      {LogField::kDetail, refusal.internal}});
}

}  // namespace

class Gateway::Impl : public std::enable_shared_from_this<Gateway::Impl> {
 public:
  Impl(GatewayOptions options, MethodTable methods, const auth::DirectoryCache& directory, const base::Clock& clock,
       base::Random& random, std::function<void(domain::ApplicationId)> secret_in_use)
      : pipeline_(options, std::move(methods), directory, clock, std::move(secret_in_use)),
        metrics_(pipeline_.methods()),
        answer_within_us_(options.answer_within_ms * 1000),
        clock_(clock),
        random_(random) {}

  void Handle(const Call& call, ReplyTo reply) {
    auto open = std::make_shared<OpenCall>();
    open->request_id = base::NewUuid(random_);
    if (base::SeededFault("request-id-constant")) open->request_id = "5f0c9a1e-0000-4000-8000-000000000001";
    auto trace = base::ReadTrace(call.traceparent, call.tracestate);
    open->trace = trace ? *std::move(trace) : base::BeginTrace(open->request_id);
    open->started_us = clock_.MonotonicUs();
    open->reply = std::move(reply);
    Passage passage(call);
    std::optional<Refusal> refusal = pipeline_.Admit(&passage);
    open->application_id = passage.application_id;
    open->directory = passage.directory;
    open->secret = passage.secret;
    if (base::SeededFault("wrong-signature-answered-signed") && passage.application != nullptr) {
      open->secret = &passage.application->secret;
    }
    open->tokens = passage.tokens;
    open->method = passage.method;
    if (refusal) {
      LogRefusedCaller(passage, *open, *refusal);
      Answer(open, errors::Outcome<std::string>(base::Fail(std::move(*refusal))), call.body_too_large);
      return;
    }
    Run(passage, open);
    open_calls_.Add(open);
  }

  Reply Refuse(const Refusal& refusal, bool close) {
    Reply reply;
    reply.request_id = base::NewUuid(random_);
    reply.body = RenderRefusal(refusal, reply.request_id, 0);
    reply.http_status = HttpStatusOf(refusal.code);
    reply.close = close;
    AddRetryAfter(refusal, &reply);
    refused_unread_.Add();
    return reply;
  }

  void ExpireStartedBy(std::int64_t moment_us) {
    for (const std::shared_ptr<OpenCall>& open : open_calls_.TakeStartedBy(moment_us)) {
      if (!open->Claim()) continue;
      expired_.Add();
      Deliver(open, errors::Outcome<std::string>(base::Fail(errors::Refuse(Code::kHubError))), false);
    }
  }
  void ExpireOverdue() { ExpireStartedBy(clock_.MonotonicUs() - answer_within_us_); }

  Counters counters() const {
    return {metrics_.succeeded(), metrics_.refused() + refused_unread_.value(), expired_.value()};
  }

  void Collect(observability::MetricsPage* page) const {
    metrics_.Collect(page);
    pipeline_.Collect(page);
  }

 private:
  // The one last catch: whatever a handler throws is 2001 and a line in the log.
  void Run(const Passage& passage, const std::shared_ptr<OpenCall>& open) {
    const CallContext context{*passage.application, *passage.directory,       passage.service_id, passage.params,
                              open->request_id,     passage.call.received_us, open->trace};
    std::string trouble;
    try {
      passage.method->run(context, [self = shared_from_this(), open](errors::Outcome<std::string> outcome) {
        self->Answer(open, std::move(outcome), false);
      });
      return;
    } catch (const std::exception& error) {
      trouble = error.what();
    } catch (...) {
      trouble = "an exception of unknown type";
    }
    Answer(open, errors::Outcome<std::string>(base::Fail(errors::Unexpected(std::move(trouble)))), false);
  }

  void Answer(const std::shared_ptr<OpenCall>& open, errors::Outcome<std::string> outcome, bool close) {
    if (!open->Claim()) return;
    open_calls_.Remove(open);
    Deliver(open, std::move(outcome), close);
  }

  // Only by the one who claimed the call.
  void Deliver(const std::shared_ptr<OpenCall>& open, errors::Outcome<std::string> outcome, bool close) {
    const std::int64_t took_us = std::max<std::int64_t>(clock_.MonotonicUs() - open->started_us, 0);
    const std::int64_t took_ms = took_us / 1000;
    Reply reply;
    std::int64_t code = 0;
    if (outcome.ok()) {
      reply.body = RenderSuccess(outcome.value(), open->request_id, took_ms);
      metrics_.Succeeded(open->method, took_us);
    } else {
      const Refusal& refusal = outcome.error();
      code = static_cast<std::int64_t>(refusal.code);
      reply.body = RenderRefusal(refusal, open->request_id, took_ms);
      reply.http_status = HttpStatusOf(refusal.code);
      AddRetryAfter(refusal, &reply);
      LogInternal(refusal, *open);
      metrics_.Refused(open->method, refusal.code, took_us);
    }
    if (base::SeededFault("limit-headers-on-refusals-only") && outcome.ok()) open->tokens.reset();
    if (open->tokens) AddTokenHeaders(*open->tokens, &reply);
    if (base::SeededFault("refusals-unsigned") && !outcome.ok()) open->secret = nullptr;
    if (open->secret != nullptr) {
      reply.data_hash = auth::Sign(reply.body, *open->secret);
      LogCall(*open, code, reply.http_status, took_ms);
    }
    reply.request_id = open->request_id;  // the handler may still be reading it
    if (base::SeededFault("request-id-header-differs")) reply.request_id = base::NewUuid(random_);
    reply.close = close;
    const ReplyTo send = std::move(open->reply);
    // The handler may keep its end of the call for as long as it likes; what the call held goes now.
    open->reply = nullptr;
    open->directory.reset();
    send(std::move(reply));
  }

  static void LogCall(const OpenCall& open, std::int64_t code, int http_status, std::int64_t took_ms) {
    observability::Log(LogLevel::kInfo, "call",
                       {{LogField::kRequestId, open.request_id},
                        {LogField::kTraceId, open.trace.id},
                        {LogField::kApplicationId, open.application_id.value},
                        {LogField::kMethod, open.method == nullptr ? std::string() : std::string(open.method->name)},
                        {LogField::kCode, code},
                        {LogField::kHttpStatus, std::int64_t{http_status}},
                        {LogField::kDurationMs, took_ms}});
  }

  // An id that nobody has is the caller's word, and not written down when it is as long as a card number.
  static std::int64_t IdToShow(const Passage& passage) {
    constexpr std::int64_t kLongest = 99'999'999'999;
    const std::int64_t id = passage.application_id.value;
    return passage.application == nullptr && id > kLongest ? 0 : id;
  }

  // A caller who did not prove who he is. Lines for which his address pays no token are for debugging only, so that he
  // cannot fill the log.
  static void LogRefusedCaller(const Passage& passage, const OpenCall& open, const Refusal& refusal) {
    if (open.secret != nullptr) return;
    observability::Log(passage.source_charged ? LogLevel::kInfo : LogLevel::kDebug, "call_refused",
                       {{LogField::kRequestId, open.request_id},
                        {LogField::kTraceId, open.trace.id},
                        {LogField::kApplicationId, IdToShow(passage)},
                        {LogField::kAddress, passage.call.client_address},
                        {LogField::kCode, static_cast<std::int64_t>(refusal.code)}});
  }

  Pipeline pipeline_;
  RequestMetrics metrics_;
  OpenCalls open_calls_;
  const std::int64_t answer_within_us_;
  const base::Clock& clock_;
  base::Random& random_;
  observability::Counter refused_unread_;
  observability::Counter expired_;
};

Gateway::Gateway(GatewayOptions options, MethodTable methods, const auth::DirectoryCache& directory,
                 const base::Clock& clock, base::Random& random,
                 std::function<void(domain::ApplicationId)> secret_in_use)
    : impl_(std::make_shared<Impl>(options, std::move(methods), directory, clock, random, std::move(secret_in_use))) {}

Gateway::~Gateway() { impl_->ExpireStartedBy(std::numeric_limits<std::int64_t>::max()); }

void Gateway::Handle(Call call, ReplyTo reply) { impl_->Handle(call, std::move(reply)); }

Reply Gateway::RefuseFraming() { return impl_->Refuse(errors::Refuse(Code::kIncorrectUse), true); }

Reply Gateway::RefuseOverload() { return impl_->Refuse(errors::Busy(), false); }

void Gateway::ExpireOverdue() { impl_->ExpireOverdue(); }

Gateway::Counters Gateway::counters() const { return impl_->counters(); }

void Gateway::Collect(observability::MetricsPage* page) const { impl_->Collect(page); }

}  // namespace multihub::rpc
