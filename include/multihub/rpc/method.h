// The method table: one row per API method, one function per row.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/auth/directory.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/trace.h"
#include "multihub/errors/refusal.h"

namespace multihub::rpc {

// What a handler sees: an authenticated, parsed, admitted call. Valid only during Method::run (copy what is needed
// later).
struct CallContext {
  const auth::Application& application;
  const auth::Directory& directory;
  base::JsonValue service_id;  // as sent, or absent
  base::JsonValue params;      // an object, or absent (counts as {})
  std::string_view request_id;
  std::int64_t received_us = 0;
  base::Trace trace = {};
};

// Answers the call with the compact JSON of `result`, or with a refusal. Exactly once, from any thread.
using Finish = std::function<void(errors::Outcome<std::string>)>;

// The buckets of the contract's section on limits. kWebhook: endpoints and events; kWebhookSend: what makes the gateway
// send something.
enum class RateClass { kNone, kPayment, kRead, kNotification, kWebhook, kWebhookSend };

struct Method {
  std::string_view name;  // "payment.in"
  RateClass rate_class = RateClass::kNone;
  std::function<void(const CallContext&, Finish)> run;
};

using MethodTable = std::vector<Method>;

}  // namespace multihub::rpc
