#include "payments/accept_payment.h"

#include <catch2/catch.hpp>

using namespace multihub;
using domain::Direction;
using domain::ReceiverField;
using errors::Code;
using payments::AcceptPayment;
using payments::CheckAndMakePayment;

namespace {

AcceptPayment Deposit() {
  AcceptPayment command;
  command.application_id = {1};
  command.merchant_id = {2};
  command.service_id = {3};
  domain::Route route;
  route.service_id = {3};
  REQUIRE(domain::Currency::Parse("INR", &route.currency));
  route.method = "upi";
  route.provider = "simulator";
  route.min = 100;
  route.max = 10'000;
  command.access.route = route;
  command.amount = 500;
  command.currency = "INR";
  command.c_id = {"c", false};
  return command;
}

AcceptPayment CardPayout() {
  AcceptPayment command = Deposit();
  command.direction = Direction::kOut;
  command.access.route->direction = Direction::kOut;
  command.access.route->method = "card";
  command.receiver[ReceiverField::kCardNumber] = "4" + std::string(14, '0') + "2";  // passes Luhn
  return command;
}

struct Ground {
  base::SeededRandom random{1};
  base::MasterKey key = base::MasterKey::Generate(random);
  errors::Outcome<domain::Payment> Make(const AcceptPayment& command) {
    return CheckAndMakePayment(command, 1'700'000'000'000, key, random);
  }
};

}  // namespace

TEST_CASE("the first failing business check answers") {
  // Each step breaks one more check, from the last to the first: the answer must always be the newest fault.
  struct Step {
    Code code;
    std::function<void(AcceptPayment&)> fault;
  };
  const std::vector<Step> steps = {
      {Code::kLimitExceeded, [](AcceptPayment& c) { c.amount = 10'001; }},
      {Code::kIncorrectCurrency, [](AcceptPayment& c) { c.currency = "MXN"; }},
      {Code::kIncorrectAmount, [](AcceptPayment& c) { c.amount = 0; }},
      {Code::kInvalidRequest, [](AcceptPayment& c) { c.receiver[ReceiverField::kCardNumber] = "123"; }},
      {Code::kCurrencyNotAvailable, [](AcceptPayment& c) { c.access.currency_enabled = false; }},
      {Code::kInvalidProvider, [](AcceptPayment& c) { c.access.switched_on = false; }},
      {Code::kDirectionNotAllowed, [](AcceptPayment& c) { c.direction = Direction::kIn; }},
      {Code::kRouteNotFound, [](AcceptPayment& c) { c.access.route.reset(); }},
  };
  Ground ground;
  AcceptPayment command = CardPayout();
  REQUIRE(ground.Make(command).ok());
  for (const Step& step : steps) {
    step.fault(command);
    const auto made = ground.Make(command);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == step.code);
  }
}

TEST_CASE("amounts are judged at the edges") {
  struct Case {
    std::int64_t amount;
    bool out_of_range;
    Code code;  // kCommonError: accepted
  };
  const auto c = GENERATE(values<Case>({{99, false, Code::kLimitExceeded},
                                        {100, false, Code::kCommonError},
                                        {10'000, false, Code::kCommonError},
                                        {10'001, false, Code::kLimitExceeded},
                                        {0, false, Code::kIncorrectAmount},
                                        {-1, false, Code::kIncorrectAmount},
                                        {0, true, Code::kIncorrectAmount},
                                        {domain::kMaxAmount, false, Code::kLimitExceeded},
                                        {domain::kMaxAmount + 1, false, Code::kIncorrectAmount}}));
  CAPTURE(c.amount, c.out_of_range);
  AcceptPayment command = Deposit();
  command.amount = c.amount;
  command.amount_out_of_range = c.out_of_range;
  Ground ground;
  const auto made = ground.Make(command);
  if (c.code == Code::kCommonError) {
    CHECK(made.ok());
  } else {
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == c.code);
  }
}

TEST_CASE("the limits are told with 5000") {
  AcceptPayment command = Deposit();
  command.amount = 1;
  Ground ground;
  CHECK(ground.Make(command).error().context == "{\"min\":100,\"max\":10000}");
}

TEST_CASE("a card number is sealed for its payment and masked everywhere else") {
  Ground ground;
  const AcceptPayment command = CardPayout();
  const std::string number = *command.receiver[ReceiverField::kCardNumber];
  const auto made = ground.Make(command);
  REQUIRE(made.ok());
  CHECK(made->receiver[ReceiverField::kCardNumber] == std::optional<std::string>("400000******0002"));
  CHECK(made->sealed_card.find(number) == std::string::npos);
  const auto opened = base::Unseal(ground.key, payments::CardBinding(made->h_id), made->sealed_card);
  REQUIRE(opened.has_value());
  CHECK(opened->Reveal() == number);
  CHECK_FALSE(base::Unseal(ground.key, payments::CardBinding("pay_other"), made->sealed_card).has_value());
}

TEST_CASE("a card number sent to a route that has no cards is not kept at all") {
  Ground ground;
  AcceptPayment command = CardPayout();
  command.access.route->method = "cash";
  command.receiver[ReceiverField::kCardNumber] = "not a number 4000";
  const auto made = ground.Make(command);
  REQUIRE(made.ok());
  CHECK_FALSE(made->receiver[ReceiverField::kCardNumber].has_value());
  CHECK(made->sealed_card.empty());
}
