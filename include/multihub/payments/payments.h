// The use cases: what handlers, the reconciler and the operator can ask of payments.
//
// Every call answers through its callback, exactly once, on a lane or reader thread (or at once on the caller's when
// nothing has to be read). Callbacks must be quick and must not throw. A success is durable when the callback runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "multihub/domain/payment.h"
#include "multihub/domain/route_access.h"
#include "multihub/errors/refusal.h"

namespace multihub::payments {

// A deposit or payout as the merchant asked for it: shape checked, nothing else.
struct AcceptPayment {
  domain::ApplicationId application_id;
  domain::MerchantId merchant_id;
  bool test = false;
  bool balance_enabled = true;  // the application's balances as a whole are switched on
  domain::Direction direction = domain::Direction::kIn;
  domain::ServiceId service_id;
  domain::RouteAccess access;
  // The whole number of `amount.value`; out of range is 6001 at its place in the business checks.
  std::int64_t amount = 0;
  bool amount_out_of_range = false;
  std::string currency;  // as sent
  domain::ClientId c_id;
  domain::Receiver receiver;  // payouts; the card number in clear
  std::string payer;          // compact JSON of the whitelisted payer, client and description fields
  std::string webhook_url;
  std::string webhook_events;
  std::int64_t received_us = 0;  // base::Clock::MonotonicUs() of the request's first byte
  base::Trace trace;             // the call's
};

// Which payment a merchant means.
struct PaymentLookup {
  domain::ApplicationId application_id;
  std::optional<std::string> c_id;  // the text
  std::optional<std::string> h_id;
  std::optional<domain::ServiceId> service_id;
  std::int64_t received_us = 0;
  base::Trace trace;  // of the call that asks: webhooks that are sent again for it belong to it
};

struct BalanceAmount {
  std::int64_t value = 0, freezing = 0, blocking = 0;
  std::string currency;
  bool enabled = true;
};
struct BalanceView {
  std::vector<BalanceAmount> amounts;  // sorted by currency
};

using PaymentDone = std::function<void(errors::Outcome<domain::Payment>)>;
using BalanceDone = std::function<void(errors::Outcome<BalanceView>)>;

class Payments {
 public:
  virtual ~Payments() = default;
  // The business checks of the method in the contract's order, then the durable write. 1000 (busy) when the lane is
  // full. With a route that answers `started` the callback waits for the provider's first word, at most 8 s.
  virtual void Accept(AcceptPayment command, PaymentDone done) = 0;
  // 6010 when the application has no such payment.
  virtual void Find(PaymentLookup lookup, PaymentDone done) = 0;
  // Queues the webhook of the latest event again: 6010, 8000, 8001.
  virtual void Notify(PaymentLookup lookup, PaymentDone done) = 0;
  virtual void Balance(domain::ApplicationId application, std::int64_t received_us, BalanceDone done) = 0;
};

}  // namespace multihub::payments
