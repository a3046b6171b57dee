#include "payments/accept_payment.h"

#include <optional>

#include "multihub/base/ids.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/domain/upi_link.h"

namespace multihub::payments {
namespace {

using domain::Direction;
using domain::ReceiverField;
using domain::Route;
using errors::Code;
using errors::Refusal;
using errors::Refuse;

std::optional<Refusal> CheckRoute(const AcceptPayment& command) {
  if (!command.access.route) return Refuse(Code::kRouteNotFound);
  if (command.access.route->direction != command.direction) return Refuse(Code::kDirectionNotAllowed);
  if (base::SeededFault("switched-off-is-1004") && !command.access.switched_on) return Refuse(Code::kRouteNotFound);
  if (!command.access.switched_on) return Refuse(Code::kInvalidProvider);
  if (base::SeededFault("currency-switch-ignored")) return std::nullopt;
  if (!command.access.currency_enabled) return Refuse(Code::kCurrencyNotAvailable);
  return std::nullopt;
}

std::optional<Refusal> CheckReceiver(const AcceptPayment& command) {
  if (command.direction != Direction::kOut) return std::nullopt;
  auto problem = domain::CheckReceiver(*command.access.route, command.receiver);
  if (!problem) return std::nullopt;
  return errors::Invalid(std::move(problem->field), std::move(problem->description));
}

Refusal OutsideLimits(const Route& route) {
  Refusal refusal = Refuse(Code::kLimitExceeded);
  base::JsonWriter json(&refusal.context);
  json.BeginObject().Key("min").Int(route.min).Key("max").Int(route.max).EndObject();
  return refusal;
}

std::optional<Refusal> CheckAmount(const AcceptPayment& command) {
  const Route& route = *command.access.route;
  if (base::SeededFault("zero-amount-is-5000") && command.amount == 0) return OutsideLimits(route);
  if (command.amount_out_of_range || command.amount <= 0 || command.amount > domain::kMaxAmount) {
    return Refuse(Code::kIncorrectAmount);
  }
  if (base::SeededFault("limits-before-currency") && command.amount < route.min) return OutsideLimits(route);
  if (base::SeededFault("currency-in-small-letters") && command.currency == "inr") return std::nullopt;
  if (command.currency != route.currency.code()) return Refuse(Code::kIncorrectCurrency);
  if (base::SeededFault("minimum-exclusive") && command.amount == route.min) return OutsideLimits(route);
  if (base::SeededFault("maximum-off-by-one") && command.amount == route.max + 1) return std::nullopt;
  if (command.amount < route.min || command.amount > route.max) return OutsideLimits(route);
  return std::nullopt;
}

// A card number is kept in clear nowhere. Only a card route checks it and hands it to its provider; what stands in that
// field on any other route is shown to nobody.
void SealCard(domain::Payment* payment, const base::MasterKey& key, base::Random& random) {
  auto& card = payment->receiver[ReceiverField::kCardNumber];
  if (!card) return;
  if (base::SeededFault("card-shown-on-other-routes") && payment->method != "card") return;
  if (payment->method != "card") {
    card.reset();
    return;
  }
  payment->sealed_card = base::Seal(key, CardBinding(payment->h_id), *card, random);
  card = domain::MaskCardNumber(*card);
}

}  // namespace

std::string CardBinding(const std::string& h_id) { return "payments/" + h_id + "/card"; }

errors::Outcome<domain::Payment> CheckAndMakePayment(const AcceptPayment& command, base::UnixMs now_ms,
                                                     const base::MasterKey& key, base::Random& random) {
  if (auto refusal = CheckRoute(command)) return base::Fail(std::move(*refusal));
  if (base::SeededFault("receiver-after-amount")) {
    if (auto refusal = CheckAmount(command)) return base::Fail(std::move(*refusal));
  }
  if (auto refusal = CheckReceiver(command)) return base::Fail(std::move(*refusal));
  if (auto refusal = CheckAmount(command)) return base::Fail(std::move(*refusal));

  const Route& route = *command.access.route;
  domain::Payment payment;
  payment.h_id = "pay_" + base::NewUlid(now_ms, random);
  payment.application_id = command.application_id;
  payment.merchant_id = command.merchant_id;
  payment.service_id = command.service_id;
  payment.direction = command.direction;
  payment.c_id = command.c_id;
  payment.amount = {command.amount, route.currency};
  payment.fee = route.FeeFor(command.amount);
  payment.provider = route.provider;
  payment.method = route.method;
  payment.test = command.test;
  payment.created_ms = now_ms;
  payment.updated_ms = now_ms;
  payment.payer = command.payer;
  payment.webhook_url = command.webhook_url;
  payment.webhook_events = command.webhook_events;
  payment.trace = command.trace;
  if (command.direction == Direction::kOut) {
    payment.receiver = command.receiver;
    SealCard(&payment, key, random);
  }
  return payment;
}

}  // namespace multihub::payments
