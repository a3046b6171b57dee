// The provider interface: what every payment provider's adapter offers. Adapters are stateless towards payments: what
// they must remember is in the order they are given.
//
// What a provider says is a Report. Only an explicit final word (succeeded, failed, declined, canceled) ends a payment;
// "no answer" and "not known" never do.
//
// A payment's `trace` is that of the call which made it, whenever and in whatever process its provider is spoken to. An
// adapter puts it into each of its requests as `traceparent` (base::Traceparent); `tracestate` is between the merchant
// and his own systems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/result.h"
#include "multihub/domain/payment.h"
#include "multihub/errors/refusal.h"

namespace multihub::providers {

enum class ReportedState {
  kNoAnswer,  // timeout, network error, an answer we cannot read: nobody knows
  kNotKnown,  // the provider says it has never seen this h_id: `Start` is run again
  kPending,   // taken, not decided
  kSucceeded,
  kFailed,  // -> error
  kDeclined,
  kCanceled,
};

// The word for it in kept messages and logs: "no_answer", "pending", "succeeded" …
std::string_view NameOf(ReportedState state);

struct Report {
  ReportedState state = ReportedState::kNoAnswer;
  std::string p_id;  // provider's identifier; empty: not said
  std::string utr;   // bank reference; empty: not said
  // What the provider says was moved; compared before settling. nullopt: not said.
  std::optional<domain::Money> amount;
};

// A provider's own message to us, as it came in.
struct CallbackRequest {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
struct Callback {
  std::string h_id;
  Report report;
};

struct Prepared {
  std::string redirect;  // upi:// link or empty
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual const std::string& name() const = 0;
  // Only test applications may use it (the simulator), or only live ones.
  virtual bool for_test() const = 0;

  // Local, no I/O, called before the payment is stored. May refuse with 2002 or 1009.
  virtual errors::Outcome<Prepared> Prepare(const domain::Route& route, const domain::Payment& payment) = 0;
  // Tells the provider, after the payment is durable. Repeatable: the h_id is the idempotency key. Blocks at most
  // `timeout_ms`; called on a worker thread, several at once. `payment.receiver` holds the card number in clear.
  virtual Report Start(const domain::Payment& payment, std::int64_t timeout_ms) = 0;
  // Asks what became of it. As Start.
  virtual Report State(const domain::Payment& payment, std::int64_t timeout_ms) = 0;
  // Authenticates and reads a message; the error is for the log.
  virtual base::Result<Callback, std::string> ReadCallback(const CallbackRequest& request) = 0;
};

}  // namespace multihub::providers
