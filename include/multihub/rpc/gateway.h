// The pipeline from a framed request to its signed answer: the gate sequence of docs/api/protocol.md, "Order of
// checks", as one visible list (src/rpc/pipeline.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "multihub/auth/directory.h"
#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/observability/metrics.h"
#include "multihub/rpc/call.h"
#include "multihub/rpc/method.h"

namespace multihub::rpc {

inline constexpr std::string_view kEndpointPath = "/public/api/multihub/v1";

struct RateLimit {
  int per_minute = 0;
  int burst = 0;
};

struct GatewayOptions {
  bool limits_enabled = true;
  RateLimit payment{5000, 500};
  RateLimit read{6000, 6000};
  RateLimit notification{10, 10};
  RateLimit webhook{600, 600};
  RateLimit webhook_send{10, 10};
  RateLimit unauthenticated{300, 300};          // per source address
  std::size_t unauthenticated_sources = 65536;  // rows of that table; the least recently seen make room
  std::int64_t answer_within_ms = 10000;        // an authenticated call not answered this long after Handle: 2000
};

// Thread safe. Answers every call exactly once.
class Gateway {
 public:
  // `resend` answers POST /api/v1/payments/{h_id}/webhook/resend: it runs like a method whose params are
  // {"payment":{"identifiers":{"h_id":…}}} and shares the bucket of payment.notification.
  // `secret_in_use` is told once when an application first signs with its new secret; it runs inside Handle and must
  // not wait.
  Gateway(GatewayOptions options, MethodTable methods, const auth::DirectoryCache& directory, const base::Clock& clock,
          base::Random& random, std::function<void(domain::ApplicationId)> secret_in_use);
  // Answers what is still open with 2000. A handler that finishes later finds its call answered; clock and random must
  // outlive the last such handler.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Never waits. `reply` may run before Handle returns.
  void Handle(Call call, ReplyTo reply);
  // The answers of step 0: unsigned envelopes.
  Reply RefuseFraming();
  Reply RefuseOverload();

  // Answers every open call that is past its deadline with 2000; called by the timer thread of `serve`, and by tests.
  void ExpireOverdue();
  // Answers since the start: successes, everything else, and how many of those were calls past their deadline.
  struct Counters {
    std::uint64_t succeeded = 0, refused = 0, expired = 0;
  };
  Counters counters() const;
  // Durations by method and code, refusals by the limits.
  void Collect(observability::MetricsPage* page) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the calls in flight
};

}  // namespace multihub::rpc
