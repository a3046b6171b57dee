// A payment and its state machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "multihub/base/trace.h"
#include "multihub/domain/ids.h"
#include "multihub/domain/money.h"
#include "multihub/domain/receiver.h"
#include "multihub/domain/route.h"

namespace multihub::domain {

enum class PaymentStatus { kCreated, kProcessing, kSuccess, kError, kDeclined, kCanceled, kPartialRefund, kRefunded };

// "created", "processing", "success", "error", "declined", "canceled", "partial_refund", "refunded".
std::string_view NameOf(PaymentStatus status);
bool ParsePaymentStatus(std::string_view name, PaymentStatus* out);

// No further movement but refunds of a success.
bool IsFinal(PaymentStatus status);
// True for success and its refunds, false for the failures; only for final statuses.
bool IsSuccessful(PaymentStatus status);

// created → processing → success | error | declined | canceled; created may go straight to any of those;
// success → partial_refund → partial_refund | refunded; success → refunded. Nothing else.
bool CanMove(PaymentStatus from, PaymentStatus to);

// The event a change to `to` causes: "payment.completed", "payout.failed", … (webhooks.md mapping).
std::string_view EventOf(Direction direction, PaymentStatus to);

// The merchant's own identifier. `7`, `7.0`, `7e0` and `"7"` are one c_id (the same text); the JSON type is kept for
// answers.
struct ClientId {
  std::string text;
  bool numeric = false;
  friend bool operator==(const ClientId& a, const ClientId& b) { return a.text == b.text; }
};

struct Payment {
  std::string h_id;  // "pay_" + ULID
  ApplicationId application_id;
  MerchantId merchant_id;
  ServiceId service_id;
  Direction direction = Direction::kIn;
  ClientId c_id;
  Money amount;
  std::int64_t fee = 0;  // in the amount's currency, fixed at acceptance
  std::string provider;
  std::string method;  // the route's: "upi", "card", …
  bool test = false;
  PaymentStatus status = PaymentStatus::kCreated;
  std::int64_t status_version = 1;
  std::string p_id;  // provider's identifier; empty: not known
  std::string utr;   // bank reference; empty: not known
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::int64_t finished_ms = 0;  // 0: not final
  std::string redirect;          // upi:// link; empty: none
  Receiver receiver;             // card number masked
  std::string sealed_card;       // payouts to cards, until the provider acknowledged; empty otherwise
  std::string webhook_url;       // the payment's own endpoint; empty: none
  std::string webhook_events;    // its filter, comma separated; empty: the default subscription
  std::string payer;             // compact JSON of the whitelisted payer and client fields, for the provider
  base::Trace trace;             // of the call that made it, and of all that is done for it; none: of older payments
};

}  // namespace multihub::domain
